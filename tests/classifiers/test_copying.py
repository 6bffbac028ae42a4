"""A classifier copied into a new one: labels at once, examples in a run that accounts for each."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone
from django_q.models import OrmQ

from classifiers import tasks
from classifiers.models import Classifier, CopyRun, DecisionSource, Example, ExampleOrigin, ExampleState
from classifiers.services import copy_chunks, copying, decisions, labels
from classifiers.services.copying import Copy, Taken, Wish
from classifiers.services.definitions import BadDefinition
from classifiers.services.labels import LabelDraft
from moderation import runs
from moderation.runs import RunLost, RunState
from tests.factories import AdminFactory, ClassifierFactory, ExampleFactory, LabelFactory

pytestmark = pytest.mark.django_db

SUMS = ("read", "added", "confirmed", "suggested", "lost_labels", "duplicates")


@pytest.fixture
def source() -> Classifier:
    """Return a trained classifier with an example of each state, and a number missing among its labels."""
    made: Classifier = ClassifierFactory(
        name="Message check", description="May it stay?", suggestion_floor=0.8, labels_locked_at=timezone.now()
    )
    fine = LabelFactory(classifier=made, number=0, name="Fine", description="Rule.", color="#009e73")
    spam = LabelFactory(classifier=made, number=2, name="Spam")
    for text, label, source, confidence in (
        ("hello", fine, DecisionSource.PERSON, None),
        ("win a phone", spam, DecisionSource.LLM, 0.9),
    ):
        example = ExampleFactory(classifier=made, text=text)
        decisions.decide(
            example.pk, label_id=label.pk, source=source, confidence=confidence, reason="It says so." * bool(confidence)
        )
    ExampleFactory(
        classifier=made, text="what?", origin=ExampleOrigin.REQUEST, source_request_id=71, source_project_id=7
    )
    return made


def _start(source: Classifier, **wish: Any) -> Copy:
    return copying.start(source.pk, wish=Wish(**{"name": "Second try", **wish}), by=AdminFactory())


def _done(source: Classifier, **wish: Any) -> CopyRun:
    run = _start(source, **wish).run
    assert run is not None
    tasks.copy_examples(run.pk)
    run.refresh_from_db()
    return run


def _rows(classifier: Classifier) -> dict[str, tuple[str, str | None, float | None]]:
    rows = classifier.examples.values_list("text", "state", "label__name", "confidence")
    return {text: (state, label, confidence) for text, state, label, confidence in rows}


def _sums(run: CopyRun) -> dict[str, int]:
    return {name: getattr(run, name) for name in SUMS if getattr(run, name)}


def test_the_copy_has_the_same_labels_and_they_can_change(source: Classifier) -> None:
    made = _start(source, taken=Taken.NONE).classifier

    made.refresh_from_db()
    assert list(made.labels.values_list("number", "name", "description", "color")) == list(
        source.labels.values_list("number", "name", "description", "color")
    )
    assert (made.key, made.description, made.suggestion_floor) == ("second-try", "May it stay?", 0.8)
    assert (made.has_locked_labels, made.live_version, made.guidelines.count()) == (False, None, 1)
    labels.save(made.pk, drafts=[LabelDraft(name="Advert")])


def test_without_examples_there_is_nothing_to_wait_for(source: Classifier) -> None:
    assert _start(source, taken=Taken.NONE).run is None
    assert _start(ClassifierFactory(), name="Third").run is None


def test_the_copying_waits_for_a_worker(source: Classifier, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        made = _start(source)

    assert (OrmQ.objects.count(), made.classifier.examples.count()) == (1, 0)
    assert copying.find_open(made.classifier.pk) == made.run


def test_all_examples_come_along_as_they_are(source: Classifier) -> None:
    run = _done(source)

    assert _rows(run.classifier) == {
        "hello": (ExampleState.CONFIRMED, "Fine", None),
        "win a phone": (ExampleState.SUGGESTED, "Spam", 0.9),
        "what?": (ExampleState.UNLABELLED, None, None),
    }
    assert (run.state, _sums(run)) == (RunState.SUCCEEDED, {"read": 3, "added": 3, "confirmed": 1, "suggested": 1})
    assert copying.find_open(run.classifier_id) is None


def test_an_example_keeps_where_it_came_from(source: Classifier) -> None:
    copied = Example.objects.get(classifier=_done(source).classifier, text="what?")

    assert (copied.origin, copied.source_request_id, copied.source_project_id) == (ExampleOrigin.REQUEST, 71, 7)


def test_one_decision_says_that_the_label_was_copied(source: Classifier) -> None:
    run = _done(source)

    made = {
        example.text: [(one.source, one.reason, one.user, one.confidence) for one in example.decisions.all()]
        for example in run.classifier.examples.all()
    }
    assert made == {
        "hello": [(DecisionSource.IMPORT, "Copied from “Message check”.", run.requested_by, None)],
        "win a phone": [(DecisionSource.LLM, "Copied from “Message check”. It says so.", None, 0.9)],
        "what?": [],
    }


def test_the_labels_follow_from_the_decisions(source: Classifier) -> None:
    run = _done(source)

    for example in run.classifier.examples.all():
        assert decisions.settle(example.decisions.order_by("pk")) == (example.label_id, example.state)


def test_only_confirmed_ones_come_along_where_that_is_wished(source: Classifier) -> None:
    run = _done(source, taken=Taken.CONFIRMED)

    assert set(_rows(run.classifier)) == {"hello"}
    assert _sums(run) == {"read": 1, "added": 1, "confirmed": 1}


def test_suggestions_can_stay_behind(source: Classifier) -> None:
    run = _done(source, takes_suggestions=False)

    assert _rows(run.classifier)["win a phone"] == (ExampleState.UNLABELLED, None, None)
    assert _sums(run) == {"read": 3, "added": 3, "confirmed": 1}


def test_a_label_that_went_or_came_meanwhile_is_lost_and_counted(source: Classifier) -> None:
    made = _start(source)
    fine = made.classifier.labels.get(name="Fine")
    labels.save(made.classifier.pk, drafts=[LabelDraft(id=fine.pk, name="Fine", is_removed=True)])
    later = LabelFactory(classifier=source, number=3)
    late = Example.objects.get(classifier=source, text="what?")
    decisions.decide(late.pk, label_id=later.pk, source=DecisionSource.PERSON)

    tasks.copy_examples(made.run.pk)

    made.run.refresh_from_db()
    assert _rows(made.classifier)["hello"] == _rows(made.classifier)["what?"] == (ExampleState.UNLABELLED, None, None)
    assert _sums(made.run) == {"read": 3, "added": 3, "suggested": 1, "lost_labels": 2}


def test_a_renamed_label_of_the_copy_is_still_the_copy(source: Classifier) -> None:
    made = _start(source)
    labels.change(made.classifier.pk, 0, name="Good")

    tasks.copy_examples(made.run.pk)

    assert _rows(made.classifier)["hello"] == (ExampleState.CONFIRMED, "Good", None)


def test_a_text_that_the_copy_has_already_stays_as_it_is(source: Classifier) -> None:
    made = _start(source)
    ExampleFactory(classifier=made.classifier, text="hello")

    tasks.copy_examples(made.run.pk)

    made.run.refresh_from_db()
    assert _rows(made.classifier)["hello"] == (ExampleState.UNLABELLED, None, None)
    assert (made.run.added, made.run.duplicates, made.run.lost_labels) == (2, 1, 0)


def test_what_is_added_to_the_original_afterwards_stays_there(source: Classifier) -> None:
    made = _start(source)
    ExampleFactory(classifier=source, text="too late")

    tasks.copy_examples(made.run.pk)

    assert "too late" not in _rows(made.classifier)


def test_a_second_attempt_goes_on_behind_the_last_chunk(source: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "CHUNK_EXAMPLES", 2)
    run = _start(source).run
    held = runs.claim(CopyRun, run.pk)
    first = list(source.examples.order_by("pk")[:2])
    copy_chunks.write(run, first, sums=dict.fromkeys(copy_chunks.SUMS, 0), total=3, claim=held)
    CopyRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))

    tasks.copy_examples(run.pk)

    run.refresh_from_db()
    assert (run.state, run.attempts, run.last_id) == (RunState.SUCCEEDED, 2, run.until_id)
    assert _sums(run) == {"read": 3, "added": 3, "confirmed": 1, "suggested": 1}
    assert len(_rows(run.classifier)) == 3


def test_who_lost_the_run_writes_nothing(source: Classifier) -> None:
    run = _start(source).run
    lost = runs.claim(CopyRun, run.pk)
    CopyRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    runs.claim(CopyRun, run.pk)

    with pytest.raises(RunLost):
        copy_chunks.write(
            run, list(source.examples.all()), sums=dict.fromkeys(copy_chunks.SUMS, 0), total=3, claim=lost
        )

    assert run.classifier.examples.count() == 0


def test_a_cancelled_copying_can_be_seen_to_have_ended(source: Classifier) -> None:
    run = _start(source).run
    runs.request_cancel(CopyRun, run.pk)

    tasks.copy_examples(run.pk)

    run.refresh_from_db()
    assert (run.state, run.added) == (RunState.CANCELLED, 0)


@pytest.mark.parametrize(
    ("wish", "field"),
    [({"name": "Message check"}, "name"), ({"name": " "}, "name"), ({"key": "email"}, "key"), ({"key": "A"}, "key")],
    ids=["name taken", "no name", "key taken", "bad key"],
)
def test_a_bad_name_or_key_makes_nothing(source: Classifier, wish: dict[str, str], field: str) -> None:
    with pytest.raises(BadDefinition) as refusal:
        _start(source, **wish)

    assert refusal.value.field == field
    assert (Classifier.objects.count(), CopyRun.objects.count()) == (1, 0)


def test_a_chunk_takes_as_many_queries_for_many_as_for_few(
    source: Classifier, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(100) as few:
        _done(source)
    spam = source.labels.get(name="Spam")
    for number in range(30):
        example = ExampleFactory(classifier=source, text=f"text {number}")
        decisions.decide(example.pk, label_id=spam.pk, source=DecisionSource.LLM, confidence=0.5)

    with django_assert_max_num_queries(len(few)):
        _done(source, name="Third")


@pytest.mark.parametrize("sums", [{"read": 1}, {"read": 1, "added": 1, "duplicates": 1}], ids=["too few", "too many"])
def test_the_database_keeps_no_sums_that_do_not_match(sums: dict[str, int]) -> None:
    with pytest.raises(IntegrityError):
        CopyRun.objects.create(source=ClassifierFactory(), classifier=ClassifierFactory(), **sums)


def test_the_database_keeps_no_copy_of_a_classifier_into_itself() -> None:
    classifier = ClassifierFactory()

    with pytest.raises(IntegrityError):
        CopyRun.objects.create(source=classifier, classifier=classifier)
