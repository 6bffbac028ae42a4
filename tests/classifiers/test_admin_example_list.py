"""The list of examples: its filters, what can be done to many rows, and one row's page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from classifiers.models import Classifier, Decision, DecisionSource, Example, ExampleState, Version
from classifiers.services import decisions, mistakes
from tests import staff
from tests.factories import (
    ChoiceFactory,
    ClassifierFactory,
    DecisionFactory,
    DoneVersionFactory,
    ExampleFactory,
    HeldOutFactory,
    ImportRunFactory,
    LabelFactory,
    LabelledExampleFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

_LIST = "admin:classifiers_example_changelist"


@pytest.fixture
def boss() -> Client:
    return staff.login()


def _shown(boss: Client, **query: Any) -> set[str]:
    response = boss.get(reverse(_LIST), query)
    assert response.status_code == 200
    return {example.text for example in response.context["cl"].result_list}


def _live(classifier: Classifier) -> Version:
    version = DoneVersionFactory(classifier=classifier)
    Classifier.objects.filter(pk=classifier.pk).update(live_version=version)
    return version


def _judged(version: Version, text: str, *, label: Any, predicted: int) -> Example:
    example = LabelledExampleFactory(classifier=version.classifier, label=label, text=text)
    HeldOutFactory(version=version, example=example, label_number=label.number, predicted_number=predicted)
    return example


def _act(boss: Client, action: str, examples: list[Example], *, query: Any = None, **values: Any) -> Any:
    address = reverse(_LIST, query={"classifier__id__exact": examples[0].classifier_id} | (query or {}))
    ticked = {"_selected_action": [example.pk for example in examples]}
    return boss.post(address, {"action": action, **ticked, **values}, follow=True)


def test_the_list_can_be_narrowed_to_one_import(boss: Client) -> None:
    file = ImportRunFactory(added=1)
    search = ChoiceFactory(classifier=file.classifier, added=1)
    ExampleFactory(classifier=file.classifier, text="of the file", import_run=file)
    ExampleFactory(classifier=file.classifier, text="of the log", request_import=search)
    chosen = {"classifier__id__exact": file.classifier_id}

    assert _shown(boss, **chosen, **{"import": f"file-{file.pk}"}) == {"of the file"}
    assert _shown(boss, **chosen, **{"import": f"log-{search.pk}"}) == {"of the log"}


@pytest.mark.parametrize("few", [0, 1, 5_000], ids=["too many to list", "just few enough", "few"])
def test_the_live_version_s_contradictions_are_those_with_the_label_of_now(
    boss: Client, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(mistakes, "FEW", few)
    classifier = ClassifierFactory()
    one, other = (LabelFactory(classifier=classifier, number=number) for number in range(2))
    version = _live(classifier)
    _judged(version, "right", label=one, predicted=0)
    _judged(version, "wrong", label=one, predicted=1)
    corrected = _judged(version, "corrected since", label=one, predicted=1)
    Example.objects.filter(pk=corrected.pk).update(label=other)
    ExampleFactory(classifier=classifier, text="unlabelled")

    assert _shown(boss, classifier__id__exact=classifier.pk, wrong=1) == {"wrong"}


def test_only_the_live_version_counts(boss: Client) -> None:
    classifier = ClassifierFactory()
    label = LabelFactory(classifier=classifier, number=0)
    _judged(DoneVersionFactory(classifier=classifier), "then", label=label, predicted=1)
    _judged(_live(classifier), "now", label=label, predicted=1)

    assert _shown(boss, classifier__id__exact=classifier.pk, wrong=1) == {"now"}


def test_the_list_can_be_narrowed_to_what_is_predicted(boss: Client) -> None:
    classifier = ClassifierFactory()
    label = LabelFactory(classifier=classifier, number=0)
    version = _live(classifier)
    _judged(version, "taken for 0", label=label, predicted=0)
    _judged(version, "taken for 1", label=label, predicted=1)

    assert _shown(boss, classifier__id__exact=classifier.pk, predicted=1) == {"taken for 1"}


@pytest.mark.parametrize(
    "query",
    [
        {"import": "file-x"},
        {"import": "file-" + "9" * 30},
        {"import": "x"},
        {"wrong": "2"},
        {"predicted": "x"},
        {"predicted": "99999"},
        {"classifier__id__exact": "9" * 30},
    ],
)
def test_a_filter_that_makes_no_sense_is_no_error(boss: Client, query: dict[str, str]) -> None:
    classifier = ClassifierFactory()
    _live(classifier)

    assert boss.get(reverse(_LIST), {"classifier__id__exact": classifier.pk} | query).status_code in (200, 302)


def test_without_a_chosen_classifier_its_filters_are_not_there(boss: Client) -> None:
    version = _live(ClassifierFactory())

    assert _shown(boss, wrong=1) == set()
    unfiltered = staff.said(boss.get(reverse(_LIST)))
    filtered = staff.said(boss.get(reverse(_LIST), {"classifier__id__exact": version.classifier_id}))
    assert "Says another label" not in unfiltered
    assert "Says another label" in filtered


def test_the_ticked_rows_get_the_chosen_label_after_it_was_asked_for(boss: Client) -> None:
    label = LabelFactory()
    examples = ExampleFactory.create_batch(3, classifier=label.classifier)

    asked = _act(boss, "relabel", examples[:2])
    assert not Decision.objects.exists()
    done = _act(boss, "relabel", examples[:2], apply=1, label=label.pk, scope="ticked")

    assert "The 2 that you ticked" in staff.said(asked)
    assert "2 examples now with" in staff.said(done)
    assert list(Example.objects.order_by("pk").values_list("label", flat=True)) == [label.pk, label.pk, None]


def test_all_rows_of_the_filter_can_be_taken_at_once(boss: Client) -> None:
    label = LabelFactory()
    typed = ExampleFactory.create_batch(3, classifier=label.classifier)
    ExampleFactory(classifier=label.classifier, origin="UPLOAD")
    query = {"origin__exact": "TYPED"}

    asked = _act(boss, "relabel", typed[:1], query=query)
    _act(boss, "relabel", typed[:1], query=query, apply=1, label=label.pk, scope="filtered")

    assert "All 3 that the list shows" in staff.said(asked)
    assert set(Example.objects.filter(label=label)) == set(typed)


def test_the_label_can_be_taken_away_from_many(boss: Client) -> None:
    decision = DecisionFactory()
    Example.objects.update(label=decision.label, state=ExampleState.CONFIRMED)

    _act(boss, "relabel", [decision.example], apply=1, label="none")

    assert Example.objects.get().label is None


@pytest.mark.parametrize("label", ["", "x", "999999"])
def test_a_label_that_is_no_choice_changes_nothing(boss: Client, label: str) -> None:
    example = ExampleFactory()

    response = _act(boss, "relabel", [example], apply=1, label=label)

    assert "Choose a label." in staff.said(response)
    assert not Decision.objects.exists()


@pytest.mark.parametrize("action", ["relabel", "remove", "set_aside_as_golden", "give_back_to_training"])
def test_rows_of_two_classifiers_are_not_taken_together(boss: Client, action: str) -> None:
    ids = [ExampleFactory().pk, ExampleFactory().pk]

    response = boss.post(
        reverse(_LIST), {"action": action, "_selected_action": ids, "apply": 1, "label": "none"}, follow=True
    )

    assert "several classifiers" in staff.said(response)
    assert Example.objects.count() == 2


def test_deleting_asks_once_and_says_how_many(boss: Client) -> None:
    examples = ExampleFactory.create_batch(3, classifier=ClassifierFactory())

    asked = _act(boss, "remove", examples[:2])
    assert Example.objects.count() == 3
    done = _act(boss, "remove", examples[:2], apply=1)

    assert "The 2 that you ticked" in staff.said(asked)
    assert "2 examples deleted." in staff.said(done)
    assert Example.objects.get() == examples[2]


@pytest.mark.parametrize(
    ("action", "permission"),
    [
        ("relabel", "change_example"),
        ("set_aside_as_golden", "change_example"),
        ("give_back_to_training", "change_example"),
        ("remove", "delete_example"),
    ],
)
def test_an_action_needs_its_permission(action: str, permission: str) -> None:
    example = ExampleFactory()
    address = reverse(_LIST)
    values = {"action": action, "_selected_action": [example.pk]}

    looker = staff.login("classifiers.view_example").post(address, values, follow=True)
    doer = staff.login("classifiers.view_example", f"classifiers.{permission}").post(address, values)

    assert "Which ones" not in staff.said(looker)
    assert "Which ones" in staff.said(doer)


def test_the_ticked_rows_are_set_aside_as_golden_after_it_was_asked_for(boss: Client) -> None:
    label = LabelFactory()
    confirmed = LabelledExampleFactory.create_batch(2, classifier=label.classifier, label=label)
    unlabelled = ExampleFactory(classifier=label.classifier)

    asked = _act(boss, "set_aside_as_golden", [*confirmed, unlabelled])
    assert not Example.objects.filter(is_golden=True).exists()
    done = staff.said(_act(boss, "set_aside_as_golden", [*confirmed, unlabelled], apply=1, scope="ticked"))

    assert "The 3 that you ticked" in staff.said(asked)
    assert "2 examples set aside." in done
    assert "1 stay as they are: they have no confirmed label" in done
    assert set(Example.objects.filter(is_golden=True)) == set(confirmed)


def test_golden_rows_are_found_by_the_filter_marked_and_given_back(boss: Client) -> None:
    label = LabelFactory()
    golden = LabelledExampleFactory(classifier=label.classifier, label=label, text="set aside", is_golden=True)
    LabelledExampleFactory(classifier=label.classifier, label=label, text="learnt from")
    chosen = {"classifier__id__exact": label.classifier_id}

    assert _shown(boss, **chosen, golden=1) == {"set aside"}
    assert _shown(boss, **chosen, golden="x") == {"set aside", "learnt from"}
    assert staff.said(boss.get(reverse(_LIST), chosen)).count('<span class="hr-chip">golden</span>') == 1
    done = _act(boss, "give_back_to_training", [golden], apply=1, scope="ticked")

    assert "1 example given back." in staff.said(done)
    assert not Example.objects.filter(is_golden=True).exists()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "Not set aside"),
        ({"is_golden": True}, "versions are measured on it and never learn from it"),
        ({"is_golden": True, "state": ExampleState.SUGGESTED}, "without a confirmed label nothing can be measured"),
    ],
    ids=["not golden", "golden", "golden without a confirmed label"],
)
def test_an_example_s_page_says_whether_it_is_set_aside(boss: Client, values: dict[str, Any], sentence: str) -> None:
    example = LabelledExampleFactory(**values)

    assert sentence in staff.said(boss.get(reverse("admin:classifiers_example_change", args=[example.pk])))


def _save(boss: Client, example: Example, **values: Any) -> Any:
    empty = {f"decisions-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    given = {"text": example.text, "label": example.label_id or ""}
    address = reverse("admin:classifiers_example_change", args=[example.pk])
    return boss.post(address, {**empty, **given, **values}, follow=True)


def test_the_text_of_an_example_can_be_corrected(boss: Client) -> None:
    decision = DecisionFactory()
    Example.objects.update(label=decision.label, state=ExampleState.CONFIRMED)
    example = Example.objects.get()

    _save(boss, example, text="better\r\nso ")

    example.refresh_from_db()
    assert (example.text, example.label) == ("better\nso", decision.label)
    assert example.decisions.count() == 1


def test_a_corrected_text_is_found_as_a_duplicate_from_then_on(boss: Client) -> None:
    example = ExampleFactory(text="before")
    _save(boss, example, text="after")

    other = ExampleFactory(classifier=example.classifier, text="before")
    response = _save(boss, other, text="after ")

    assert "has this text already" in staff.said(response)
    other.refresh_from_db()
    assert other.text == "before"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "can&#x27;t be empty"), ("\u200b", "blank"), ("x" * 100_001, "100,000"), ("a\x01b", "U+0001")],
    ids=["empty", "blank", "too long", "control character"],
)
def test_a_text_that_cannot_be_kept_is_said_on_the_form(boss: Client, text: str, sentence: str) -> None:
    example = ExampleFactory()

    response = _save(boss, example, text=text)

    assert sentence in staff.said(response)
    assert Example.objects.get().text == example.text


def test_a_text_of_several_lines_that_stays_is_no_change(boss: Client) -> None:
    example = ExampleFactory(text="one\ntwo")

    response = _save(boss, example, text="one\r\ntwo")

    assert response.status_code == 200
    history = staff.said(boss.get(reverse("admin:classifiers_example_history", args=[example.pk])))
    assert "Changed Text" not in history


def test_the_last_decision_is_undone_from_the_example_s_page(boss: Client) -> None:
    decision = DecisionFactory()
    Example.objects.update(label=decision.label, state=ExampleState.CONFIRMED)
    address = reverse("admin:classifiers_example_change", args=[decision.example_id])
    undo = reverse("admin:classifiers_example_undo", args=[decision.example_id])

    offered = undo in staff.said(boss.get(address))
    response = boss.post(undo, follow=True)

    assert offered
    assert "It has no label." in staff.said(response)
    assert Example.objects.get().label is None
    assert Decision.objects.count() == 2


def test_undoing_is_not_offered_where_nothing_was_decided(boss: Client) -> None:
    example = ExampleFactory()
    undo = reverse("admin:classifiers_example_undo", args=[example.pk])

    page = staff.said(boss.get(reverse("admin:classifiers_example_change", args=[example.pk])))
    response = boss.post(undo, follow=True)

    assert undo not in page
    assert "Nothing was decided" in staff.said(response)


def test_undoing_needs_the_permission_and_a_post(boss: Client) -> None:
    undo = reverse("admin:classifiers_example_undo", args=[ExampleFactory().pk])

    assert staff.login("classifiers.view_example").post(undo).status_code == 403
    assert boss.get(undo).status_code == 405


def test_how_sure_a_suggestion_is_stands_in_the_list_and_why_on_its_page(boss: Client) -> None:
    label = LabelFactory(name="Spam")
    example = ExampleFactory(classifier=label.classifier)
    decisions.decide(
        example.pk, label_id=label.pk, source=DecisionSource.LLM, confidence=0.87, reason="It asks to pay elsewhere."
    )

    listed = staff.said(boss.get(reverse(_LIST)))
    shown = staff.said(boss.get(reverse("admin:classifiers_example_change", args=[example.pk])))

    assert "87 %" in listed
    assert "Language model, 87 % sure: It asks to pay elsewhere." in shown


def test_a_suggestion_that_does_not_say_how_sure_it_is_says_that(boss: Client) -> None:
    label = LabelFactory()
    example = ExampleFactory(classifier=label.classifier)
    decisions.decide(example.pk, label_id=label.pk, source=DecisionSource.OFFLINE)

    shown = staff.said(boss.get(reverse("admin:classifiers_example_change", args=[example.pk])))

    assert "Offline annotator, doesn&#x27;t say how sure" in shown


def test_a_confirmed_example_is_not_called_a_suggestion(boss: Client) -> None:
    example = LabelledExampleFactory()

    shown = staff.said(boss.get(reverse("admin:classifiers_example_change", args=[example.pk])))

    assert "Not a suggestion" in shown
