"""What a change of the encoder leaves to be done, who is told, and that it's started once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django_q.models import OrmQ

from classifiers.ml.encoder import EncoderMissing
from classifiers.models import Classifier, EmbeddingRun, ExampleState, Version
from classifiers.services import encoder_changes
from classifiers.services.encoder_changes import Started
from moderation.runs import OPEN_STATES, RunState
from tests import encoders
from tests.encoders import NEW, OLD
from tests.factories import (
    AdminFactory,
    ClassifierFactory,
    EmbeddingFactory,
    ExampleFactory,
    LabelledExampleFactory,
    VersionFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _new_encoder(settings: Any, tmp_path: Path) -> None:
    encoders.use(settings, tmp_path / "encoders")


def _read(classifier: Classifier, *, encoder_id: str = NEW) -> None:
    for example in classifier.examples.all():
        EmbeddingFactory(example=example, encoder_id=encoder_id)


def _readings() -> list[int]:
    return list(EmbeddingRun.objects.filter(state=RunState.QUEUED).order_by("pk").values_list("classifier", flat=True))


def test_a_classifier_is_silent_while_its_live_version_is_of_another_encoder() -> None:
    mute = encoders.live(encoder_id=OLD, each=1)
    encoders.live(encoder_id=NEW, each=1)
    encoders.live(encoder_id="", each=1)
    ClassifierFactory()

    assert list(encoder_changes.silent(NEW)) == [mute]


def test_a_silent_classifier_is_trained_and_others_only_read() -> None:
    mute = encoders.live(encoder_id=OLD)
    speaking = encoders.live(encoder_id=NEW)
    untrained = ExampleFactory().classifier
    person = AdminFactory()

    started = encoder_changes.start(by=person)

    [version] = Version.objects.filter(state__in=OPEN_STATES)
    assert (version.classifier, version.requested_by) == (mute, person)
    assert _readings() == [speaking.pk, untrained.pk]
    assert started == Started(trainings=(version,), reading_count=2)
    assert started.sentence == "Queued: 1 training and 2 readings."


def test_what_a_training_does_not_read_is_read_after_it() -> None:
    mute = encoders.live(encoder_id=OLD)
    ExampleFactory(classifier=mute)

    encoder_changes.start()

    assert _readings() == [mute.pk]


@pytest.mark.parametrize(("confidence", "is_read"), [(0.9, False), (0.1, True), (None, True)])
def test_a_suggestion_that_is_not_learnt_from_is_read_after_the_training(
    confidence: float | None, is_read: bool
) -> None:
    mute = encoders.live(encoder_id=OLD)
    LabelledExampleFactory(
        classifier=mute, label=mute.labels.first(), state=ExampleState.SUGGESTED, confidence=confidence
    )

    encoder_changes.start()

    assert (_readings() == [mute.pk]) is is_read


def test_what_trainings_leave_is_read_last_and_in_their_order() -> None:
    later, first = encoders.live(encoder_id=OLD, name="B"), encoders.live(encoder_id=OLD, name="A")
    for classifier in (later, first):
        ExampleFactory(classifier=classifier)
    other = ExampleFactory().classifier

    encoder_changes.start()

    assert _readings() == [other.pk, first.pk, later.pk]


def test_trainings_are_before_readings_in_the_queue(django_capture_on_commit_callbacks: Any) -> None:
    ExampleFactory()
    encoders.live(encoder_id=OLD)

    with django_capture_on_commit_callbacks(execute=True):
        encoder_changes.start()

    tasks = [message.task["func"] for message in OrmQ.objects.order_by("pk")]
    assert tasks == [Version.task_path, EmbeddingRun.task_path]


def test_without_training_everything_is_read() -> None:
    mute = encoders.live(encoder_id=OLD)

    started = encoder_changes.start(with_training=False)

    assert (_readings(), started.trainings) == ([mute.pk], ())


def test_where_all_is_read_and_trained_nothing_starts() -> None:
    _read(encoders.live(encoder_id=NEW, each=1))

    started = encoder_changes.start()

    assert started == Started()
    assert started.sentence == "Nothing is left to do."


def test_a_second_person_starts_nothing_twice() -> None:
    mute = encoders.live(encoder_id=OLD)
    ExampleFactory(classifier=mute)
    encoder_changes.start(by=AdminFactory())

    second = encoder_changes.start(by=AdminFactory())

    assert second == Started(under_way_count=2)
    assert second.sentence == "All that can be done is under way already."
    assert (Version.objects.filter(state__in=OPEN_STATES).count(), EmbeddingRun.objects.count()) == (1, 1)


def test_who_was_trained_anew_answers_and_is_not_trained_again() -> None:
    mute = encoders.live(encoder_id=OLD)
    [version] = encoder_changes.start().trainings
    encoders.finish(version)
    _read(mute)

    assert encoder_changes.start() == Started()
    mute.refresh_from_db()
    assert (mute.live_version, encoder_changes.notice([mute])) == (version, "")


def test_a_training_that_failed_is_started_again() -> None:
    mute = encoders.live(encoder_id=OLD)
    VersionFactory(classifier=mute, state=RunState.FAILED, number=10_000)

    assert [version.classifier for version in encoder_changes.start().trainings] == [mute]


def test_a_classifier_that_cannot_be_trained_says_why_and_stops_no_other() -> None:
    encoders.live(encoder_id=OLD, name="A few", each=2)
    enough = encoders.live(encoder_id=OLD, name="Enough")

    started = encoder_changes.start()

    [refusal] = started.refusals
    assert refusal == "A few can't be trained. Training needs at least 20 labelled examples; there are 4."
    assert [version.classifier for version in started.trainings] == [enough]


def test_only_a_refusal_is_not_called_done() -> None:
    few = encoders.live(encoder_id=OLD, each=2)
    _read(few)

    assert encoder_changes.start().sentence == "There was nothing to start."


def test_what_is_read_for_a_classifier_that_cannot_be_trained_is_all_of_it() -> None:
    few = encoders.live(encoder_id=OLD, each=2)

    encoder_changes.start()

    assert _readings() == [few.pk]


def test_without_an_encoder_nothing_starts(settings: Any, tmp_path: Path) -> None:
    encoders.live(encoder_id=OLD)
    settings.ENCODERS_DIR = tmp_path / "none"

    with pytest.raises(EncoderMissing):
        encoder_changes.start()

    assert not Version.objects.filter(state__in=OPEN_STATES).exists()
    assert not EmbeddingRun.objects.exists()


@pytest.mark.parametrize("encoder_id", [NEW, ""], ids=["this", "unsaid"])
def test_who_can_answer_is_not_noticed(encoder_id: str) -> None:
    assert encoder_changes.notice([encoders.live(encoder_id=encoder_id, each=1)]) == ""


def test_the_notice_names_who_cannot_answer() -> None:
    mute = encoders.live(encoder_id=OLD, name="Spam", each=1)
    speaking = encoders.live(encoder_id=NEW, name="Mood", each=1)

    said = encoder_changes.notice([mute, speaking, ClassifierFactory()])

    assert said == "“Spam” can't answer: trained with another encoder than this server runs now."


def test_the_notice_names_three_and_counts_more() -> None:
    mute = [encoders.live(encoder_id=OLD, name=name, each=1) for name in "ABCD"]

    assert encoder_changes.notice(mute[:3]).startswith("“A”, “B” and “C” can't answer")
    assert encoder_changes.notice(mute).startswith("4 live classifiers can't answer")


def test_the_notice_says_that_there_is_no_encoder(settings: Any, tmp_path: Path) -> None:
    settings.ENCODERS_DIR = tmp_path / "none"
    live = encoders.live(encoder_id=NEW, name="Spam", each=1)

    assert encoder_changes.notice([live]).startswith("“Spam” can't answer. The encoder isn't prepared yet. Run:")
    assert encoder_changes.notice([ClassifierFactory()]) == ""


def test_the_notice_asks_the_database_nothing(django_assert_num_queries: Any) -> None:
    mute = encoders.live(encoder_id=OLD, each=1)

    with django_assert_num_queries(0):
        assert encoder_changes.notice([mute])
