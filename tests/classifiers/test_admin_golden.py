"""The page of the golden set: propose, look, set aside, give back; and what the review page says of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from classifiers.models import Classifier, Example, ExampleState
from classifiers.services import golden
from tests import staff
from tests.factories import (
    ClassifierFactory,
    ExampleFactory,
    LabelFactory,
    LabelledExampleFactory,
    NearDuplicateFactory,
    NearDuplicateRunFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

_VIEW = "classifiers.view_classifier"
_CHANGE = "classifiers.change_example"


@pytest.fixture
def boss() -> Client:
    return staff.login()


@pytest.fixture
def classifier() -> Classifier:
    """Return a classifier with two labels of ten confirmed examples each."""
    made: Classifier = ClassifierFactory()
    staff.trainable(made)
    return made


def _page(boss: Client, classifier: Classifier, **query: Any) -> Any:
    response = boss.get(staff.page(classifier, "golden"), query)
    assert response.status_code == 200
    return response


def _proposed(boss: Client, classifier: Classifier, **query: Any) -> Any:
    return _page(boss, classifier, **{"per_label": 2, "seed": 1} | query).context["draw"]


def _post(boss: Client, classifier: Classifier, name: str, **values: Any) -> str:
    return staff.said(boss.post(staff.page(classifier, f"golden_{name}"), values, follow=True))


def _aside(classifier: Classifier, count: int) -> list[int]:
    ids = list(classifier.examples.order_by("pk").values_list("pk", flat=True)[:count])
    golden.set_aside(classifier.pk, ids=ids)
    return ids


def test_the_page_says_how_many_each_label_has(boss: Client, classifier: Classifier) -> None:
    _aside(classifier, 3)

    response = _page(boss, classifier)

    assert [(row.confirmed, row.golden) for row in response.context["rows"]] == [(10, 3), (10, 0)]
    assert response.context["standing"].golden_count == 3


def test_a_proposal_is_shown_and_nothing_is_set_aside_by_looking(boss: Client, classifier: Classifier) -> None:
    response = _page(boss, classifier, per_label=2, seed=1)

    draw = response.context["draw"]
    assert [row.proposed for row in response.context["rows"]] == [2, 2]
    assert all(example.text in staff.said(response) for example in draw.examples)
    assert "Set these aside" in staff.said(response)
    assert not golden.marked(classifier.pk).exists()


def test_the_same_address_shows_the_same_proposal(boss: Client, classifier: Classifier) -> None:
    assert _proposed(boss, classifier).ids == _proposed(boss, classifier).ids


def test_what_was_proposed_is_set_aside_but_for_what_was_ticked(boss: Client, classifier: Classifier) -> None:
    draw = _proposed(boss, classifier)
    left_out, *others = draw.proposal.ids

    page = _post(boss, classifier, "set_aside", ids=draw.ids, leave_out=left_out)

    assert "3 examples set aside. It counts from the next training on." in page
    assert set(golden.marked(classifier.pk).values_list("pk", flat=True)) == set(others)
    assert LogEntry.objects.get().get_change_message() == "Set 3 examples aside as golden."


def test_setting_the_same_aside_twice_says_that_nothing_was_done(boss: Client, classifier: Classifier) -> None:
    draw = _proposed(boss, classifier)

    _post(boss, classifier, "set_aside", ids=draw.ids)

    assert "Nothing was set aside" in _post(boss, classifier, "set_aside", ids=draw.ids)
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize("ids", ["", ",", "x,-1", "9" * 30, "1;2"])
def test_ids_that_are_none_set_nothing_aside(boss: Client, classifier: Classifier, ids: str) -> None:
    assert "Nothing was set aside" in _post(boss, classifier, "set_aside", ids=ids)


def test_examples_of_another_classifier_are_not_touched(boss: Client, classifier: Classifier) -> None:
    foreign = LabelledExampleFactory(is_golden=True)
    other = LabelledExampleFactory()

    _post(boss, classifier, "set_aside", ids=str(other.pk))
    _post(boss, classifier, "give_back", example=foreign.pk)
    _post(boss, classifier, "give_back", all=1)

    assert list(Example.objects.filter(is_golden=True)) == [foreign]


@pytest.mark.parametrize("per_label", ["", "0", "201", "-5", "x", "2.5", "9" * 40])
def test_a_number_that_makes_no_sense_is_said_on_the_page(boss: Client, classifier: Classifier, per_label: str) -> None:
    response = _page(boss, classifier, per_label=per_label, seed="x")

    assert "Choose from 1 to 200 examples of each label." in staff.said(response)
    assert response.context["draw"] is None


def test_where_labels_have_too_few_examples_that_is_said(boss: Client) -> None:
    classifier = LabelledExampleFactory().classifier

    assert "There is nothing to propose" in staff.said(_page(boss, classifier, per_label=20))


def test_without_labels_the_page_leads_to_them(boss: Client) -> None:
    assert "Define them first." in staff.said(_page(boss, ClassifierFactory(), per_label=20))


def test_texts_with_near_duplicates_are_counted_as_left_out(boss: Client, classifier: Classifier) -> None:
    before = staff.said(_page(boss, classifier))
    run = NearDuplicateRunFactory(classifier=classifier)
    for example in classifier.examples.all()[:2]:
        NearDuplicateFactory(run=run, example=example)

    after = staff.said(_page(boss, classifier, per_label=2))

    assert "Search for near-duplicates first" in before
    assert "Search for near-duplicates first" not in after
    assert "Left out because others say nearly the same: 2." in after


def test_more_than_a_person_looks_through_is_proposed_but_not_shown(
    boss: Client, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifiers.admin.golden._SHOWN", 3)

    response = _page(boss, classifier, per_label=2, seed=1)

    assert (len(response.context["draw"].examples), response.context["draw"].hidden_count) == (3, 1)
    assert "And 1 more, drawn in the same way." in staff.said(response)


def test_ticked_examples_are_given_back(boss: Client, classifier: Classifier) -> None:
    ids = _aside(classifier, 3)

    page = _post(boss, classifier, "give_back", example=ids[:2])

    assert "2 examples given back. The next training learns from them." in page
    assert list(golden.marked(classifier.pk).values_list("pk", flat=True)) == ids[2:]
    assert LogEntry.objects.get().get_change_message() == "Gave 2 golden examples back to training."


def test_all_are_given_back_at_once(boss: Client, classifier: Classifier) -> None:
    _aside(classifier, 3)

    assert "3 examples given back." in _post(boss, classifier, "give_back", all=1)
    assert not golden.marked(classifier.pk).exists()


def test_without_a_tick_nothing_is_given_back(boss: Client, classifier: Classifier) -> None:
    _aside(classifier, 3)

    assert "Tick the examples first" in _post(boss, classifier, "give_back")
    assert golden.marked(classifier.pk).count() == 3


def test_the_list_goes_on_on_further_pages(
    boss: Client, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(golden, "PAGE", 2)
    _aside(classifier, 3)

    first, second, beyond = (staff.said(_page(boss, classifier, page=number)) for number in (1, 2, 9))

    assert ("?page=2#golden" in first, "?page=1#golden" in second) == (True, True)
    assert "There are no more." in beyond


def test_what_has_lost_its_label_is_listed_as_not_counting(boss: Client) -> None:
    label = LabelFactory()
    ExampleFactory(classifier=label.classifier, is_golden=True)
    LabelledExampleFactory(classifier=label.classifier, label=label, state=ExampleState.SUGGESTED, is_golden=True)

    response = _page(boss, label.classifier)

    assert staff.said(response).count("not confirmed") == 2
    assert response.context["standing"].golden_count == 0


@pytest.mark.parametrize("name", ["set_aside", "give_back"])
def test_who_may_only_look_changes_nothing_and_is_offered_nothing(name: str, classifier: Classifier) -> None:
    looker = staff.login(_VIEW)
    _aside(classifier, 3)

    page = staff.said(_page(looker, classifier, per_label=2))

    assert looker.post(staff.page(classifier, f"golden_{name}")).status_code == 403
    assert staff.login(_CHANGE).post(staff.page(classifier, f"golden_{name}")).status_code == 302
    assert ("Propose a balanced one" in page, "Set these aside" in page, "Give all back" in page) == (False,) * 3


@pytest.mark.parametrize("name", ["golden", "golden_set_aside", "golden_give_back"])
def test_a_stranger_is_sent_to_the_login(client: Client, classifier: Classifier, name: str) -> None:
    assert client.post(staff.page(classifier, name)).status_code == 302


@pytest.mark.parametrize("name", ["golden_set_aside", "golden_give_back"])
def test_changing_needs_a_post(boss: Client, classifier: Classifier, name: str) -> None:
    assert boss.get(staff.page(classifier, name)).status_code == 405


_SCORES = {
    "count": 40,
    "accuracy": 0.9,
    "macro_f1": 0.873,
    "baseline_macro_f1": 0.333,
    "interval": [0.781, 0.94],
    "labels": [{"number": 0, "name": "Fine", "precision": 0.91, "recall": 0.82, "f1": 0.86, "support": 20}],
    "confusion": [[18, 2], [2, 18]],
}


def _reviewed(boss: Client, classifier: Classifier, **scores: Any) -> str:
    version = staff.scored(classifier)
    version.scores |= scores
    version.save()
    return staff.said(boss.get(staff.page(classifier, "review")))


def test_the_review_shows_the_figures_on_the_golden_set(boss: Client, classifier: Classifier) -> None:
    page = _reviewed(boss, classifier, golden=_SCORES)

    assert "F1 on 40 examples that it has never learnt from, 0.78 to 0.94 with 95 % confidence" in page
    assert "90 % of them were answered right. Always answering the most frequent label would score 0.33." in page
    assert all(f">{figure}<" in page for figure in ("0.87", "0.91", "0.82", "0.86", "20"))


def test_the_review_copes_with_figures_that_have_no_interval(boss: Client, classifier: Classifier) -> None:
    page = _reviewed(boss, classifier, golden={**_SCORES, "interval": None, "count": 1})

    assert "F1 on 1 example that it has never learnt from</span>" in page


def test_without_a_golden_set_the_review_leads_to_it(boss: Client, classifier: Classifier) -> None:
    page = _reviewed(boss, classifier)

    assert "There is no golden set yet" in page
    assert staff.page(classifier, "golden") in page


def test_a_golden_set_that_is_newer_than_the_version_counts_from_the_next_training(
    boss: Client, classifier: Classifier
) -> None:
    _aside(classifier, 3)

    page = _reviewed(boss, classifier)

    assert "3 examples are set aside since this version was trained." in page
