"""Annotation runs against a server that stands in for a language model's, with all its ways of failing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from annotation import tasks
from annotation.models import Annotation, AnnotationRun, AnnotationSetting, AnnotationState, Pick
from annotation.services import allowances, annotating, annotation_runs, picking
from classifiers.importing.fingerprint import text_key
from classifiers.models import Classifier, Decision, DecisionSource, Example, ExampleState
from classifiers.services import decisions, labels
from classifiers.services.labels import LabelDraft
from moderation import runs
from moderation.runs import RunState
from tests.factories import (
    AdminFactory,
    ClassifierFactory,
    ExampleFactory,
    LabelFactory,
    LabelledExampleFactory,
    NearDuplicateFactory,
    NearDuplicateRunFactory,
)
from tests.llm_server import LanguageModelServer

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def _make(*, texts: int = 10) -> Classifier:
    classifier = ClassifierFactory()
    for number, name in enumerate(("Fine", "Spam")):
        LabelFactory(classifier=classifier, number=number, name=name)
    for number in range(texts):
        ExampleFactory(classifier=classifier, text=f"Text {number}, {'spam' if number % 2 else 'fine'}")
    return classifier


def _start(classifier: Classifier, *, wanted: int = 10, pick: Pick = Pick.FIRST, **more: Any) -> AnnotationRun:
    return annotation_runs.start(classifier.pk, pick=pick, wanted=wanted, **more)


def _done(run: AnnotationRun) -> AnnotationRun:
    tasks.annotate(run.pk)
    run.refresh_from_db()
    return run


def _pick(run: AnnotationRun) -> None:
    """Let a worker pick the run's texts, and be interrupted then."""
    held = runs.claim(AnnotationRun, run.pk)
    assert held is not None
    picking.ensure(run, claim=held, now=timezone.now())
    held.go_on_later()


@contextmanager
def _meanwhile(server: LanguageModelServer, what: Callable[[], object], *, calls: int) -> Iterator[None]:
    """Do something once that many calls have come in, between two transactions of the run.

    In the test's own thread: only there is its database.
    """
    depth = len(connection.savepoint_ids)
    done: list[bool] = []

    def watch(execute: Callable[..., Any], *statement: Any) -> Any:
        if not done and server.calls >= calls and len(connection.savepoint_ids) == depth:
            done.append(True)
            what()
        return execute(*statement)

    with connection.execute_wrapper(watch):
        yield
    assert done, "The run ended before."


def test_a_run_suggests_a_label_for_each_text(language_model: LanguageModelServer) -> None:
    classifier = _make()

    run = _done(_start(classifier))

    assert (run.state, run.annotated, run.refused, run.calls, run.error) == (RunState.SUCCEEDED, 10, 0, 10, "")
    assert (run.prompt_tokens, run.completion_tokens, run.progress) == (2_000, 200, 1.0)
    spam = Example.objects.filter(classifier=classifier, label__name="Spam", state=ExampleState.SUGGESTED)
    assert sorted(spam.values_list("text", flat=True)) == [f"Text {number}, spam" for number in (1, 3, 5, 7, 9)]


def test_a_suggestion_says_who_made_it_how_surely_and_why(language_model: LanguageModelServer) -> None:
    classifier = _make(texts=1)

    run = _done(_start(classifier))

    annotation = run.annotations.get()
    decision = Decision.objects.get()
    assert (decision.source, decision.user, decision.confidence) == (DecisionSource.LLM, None, 0.9)
    assert decision.reason == annotation.reason == "The text names Fine."
    assert annotation.decision == decision
    assert Example.objects.get().confidence == 0.9


def test_the_cost_follows_from_the_price(language_model: LanguageModelServer, settings: Any) -> None:
    settings.LLM_PRICES = {"some-model": (Decimal(1), Decimal(10))}

    run = _done(_start(_make()))

    assert run.cost == Decimal("0.004")


def test_a_model_without_a_price_costs_nothing_that_could_be_told(language_model: LanguageModelServer) -> None:
    assert _done(_start(_make())).cost == 0


def test_a_person_s_label_stays_and_the_annotation_is_kept_beside_it(language_model: LanguageModelServer) -> None:
    classifier = _make(texts=1)
    run = _start(classifier)
    _pick(run)
    example = Example.objects.get()
    fine, spam = classifier.labels.order_by("number")
    decisions.decide(example.pk, label_id=spam.pk, source=DecisionSource.PERSON)

    run = _done(run)

    example.refresh_from_db()
    assert (example.label, example.state) == (spam, ExampleState.CONFIRMED)
    assert run.annotations.get().label == fine


def test_near_duplicates_are_asked_once_and_share_the_answer(language_model: LanguageModelServer) -> None:
    classifier = _make(texts=0)
    search = NearDuplicateRunFactory(classifier=classifier)
    for number in range(5):
        example = ExampleFactory(classifier=classifier, text=f"Spam, spam{'!' * number}")
        if number < 4:
            NearDuplicateFactory(run=search, example=example, group=1)

    run = _done(_start(classifier, pick=Pick.ALL))

    assert (language_model.calls, run.calls, run.annotated, run.shared) == (2, 2, 5, 3)
    assert Example.objects.filter(label__name="Spam", state=ExampleState.SUGGESTED).count() == 5
    asked = run.annotations.filter(same_as__isnull=True).order_by("pk").first()
    assert asked is not None
    assert asked.copies.count() == 3
    assert set(asked.copies.values_list("reason", "prompt_tokens")) == {(asked.reason, 0)}


def test_a_near_duplicate_that_says_something_else_by_now_is_asked_itself(language_model: LanguageModelServer) -> None:
    classifier = _make(texts=0)
    search = NearDuplicateRunFactory(classifier=classifier)
    first, second = (ExampleFactory(classifier=classifier, text=text) for text in ("Spam", "Spam!"))
    for example in (first, second):
        NearDuplicateFactory(run=search, example=example, group=1)
    run = _start(classifier, pick=Pick.ALL)
    _pick(run)
    _write(second, "All is fine")

    run = _done(run)

    assert (language_model.texts, run.annotated, run.shared) == (["Spam", "All is fine"], 2, 0)
    second.refresh_from_db()
    assert second.label is not None
    assert second.label.name == "Fine"


def _write(example: Example, text: str) -> None:
    Example.objects.filter(pk=example.pk).update(text=text, text_key=text_key(text))


def test_a_text_that_is_deleted_meanwhile_is_left_out(language_model: LanguageModelServer) -> None:
    classifier = _make(texts=4)
    run = _start(classifier)
    _pick(run)
    Example.objects.filter(text__startswith="Text 3").delete()

    run = _done(run)

    assert (run.state, run.annotated, run.refused) == (RunState.SUCCEEDED, 3, 0)


def test_an_answer_to_a_text_that_was_written_over_is_no_label(language_model: LanguageModelServer) -> None:
    classifier = _make(texts=1)
    language_model.delay_s = 0.9
    example = Example.objects.get()
    run = _start(classifier)

    with _meanwhile(language_model, lambda: _write(example, "All else"), calls=1):
        run = _done(run)

    example.refresh_from_db()
    assert (run.state, run.refused, example.state) == (RunState.SUCCEEDED, 1, ExampleState.UNLABELLED)
    assert run.annotations.get().problem == "The text was changed while it was being annotated."


def test_the_wording_at_the_start_holds_for_the_whole_run(language_model: LanguageModelServer) -> None:
    classifier = _make(texts=1)
    run = _start(classifier)
    spam = classifier.labels.get(number=1)
    labels.save(classifier.pk, drafts=[LabelDraft(id=spam.pk, name="Advert", description="New.", color="#0072b2")])

    run = _done(run)

    system = language_model.requests[0]["messages"][0]["content"]
    assert "Spam" in system
    assert "Advert" not in system
    assert run.guidelines.number < classifier.guidelines.order_by("-number")[0].number


def test_a_number_that_another_label_has_by_now_doesn_t_bring_that_label(language_model: LanguageModelServer) -> None:
    classifier = _make(texts=2)
    run = _start(classifier)
    spam = classifier.labels.get(number=1)
    labels.save(classifier.pk, drafts=[LabelDraft(id=spam.pk, name="Spam", is_removed=True)])
    labels.add(classifier.pk, name="Praise")

    run = _done(run)

    assert (run.annotated, run.refused) == (1, 1)
    assert not Example.objects.filter(label__name="Praise").exists()
    assert "was removed" in run.annotations.get(state=AnnotationState.REFUSED).problem


@pytest.mark.parametrize(
    "mode",
    [
        "html", "cut", "no_choices", "no_content", "refusal", "too_long", "unknown_label", "no_label", "confident",
        "not_json",
    ],
)  # fmt: skip
def test_a_bad_reply_leaves_the_text_without_a_label_and_says_why(
    language_model: LanguageModelServer, mode: str
) -> None:
    classifier = _make(texts=3)
    language_model.script(["ok", mode, "ok"])

    run = _done(_start(classifier))

    refused = run.annotations.get(state=AnnotationState.REFUSED)
    assert (run.state, run.annotated, run.refused, run.calls) == (RunState.SUCCEEDED, 2, 1, 3)
    assert refused.problem.endswith(".")
    assert (refused.label, refused.confidence, refused.decision) == (None, None, None)
    assert Example.objects.get(pk=refused.example_id).state == ExampleState.UNLABELLED


def test_a_run_whose_every_text_was_refused_ends_and_says_so(language_model: LanguageModelServer) -> None:
    language_model.mode = "refusal"

    run = _done(_start(_make(texts=3)))

    assert (run.state, run.refused) == (RunState.SUCCEEDED, 3)
    assert run.outcome == "Texts with a suggested label: 0 of 3. Not annotated: 3; the result says why for each."


@pytest.mark.parametrize("mode", ["failing", "drop", "hang", "busy"])
def test_what_fails_in_passing_is_asked_again(language_model: LanguageModelServer, mode: str) -> None:
    language_model.script(["ok", mode])

    run = _done(_start(_make(texts=3)))

    assert (run.state, run.annotated, run.calls) == (RunState.SUCCEEDED, 3, 4)


@pytest.mark.parametrize("mode", ["bad_key", "forbidden", "no_credit", "no_model"])
def test_what_no_waiting_mends_ends_the_run_with_a_sentence_that_says_what_to_do(
    language_model: LanguageModelServer, mode: str
) -> None:
    language_model.script(["ok", "ok", mode])

    run = _done(_start(_make()))

    assert run.state == RunState.FAILED
    assert run.error.endswith("then resume the run.")
    assert run.annotated == run.annotations.filter(state=AnnotationState.LABELLED).count() >= 2


def test_a_failed_run_is_resumed_for_what_is_missing(language_model: LanguageModelServer, settings: Any) -> None:
    settings.LLM_CONCURRENCY = 1
    language_model.script(["ok"] * 4 + ["bad_key"])
    run = _done(_start(_make()))
    assert (run.state, run.annotated) == (RunState.FAILED, 4)

    assert annotation_runs.resume(run.pk)
    run = _done(run)

    assert (run.state, run.annotated, language_model.calls) == (RunState.SUCCEEDED, 10, 11)


def test_a_server_that_is_down_pauses_the_run_after_five_calls(language_model: LanguageModelServer) -> None:
    language_model.mode = "failing"

    run = _done(_start(_make()))

    assert (run.state, language_model.calls, run.annotated, run.refused) == (RunState.PAUSED, 5, 0, 0)
    assert "5 times in a row" in run.error


def test_when_the_allowance_ends_no_call_is_made_any_more(language_model: LanguageModelServer, settings: Any) -> None:
    settings.LLM_CONCURRENCY = 4
    classifier = _make()
    run = _start(classifier)
    AnnotationSetting.objects.create(classifier=classifier, monthly_limit=6)

    run = _done(run)
    resumed = annotation_runs.resume(run.pk) and _done(run)

    assert language_model.calls == 6
    assert resumed
    assert (run.state, run.annotated) == (RunState.PAUSED, 6)
    assert "allowance" in run.error


def test_repeated_calls_count_too(language_model: LanguageModelServer, settings: Any) -> None:
    settings.ANNOTATIONS_PER_MONTH = 10
    language_model.script(["ok", "failing"])
    classifier = _make(texts=3)

    _done(_start(classifier))

    run = AnnotationRun.objects.get()
    assert allowances.left(classifier.pk, run.finished_at) == 6  # type: ignore[arg-type]


def test_a_run_is_paused_within_a_moment_and_resumed_for_what_is_missing(
    language_model: LanguageModelServer, settings: Any
) -> None:
    settings.LLM_CONCURRENCY = 4
    language_model.delay_s = 0.2
    classifier = _make(texts=40)
    run = _start(classifier, wanted=40)
    started = time.monotonic()

    with _meanwhile(language_model, lambda: annotation_runs.pause(run.pk), calls=1):
        paused = _done(run)
    took_s = time.monotonic() - started
    before = language_model.calls

    assert (paused.state, paused.error) == (RunState.PAUSED, "Paused on request.")
    # What was under way is kept: paid for is paid for.
    assert 0 < paused.annotated == before < 40
    assert took_s < 4.0
    language_model.delay_s = 0.0
    assert annotation_runs.resume(run.pk)
    assert _done(run).annotated == 40
    assert language_model.calls == 40


def test_a_run_is_cancelled_within_a_moment_even_while_the_server_hangs(
    language_model: LanguageModelServer, settings: Any
) -> None:
    settings.LLM_TIMEOUT_S = 30
    language_model.script(["ok"])
    language_model.mode = "hang"
    run = _start(_make())
    started = time.monotonic()

    with _meanwhile(language_model, lambda: annotation_runs.cancel(run.pk), calls=2):
        cancelled = _done(run)

    assert (cancelled.state, cancelled.annotated) == (RunState.CANCELLED, 1)
    assert time.monotonic() - started < 4.0


def test_a_run_that_another_worker_took_over_writes_nothing_more(language_model: LanguageModelServer) -> None:
    language_model.delay_s = 0.4
    run = _start(_make(texts=40), wanted=40)

    def lose() -> None:
        AnnotationRun.objects.filter(pk=run.pk).update(token=None)

    with _meanwhile(language_model, lose, calls=1):
        tasks.annotate(run.pk)

    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    assert run.annotated == run.annotations.filter(state=AnnotationState.LABELLED).count() < 40


def test_a_picking_that_was_cut_short_begins_anew(language_model: LanguageModelServer) -> None:
    classifier = _make(texts=5)
    run = _start(classifier)
    Annotation.objects.create(run=run, example=Example.objects.all()[2], text_key="0" * 64)

    run = _done(run)

    assert (run.annotated, run.text_count, run.annotations.count()) == (5, 5, 5)


def test_a_long_run_lets_others_have_the_worker_and_goes_on(
    language_model: LanguageModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(annotating, "_SHIFT_S", 0.5)
    language_model.delay_s = 0.3
    run = _start(_make(texts=60), wanted=60)

    first = _done(run)

    assert (first.state, first.attempts) == (RunState.QUEUED, 0)
    assert 0 < first.annotated < 60
    monkeypatch.setattr(annotating, "_SHIFT_S", 1_000.0)
    assert _done(run).state == RunState.SUCCEEDED
    assert language_model.calls == 60


def test_the_same_texts_are_annotated_again_under_a_new_wording(language_model: LanguageModelServer) -> None:
    classifier = _make(texts=12)
    first = _done(_start(classifier))
    spam = classifier.labels.get(number=1)
    labels.save(classifier.pk, drafts=[LabelDraft(id=spam.pk, name="Spam", description="Now else.", color="#0072b2")])

    second = _done(_start(classifier, pick=Pick.AGAIN, wanted=0, repeats_id=first.pk))

    ids = [set(run.annotations.values_list("example_id", flat=True)) for run in (first, second)]
    assert ids[0] == ids[1]
    assert second.guidelines.number > first.guidelines.number
    assert second.repeats == first


def test_a_labelled_text_isn_t_asked_about(language_model: LanguageModelServer) -> None:
    classifier = _make(texts=2)
    LabelledExampleFactory(classifier=classifier, label=classifier.labels.first(), text="Labelled")

    _done(_start(classifier, pick=Pick.ALL))

    assert "Labelled" not in language_model.texts


def test_a_second_delivery_of_a_done_run_asks_nothing(language_model: LanguageModelServer) -> None:
    run = _done(_start(_make(texts=3)))

    tasks.annotate(run.pk)

    assert language_model.calls == 3


def test_no_log_line_holds_a_text_a_key_or_a_reply(
    language_model: LanguageModelServer, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.OPENAI_API_KEY = "sk-very-secret"
    language_model.script(["ok", "failing", "html", "unknown_label"])
    with caplog.at_level("DEBUG"):
        _done(_start(_make(texts=6), by=AdminFactory()))

    for word in ("spam", "fine", "sk-very-secret", "Nonsense"):
        assert word not in caplog.text.lower()


def test_what_a_killed_worker_left_is_put_back_by_the_sweeper(language_model: LanguageModelServer) -> None:
    run = _start(_make(texts=3))
    held = runs.claim(AnnotationRun, run.pk)
    assert held is not None
    AnnotationRun.objects.filter(pk=run.pk).update(lease_until=run.created_at)

    assert runs.sweep() == 1
    assert _done(run).annotated == 3
