"""The screens for logged requests: ask, watch, see what was chosen and why, add."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from classifiers.models import Classifier, Example, PickReason, RequestImport
from moderation.runs import RunState
from tests import staff
from tests.factories import (
    ChoiceFactory,
    ClassifierFactory,
    ProjectFactory,
    RequestImportFactory,
    RequestLogFactory,
    RequestPickFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

_ADD, _READ_LOG = "classifiers.add_example", "moderation.view_requestlog"
_MARKUP = "<script>alert(1)</script>"


def _post(classifier: Classifier, *, boss: Client | None = None, **values: Any) -> Any:
    given = {
        "since": "2026-04-01T00:00",
        "selection": "USEFUL",
        "wanted": 200,
        "predicted": "",
        "score_min": 0,
        "score_max": 1,
    }
    return (boss or staff.login()).post(staff.page(classifier, "requests"), given | values)


def _choice(text: str = _MARKUP) -> RequestImport:
    run = ChoiceFactory()
    RequestPickFactory(request_import=run, request_id=RequestLogFactory(text=text).pk, reason=PickReason.UNSURE)
    return run


def _page(run: RequestImport) -> str:
    return staff.said(staff.login().get(staff.page(run.classifier, "requests_run", run_id=run.pk)))


def test_the_form_proposes_all_projects_that_log() -> None:
    project = ProjectFactory(is_logging=True)
    ProjectFactory(name="Never logged")

    response = staff.login().get(staff.page(ClassifierFactory(), "requests"))

    assert response.context["form"].initial["projects"] == [project]
    assert "Never logged" not in staff.said(response)


def test_without_a_project_that_logs_it_is_said_what_to_do() -> None:
    response = staff.login().get(staff.page(ClassifierFactory(), "requests"))

    assert "Switch “store requests” on" in staff.said(response)


def test_asking_starts_a_search_and_shows_its_progress() -> None:
    classifier, project = ClassifierFactory(), ProjectFactory(is_logging=True)
    label = classifier.labels.create(number=0, name="Rude")

    response = _post(
        classifier, projects=[project.pk], predicted=label.name, score_min="0.5", is_flagged_only="on", wanted=7
    )

    run = RequestImport.objects.get()
    assert (response.status_code, response["Location"]) == (
        302,
        staff.page(classifier, "requests_run", run_id=run.pk),
    )
    assert (run.state, run.project_ids, run.wanted) == (RunState.QUEUED, [project.pk], 7)
    assert (run.predicted, run.score_min, run.is_flagged_only) == ("Rude", 0.5, True)
    assert run.since_at == dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
    assert "data-hr-poll" in _page(run)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"projects": []}, "Choose at least one project."),
        ({"since": "yesterday"}, "Give a date and a time"),
        ({"since": "2999-01-01T00:00"}, "ends before it begins"),
        ({"score_min": 0.9, "score_max": 0.1}, "Swap them."),
        ({"score_min": "x"}, "Enter a number."),
        ({"wanted": 5_001}, "less than or equal to 5000"),
        ({"selection": "BEST"}, "not one of the available choices"),
        ({"predicted": "Nobody's"}, "not one of the available choices"),
        ({"projects": [10**9]}, "not one of the available choices"),
        ({"projects": ["x"]}, "not a valid value"),
    ],
)
def test_a_wrong_answer_is_said_on_the_form(values: dict[str, Any], sentence: str) -> None:
    project = ProjectFactory(is_logging=True)

    response = _post(ClassifierFactory(), **{"projects": [project.pk]} | values)

    assert response.status_code == 200
    assert sentence in staff.said(response)
    assert not RequestImport.objects.exists()


def test_what_was_chosen_is_shown_with_its_reason_before_anything_is_written() -> None:
    shown = _page(_choice())

    assert "near the line between two labels" in shown
    assert "&lt;script&gt;alert" in shown
    assert _MARKUP not in shown
    assert "Add 1 example<" in shown
    assert not Example.objects.exists()


def test_adding_takes_what_was_chosen_and_reports_it() -> None:
    run, boss = _choice("hello"), staff.login()

    response = boss.post(staff.page(run.classifier, "requests_take", run_id=run.pk), follow=True)

    assert Example.objects.get().text == "hello"
    assert "<b>1</b> of them became examples" in staff.said(response)
    assert "Label examples" in staff.said(response)


def test_adding_twice_says_so() -> None:
    run, boss = _choice("hello"), staff.login()
    address = staff.page(run.classifier, "requests_take", run_id=run.pk)
    boss.post(address)

    response = boss.post(address, follow=True)

    assert "added or discarded already" in staff.said(response)
    assert Example.objects.count() == 1


def test_discarding_goes_back_to_the_form() -> None:
    run = _choice()

    response = staff.login().post(staff.page(run.classifier, "requests_discard", run_id=run.pk))

    assert response["Location"] == staff.page(run.classifier, "requests")
    assert not RequestImport.objects.exists()


def test_cancelling_ends_a_search_that_waits() -> None:
    run = RequestImportFactory()

    response = staff.login().post(staff.page(run.classifier, "requests_cancel", run_id=run.pk), follow=True)

    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert "Nothing was added." in staff.said(response)


@pytest.mark.parametrize("state", RunState.values)
def test_the_page_opens_in_every_state(state: str) -> None:
    run = RequestImportFactory(state=state, project_ids=[10**6], predicted="<b>bold</b>", is_partial=True, remark="So.")

    assert "<b>bold" not in _page(run)


def test_nothing_found_says_what_to_do() -> None:
    assert "Choose an earlier beginning" in _page(ChoiceFactory(chosen=0))


_POSTS = ("requests", "requests_cancel", "requests_take", "requests_discard")
_GETS = ("requests", "requests_run", "requests_progress")


def _address(run: RequestImport, name: str) -> str:
    return staff.page(run.classifier, name, **({} if name == "requests" else {"run_id": run.pk}))


@pytest.mark.parametrize("name", _GETS)
def test_the_pages_are_for_those_who_may_add_and_read_the_log(name: str) -> None:
    run = _choice()

    assert staff.login("classifiers.view_classifier").get(_address(run, name)).status_code == 403
    assert staff.login(_ADD, _READ_LOG).get(_address(run, name)).status_code == 200


@pytest.mark.parametrize("name", ["requests", "requests_run"])
def test_texts_of_the_log_are_not_shown_to_those_who_may_not_read_it(name: str) -> None:
    assert staff.login(_ADD).get(_address(_choice(), name)).status_code == 403


def test_nor_can_they_take_them() -> None:
    assert staff.login(_ADD).post(_address(_choice(), "requests_take")).status_code == 403
    assert not Example.objects.exists()


@pytest.mark.parametrize("name", _POSTS)
def test_who_may_only_look_changes_nothing(name: str) -> None:
    client = staff.login("classifiers.view_classifier", _READ_LOG)

    assert client.post(_address(_choice(), name)).status_code == 403


@pytest.mark.parametrize("name", _POSTS[1:])
def test_a_page_that_changes_something_is_not_to_be_got(name: str) -> None:
    assert staff.login().get(_address(_choice(), name)).status_code == 405


@pytest.mark.parametrize("name", _GETS[1:])
def test_a_search_of_another_classifier_is_not_found(name: str) -> None:
    run, other = _choice(), ClassifierFactory()

    assert staff.login().get(staff.page(other, name, run_id=run.pk)).status_code == 404


def test_the_data_page_offers_it_to_those_who_may_read_the_log() -> None:
    classifier = ClassifierFactory()
    address, offer = staff.page(classifier, "data"), staff.page(classifier, "requests")

    assert offer in staff.said(staff.login(_ADD, _READ_LOG, "classifiers.view_classifier").get(address))
    assert offer not in staff.said(staff.login(_ADD, "classifiers.view_classifier").get(address))
