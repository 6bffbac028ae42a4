"""Plan a run of automated annotation, start it, watch it, stop it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from annotation.models import AnnotationRun, AnnotationSetting, Pick
from classifiers.models import Classifier, Guidelines
from moderation.runs import RunState
from tests import staff
from tests.factories import (
    AnnotationFactory,
    AnnotationRunFactory,
    ClassifierFactory,
    ExampleFactory,
    LabelFactory,
    NearDuplicateFactory,
    NearDuplicateRunFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

_VIEW = "classifiers.view_classifier"
_POSTS = {
    "annotation_plan": "annotation.add_annotationrun",
    "annotation_pause": "annotation.add_annotationrun",
    "annotation_resume": "annotation.add_annotationrun",
    "annotation_cancel": "annotation.add_annotationrun",
    "annotation_settings": "annotation.change_annotationsetting",
}
_OF_A_RUN = ("annotation_pause", "annotation_resume", "annotation_cancel")


@pytest.fixture
def classifier() -> Classifier:
    made: Classifier = ClassifierFactory()
    LabelFactory(classifier=made, number=0, name="Fine", description="Anything else.")
    LabelFactory(classifier=made, number=1, name="Spam", description="Sells something.")
    ExampleFactory.create_batch(12, classifier=made)
    return made


@pytest.fixture
def llm(settings: Any) -> None:
    settings.OPENAI_API_KEY = "k"
    settings.OPENAI_MODEL = "some-model"
    settings.LLM_PRICES = {}


@pytest.fixture
def boss() -> Client:
    return staff.login()


def _plan(boss: Client, classifier: Classifier, **query: Any) -> Any:
    return boss.get(staff.page(classifier, "annotation_plan"), query)


def _start(boss: Client, classifier: Classifier, **fields: Any) -> str:
    response = boss.post(staff.page(classifier, "annotation_plan"), fields, follow=True)
    assert response.status_code == 200
    return staff.said(response)


def _run(classifier: Classifier, **values: Any) -> AnnotationRun:
    made: AnnotationRun = AnnotationRunFactory(classifier=classifier, **values)
    return made


def _post(boss: Client, run: AnnotationRun, name: str) -> str:
    response = boss.post(staff.page(run.classifier, name, run_id=run.pk), follow=True)
    assert response.status_code == 200
    run.refresh_from_db()
    return staff.said(response)


def test_without_an_earlier_run_none_is_offered(boss: Client, classifier: Classifier) -> None:
    before = staff.said(_plan(boss, classifier))
    _run(classifier, state=RunState.SUCCEEDED)

    assert "The same texts as an earlier run" not in before
    assert "The same texts as an earlier run" in staff.said(_plan(boss, classifier))


def test_at_first_ten_texts_are_planned(boss: Client, classifier: Classifier) -> None:
    response = _plan(boss, classifier)

    assert response.context["plan"].text_count == 10
    assert "Start: 10 texts" in staff.said(response)


@pytest.mark.parametrize(("pick", "wanted"), [("USEFUL", "200"), ("ALL", ""), ("FIRST", "10")])
def test_each_choice_has_its_usual_number(boss: Client, classifier: Classifier, pick: str, wanted: str) -> None:
    response = _plan(boss, classifier, pick=pick)

    assert (response.context["form"]["wanted"].value(), response.context["plan"].text_count) == (
        wanted,
        10 if pick == "FIRST" else 12,
    )


def test_what_it_takes_is_shown_before_anything_is_spent(boss: Client, classifier: Classifier, llm: None) -> None:
    run = NearDuplicateRunFactory(classifier=classifier)
    for example in classifier.examples.all()[:2]:
        NearDuplicateFactory(run=run, example=example)
    AnnotationSetting.objects.create(classifier=classifier, monthly_limit=190)

    shown = staff.said(_plan(boss, classifier, pick="ALL"))

    assert "<dt>texts</dt><dd>12</dd>" in shown
    assert '<dt>near-duplicates that share an answer</dt><dd class="hr-quiet">1</dd>' in shown
    assert "<dt>calls</dt><dd>11</dd>" in shown
    assert "allowance 190 calls are left." in shown
    assert not AnnotationRun.objects.exists()


def test_an_unknown_price_is_said_to_be_unknown(boss: Client, classifier: Classifier, llm: None) -> None:
    assert "has no price for <bdi>some-model</bdi>" in staff.said(_plan(boss, classifier))


def test_a_known_price_gives_the_cost(boss: Client, classifier: Classifier, llm: None, settings: Any) -> None:
    from config.env import Env

    settings.LLM_PRICES = Env({"P": '{"some-model": {"input": 1000, "output": 0}}'}).prices("P", default="{}")

    response = _plan(boss, classifier)

    assert response.context["plan"].cost > 0
    assert "in the currency of the price table" in staff.said(response)


def test_the_offline_annotator_costs_nothing(boss: Client, classifier: Classifier) -> None:
    shown = staff.said(_plan(boss, classifier))

    assert "It costs nothing." in shown
    assert "<dt>calls</dt>" not in shown


def test_starting_keeps_the_choice_and_the_wording_and_goes_to_the_run(boss: Client, classifier: Classifier) -> None:
    shown = _start(boss, classifier, pick="USEFUL", wanted="5", repeats="")

    run = AnnotationRun.objects.get()
    assert (run.pick, run.text_count, run.state) == (Pick.USEFUL, 5, RunState.QUEUED)
    assert run.guidelines == Guidelines.objects.get()
    assert staff.page(classifier, "annotation_progress", run_id=run.pk) in shown


def test_the_same_texts_again_name_the_run_that_they_were_in(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier, state=RunState.SUCCEEDED, text_count=2)
    for example in classifier.examples.all()[:2]:
        AnnotationFactory(run=run, example=example, label=classifier.labels.first())

    _start(boss, classifier, pick="AGAIN", wanted="", repeats=run.pk)

    again = AnnotationRun.objects.latest("pk")
    assert (again.repeats, again.text_count) == (run, 2)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"pick": "AGAIN"}, "Choose the run whose texts shall be annotated again."),
        ({"pick": "FIRST", "wanted": "0"}, "Take at least 1."),
        ({"pick": "FIRST", "wanted": "200001"}, "Take 200,000 at most."),
        ({"pick": "FIRST", "wanted": "many"}, "Give a whole number."),
    ],
)
def test_a_bad_choice_is_told_at_its_field(
    boss: Client, classifier: Classifier, query: dict[str, str], sentence: str
) -> None:
    _run(classifier, state=RunState.SUCCEEDED)

    shown = staff.said(_plan(boss, classifier, **query))

    assert sentence in shown
    assert "Start:" not in shown


@pytest.mark.parametrize("fields", [{}, {"pick": "EVERYTHING"}, {"pick": "AGAIN"}, {"pick": "AGAIN", "repeats": "9"}])
def test_a_bad_choice_starts_nothing(boss: Client, classifier: Classifier, fields: dict[str, str]) -> None:
    assert "Choose again which texts" in _start(boss, classifier, **fields)
    assert not AnnotationRun.objects.exists()


def test_the_runs_of_another_classifier_are_not_offered(boss: Client, classifier: Classifier) -> None:
    foreign = AnnotationRunFactory(state=RunState.SUCCEEDED)
    _run(classifier, state=RunState.SUCCEEDED)

    assert "Choose again which texts" in _start(boss, classifier, pick="AGAIN", repeats=foreign.pk)


def test_a_second_run_at_a_time_is_refused_in_words(boss: Client, classifier: Classifier) -> None:
    _run(classifier, state=RunState.RUNNING)

    shown = _start(boss, classifier, pick="FIRST", wanted="3")

    assert "under way" in shown
    assert AnnotationRun.objects.count() == 1


def test_what_goes_beyond_the_allowance_can_not_be_started(boss: Client, classifier: Classifier, llm: None) -> None:
    AnnotationSetting.objects.create(classifier=classifier, monthly_limit=3)

    response = _plan(boss, classifier)

    assert "Choose fewer texts." in staff.said(response)
    assert "Start:" not in staff.said(response)


def test_a_run_under_way_shows_its_bar_alone_to_the_script(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier, state=RunState.RUNNING, progress=0.5, step="5 of 10 texts")

    response = boss.get(staff.page(classifier, "annotation_progress", run_id=run.pk))

    assert "no-store" in response["Cache-Control"]
    assert "5 of 10 texts" in staff.said(response)
    assert "<html" not in staff.said(response)


def test_a_waiting_run_pauses_at_once_and_says_so(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier, state=RunState.QUEUED)

    shown = _post(boss, run, "annotation_pause")

    assert run.state == RunState.PAUSED
    assert "Paused on request." in shown
    assert "Resume" in shown


def test_a_running_one_is_asked_to_pause_and_the_card_says_so(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier, state=RunState.RUNNING)

    shown = _post(boss, run, "annotation_pause")

    assert run.is_pause_requested
    assert "It stops at the next step." in shown
    assert 'form="hr-pause">Pause' not in shown


def test_a_paused_run_says_why_and_goes_on_when_resumed(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier, state=RunState.PAUSED, error="The server answered five times with an error.", annotated=4)
    before = staff.said(boss.get(staff.page(classifier, "annotation_run", run_id=run.pk)))

    _post(boss, run, "annotation_resume")

    assert "The server answered five times with an error. 6 texts still wait; the labels so far stay." in before
    assert run.state == RunState.QUEUED


def test_resuming_while_another_run_is_under_way_is_refused_in_words(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier, state=RunState.PAUSED)
    _run(classifier, state=RunState.RUNNING)

    assert "under way" in _post(boss, run, "annotation_resume")
    assert run.state == RunState.PAUSED


def test_a_run_can_be_cancelled(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier, state=RunState.PAUSED)

    shown = _post(boss, run, "annotation_cancel")

    assert run.state == RunState.CANCELLED
    assert "stay" in shown


@pytest.mark.parametrize("state", RunState)
def test_a_run_in_each_state_opens(boss: Client, classifier: Classifier, state: RunState) -> None:
    run = _run(classifier, state=state, error="<b>Something</b>", model="<i>m</i>")

    for name in ("annotation_run", "annotation_progress"):
        response = boss.get(staff.page(classifier, name, run_id=run.pk))
        assert response.status_code == 200
        assert "<i>m" not in staff.said(response)
        assert "<b>Something" not in staff.said(response)


def test_the_list_of_runs_opens_empty_and_filled(boss: Client, classifier: Classifier) -> None:
    empty = staff.said(boss.get(staff.page(classifier, "annotation_runs")))
    run = _run(classifier, state=RunState.SUCCEEDED, finished_at=dt.datetime(2026, 5, 1, tzinfo=dt.UTC))

    filled = staff.said(boss.get(staff.page(classifier, "annotation_runs")))

    assert "No machine has labelled anything yet." in empty
    assert f"Run {run.pk}: 10 texts" in filled


@pytest.mark.parametrize("name", ["annotation_run", "annotation_progress"])
def test_a_run_of_another_classifier_is_not_found(boss: Client, classifier: Classifier, name: str) -> None:
    foreign = AnnotationRunFactory()

    assert boss.get(staff.page(classifier, name, run_id=foreign.pk)).status_code == 404


def test_the_monthly_limit_is_saved_and_taken_away(boss: Client, classifier: Classifier, llm: None) -> None:
    address = staff.page(classifier, "annotation_settings")

    saved = boss.post(address, {"monthly_limit": "250"}, follow=True)
    limit = AnnotationSetting.objects.get().monthly_limit
    removed = boss.post(address, {"monthly_limit": ""}, follow=True)

    assert "The monthly limit is 250 calls." in staff.said(saved)
    assert 'value="250"' in staff.said(saved)
    assert limit == 250
    assert "No monthly limit." in staff.said(removed)
    assert AnnotationSetting.objects.get().monthly_limit is None


def test_the_limit_leaves_the_other_settings_alone(boss: Client, classifier: Classifier) -> None:
    AnnotationSetting.objects.create(classifier=classifier, overlap_percent=20)

    boss.post(staff.page(classifier, "annotation_settings"), {"monthly_limit": "5"})

    assert AnnotationSetting.objects.get().overlap_percent == 20


@pytest.mark.parametrize("limit", ["-1", "x", "9" * 30, "2000000001"])
def test_a_limit_that_is_no_number_is_refused(boss: Client, classifier: Classifier, limit: str) -> None:
    response = boss.post(staff.page(classifier, "annotation_settings"), {"monthly_limit": limit}, follow=True)

    assert "Give a whole number from 0 to" in staff.said(response)
    assert not AnnotationSetting.objects.exists()


def _address(classifier: Classifier, name: str) -> str:
    captured = {"run_id": AnnotationRunFactory(classifier=classifier).pk} if name in _OF_A_RUN else {}
    return staff.page(classifier, name, **captured)


@pytest.mark.parametrize("name", _POSTS)
def test_who_may_only_look_changes_nothing(classifier: Classifier, name: str) -> None:
    assert staff.login(_VIEW).post(_address(classifier, name)).status_code == 403


@pytest.mark.parametrize("name", _POSTS)
def test_who_may_do_one_thing_is_let_through(classifier: Classifier, name: str) -> None:
    assert staff.login(_POSTS[name]).post(_address(classifier, name)).status_code == 302


@pytest.mark.parametrize("name", [name for name in _POSTS if name != "annotation_plan"])
def test_what_changes_something_is_not_done_by_looking(classifier: Classifier, name: str) -> None:
    assert staff.login().get(_address(classifier, name)).status_code == 405
