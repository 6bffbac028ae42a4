"""The page of near-duplicates: search, look, settle a group."""

from __future__ import annotations

import re
from typing import Any

import pytest

from classifiers.models import Example, KeptApart, NearDuplicateRun
from moderation.runs import RunState
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
_POSTS = {
    "near_duplicates": "classifiers.change_example",
    "near_duplicates_cancel": "classifiers.change_example",
    "near_duplicates_one": "classifiers.delete_example",
    "near_duplicates_all": "classifiers.change_example",
    "near_duplicates_label": "classifiers.change_example",
}


def _found(*texts: str) -> NearDuplicateRun:
    """Return a search that found these texts to be one group."""
    run = NearDuplicateRunFactory()
    for text in texts or ("one", "the other"):
        NearDuplicateFactory(run=run, example=ExampleFactory(classifier=run.classifier, text=text))
    return run


def _address(run: NearDuplicateRun, name: str) -> str:
    return staff.page(run.classifier, name, **({} if name == "near_duplicates" else {"run_id": run.pk}))


def _settle(run: NearDuplicateRun, name: str, **values: Any) -> str:
    response = staff.login().post(_address(run, name), {"group": 1, "page": 1} | values, follow=True)
    assert response.status_code == 200
    return staff.said(response)


def _page(run: NearDuplicateRun) -> str:
    return staff.said(staff.login().get(_address(run, "near_duplicates")))


def test_before_the_first_search_the_page_offers_one() -> None:
    example = ExampleFactory()

    response = staff.login().get(staff.page(example.classifier, "near_duplicates"))

    assert "Search 1 examples" in staff.said(response)
    assert response.context["threshold_form"].initial == {"percent": 95}


def test_a_search_waits_for_the_worker_and_shows_its_progress() -> None:
    classifier, boss = ClassifierFactory(), staff.login()

    response = boss.post(staff.page(classifier, "near_duplicates"), {"percent": "92"}, follow=True)

    run = NearDuplicateRun.objects.get()
    assert (run.state, run.threshold) == (RunState.QUEUED, 0.92)
    assert _address(run, "near_duplicates_progress") in staff.said(response)


@pytest.mark.parametrize("percent", ["", "89", "100", "x"])
def test_a_likeness_that_is_no_choice_starts_nothing(percent: str) -> None:
    response = staff.login().post(staff.page(ClassifierFactory(), "near_duplicates"), {"percent": percent}, follow=True)

    assert "Choose how alike two texts must be." in staff.said(response)
    assert not NearDuplicateRun.objects.exists()


def test_a_second_search_at_a_time_is_refused_in_words() -> None:
    run = NearDuplicateRunFactory(state=RunState.RUNNING)

    response = staff.login().post(_address(run, "near_duplicates"), {"percent": "95"}, follow=True)

    assert "A search is already under way." in staff.said(response)


def test_the_groups_are_shown_as_text_with_the_date_of_the_search() -> None:
    shown = _page(_found("<script>alert(1)</script>", "<b>bold</b>"))

    assert "&lt;script&gt;alert" in shown
    assert "<script>alert" not in shown
    assert "Searched on 1 May 2026" in shown


def test_different_labels_are_marked() -> None:
    run = _found()
    before = _page(run)
    for number, example in enumerate(Example.objects.all()):
        Example.objects.filter(pk=example.pk).update(
            label=LabelFactory(classifier=run.classifier, number=number), state="CONFIRMED"
        )

    assert "hr-chip--failed" not in before
    assert "hr-chip--failed" in _page(run)


def test_keeping_one_deletes_the_others_and_says_how_many() -> None:
    run = _found("one", "two", "three")
    kept = Example.objects.get(text="two")

    shown = _settle(run, "near_duplicates_one", example=kept.pk)

    assert "2 near-duplicates deleted, one example kept." in shown
    assert Example.objects.get() == kept


def test_keeping_all_takes_the_group_off_the_page() -> None:
    run = _found()

    shown = _settle(run, "near_duplicates_all")

    assert "There are no near-duplicates to settle." in shown
    assert KeptApart.objects.count() == 2


def test_a_label_for_all_settles_a_conflict() -> None:
    run = _found()
    label = LabelFactory(classifier=run.classifier)

    shown = _settle(run, "near_duplicates_label", label=label.pk)

    assert "2 examples labelled." in shown
    assert set(Example.objects.values_list("label", flat=True)) == {label.pk}


@pytest.mark.parametrize("name", ["near_duplicates_one", "near_duplicates_all", "near_duplicates_label"])
@pytest.mark.parametrize("values", [{"group": 9}, {"group": "x"}, {"group": ""}])
def test_a_group_that_is_gone_is_said(name: str, values: dict[str, Any]) -> None:
    shown = _settle(_found(), name, **values)

    assert "there any more" in shown
    assert Example.objects.count() == 2


def test_a_label_of_another_classifier_is_refused_in_words() -> None:
    run = _found()

    shown = _settle(run, "near_duplicates_label", label=LabelFactory().pk)

    assert "belongs to another classifier" in shown
    assert not Example.objects.filter(label__isnull=False).exists()


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 30, "7"])
def test_a_page_that_is_not_there_is_no_error(page: str) -> None:
    response = staff.login().get(_address(_found(), "near_duplicates"), {"page": page})

    assert response.status_code == 200


@pytest.mark.parametrize("state", RunState.values)
def test_the_page_opens_whatever_became_of_the_last_search(state: str) -> None:
    run = _found()
    NearDuplicateRunFactory(classifier=run.classifier, state=state, error="Cancelled on request.")

    assert staff.login().get(_address(run, "near_duplicates")).status_code == 200


@pytest.mark.parametrize("name", _POSTS)
def test_who_may_only_look_changes_nothing(name: str) -> None:
    assert staff.login(_VIEW).post(_address(_found(), name)).status_code == 403


@pytest.mark.parametrize("name", _POSTS)
def test_who_may_do_one_thing_is_let_through(name: str) -> None:
    assert staff.login(_POSTS[name]).post(_address(_found(), name)).status_code == 302


def test_who_may_only_look_is_offered_no_forms() -> None:
    shown = staff.said(staff.login(_VIEW).get(_address(_found(), "near_duplicates")))

    assert re.findall(r'<button class="hr-', shown) == []


@pytest.mark.parametrize("name", list(_POSTS)[1:])
def test_a_page_that_changes_something_is_not_to_be_got(name: str) -> None:
    assert staff.login().get(_address(_found(), name)).status_code == 405


@pytest.mark.parametrize("name", list(_POSTS)[1:])
def test_a_search_of_another_classifier_is_not_found(name: str) -> None:
    run, other = _found(), ClassifierFactory()

    response = staff.login().post(staff.page(other, name, run_id=run.pk), {"group": 1})

    assert response.status_code == 404


def test_as_many_queries_for_many_groups_of_a_page_as_their_number_allows(django_assert_max_num_queries: Any) -> None:
    run, boss = NearDuplicateRunFactory(), staff.login()
    for group in range(20):
        for _ in range(3):
            example = LabelledExampleFactory(classifier=run.classifier, label=LabelFactory(classifier=run.classifier))
            NearDuplicateFactory(run=run, example=example, group=group)

    with django_assert_max_num_queries(45):
        boss.get(_address(run, "near_duplicates"))
