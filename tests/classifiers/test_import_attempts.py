"""An import whose worker died, lost its run or was told to stop: nothing is doubled, nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from classifiers.models import Classifier, Decision, DecisionSource, ImportRun
from classifiers.services import decisions
from moderation import runs
from moderation.runs import Claim, RunCancelled, RunLost
from tests import uploads
from tests.factories import ExampleFactory
from tests.uploads import Reading

pytestmark = pytest.mark.django_db


class _Killed(BaseException):
    """Stands for the end of the worker's process."""


@dataclass(frozen=True)
class _DyingClaim(Claim):
    """A worker's hold that ends with the worker, right after so many beats."""

    beats_left: list[int] = field(default_factory=lambda: [0])

    def beat(self, **values: Any) -> None:
        super().beat(**values)
        self.beats_left[0] -= 1
        if not self.beats_left[0]:
            raise _Killed


FILE = uploads.rows(
    ("was unlabelled", 1),
    ("new one", 0),
    "The text is blank.",
    ("at odds", 0),
    ("twice", None),
    ("was confirmed", 1),
    ("at odds", 1),
    ("twice", 1),
    ("was there", None),
    ("new two", None),
    ("was unlabelled", None),
)
UNDISTURBED = uploads.sums(read=11, added=3, labelled=2, relabelled=1, duplicates=4, refused=4)


def _classifier_with_history() -> Classifier:
    classifier = uploads.classifier()
    for text in ("was unlabelled", "was confirmed", "was there"):
        ExampleFactory(classifier=classifier, text=text)
    confirmed = classifier.examples.get(text="was confirmed")
    decisions.decide(confirmed.pk, label_id=classifier.labels.get(number=0).pk, source=DecisionSource.PERSON)
    return classifier


def _outcome(claim: Claim) -> dict[str, Any]:
    classifier = claim.get_run().classifier
    given = Decision.objects.filter(example__classifier=classifier)
    return {
        "examples": uploads.labels(classifier),
        "refusals": uploads.refusals(claim),
        "decisions": sorted(given.values_list("example__text", "label__name", "source")),
    }


@pytest.mark.parametrize("chunks_done", range(4))
def test_a_second_attempt_ends_as_an_undisturbed_run_where_the_worker_died_in_a_chunk(chunks_done: int) -> None:
    undisturbed = uploads.claim(_classifier_with_history())
    sums = uploads.write(undisturbed, FILE, chunk_rows=3)
    first = uploads.claim(_classifier_with_history())
    dying = _DyingClaim(first.model, first.run_id, first.token, beats_left=[chunks_done + 1])
    with pytest.raises(_Killed):
        uploads.write(dying, FILE, chunk_rows=3)
    assert first.get_run().read == 3 * chunks_done

    second = uploads.second_attempt(first)
    again = uploads.write(second, FILE, chunk_rows=3)

    assert again == sums == UNDISTURBED
    assert _outcome(second) == _outcome(undisturbed)


@pytest.mark.parametrize("rows_given", range(len(FILE)))
def test_a_second_attempt_ends_as_an_undisturbed_run_where_the_worker_died_reading(rows_given: int) -> None:
    undisturbed = uploads.claim(_classifier_with_history())
    uploads.write(undisturbed, FILE, chunk_rows=3)
    first = uploads.claim(_classifier_with_history())
    passes = iter((len(FILE), rows_given))

    def read() -> Reading:
        yield {"total": len(FILE)}
        count = next(passes)
        yield from FILE[:count]
        if count < len(FILE):
            raise _Killed

    with pytest.raises(_Killed):
        uploads.write(first, FILE, read=read, chunk_rows=3)
    second = uploads.second_attempt(first)
    sums = uploads.write(second, FILE, chunk_rows=4)

    assert sums == UNDISTURBED
    assert _outcome(second) == _outcome(undisturbed)


def test_what_the_first_attempt_added_is_no_conflict_when_a_person_has_changed_it_since() -> None:
    classifier = uploads.classifier()
    first = uploads.claim(classifier)
    messages = uploads.rows(("twice", 0), ("new", 0), ("twice", 0))
    dying = _DyingClaim(first.model, first.run_id, first.token, beats_left=[2])
    with pytest.raises(_Killed):
        uploads.write(dying, messages, chunk_rows=1)
    changed = classifier.examples.get()
    decisions.decide(changed.pk, label_id=classifier.labels.get(number=1).pk, source=DecisionSource.PERSON)

    sums = uploads.write(uploads.second_attempt(first), messages, chunk_rows=1)

    assert sums == uploads.sums(read=3, added=2, labelled=2, duplicates=1)
    assert uploads.labels(classifier) == {"twice": "Spam", "new": "Fine"}


def test_a_worker_that_lost_its_run_writes_nothing() -> None:
    classifier = uploads.classifier()
    lost = uploads.claim(classifier)
    uploads.second_attempt(lost)

    with pytest.raises(RunLost):
        uploads.write(lost, uploads.rows(("hello", 0), "The text is blank."))

    assert (classifier.examples.count(), uploads.refusals(lost), Decision.objects.count()) == (0, {}, 0)


def test_a_cancelled_run_keeps_whole_chunks_and_their_sums() -> None:
    classifier = uploads.classifier()
    claim = uploads.claim(classifier)
    messages = uploads.rows(("one", 0), ("two", 0), ("three", 0))
    passes = iter((False, True))

    def read() -> Reading:
        yield {"total": len(messages)}
        is_second = next(passes)
        for message in messages:
            if is_second and message["row"] == 4:
                runs.request_cancel(ImportRun, claim.run_id)
            yield message

    with pytest.raises(RunCancelled):
        uploads.write(claim, messages, read=read, chunk_rows=1)

    assert uploads.labels(classifier) == {"one": "Fine", "two": "Fine"}
    assert (claim.get_run().read, claim.get_run().added) == (2, 2)


def test_the_reader_is_closed_when_writing_ends_early() -> None:
    claim = uploads.claim(uploads.classifier())
    runs.request_cancel(ImportRun, claim.run_id)
    closed = []

    def read() -> Reading:
        try:
            yield {"total": 2}
            yield from uploads.rows(("one", 0), ("two", 0))
        finally:
            closed.append(True)

    with pytest.raises(RunCancelled) as caught:
        uploads.write(claim, [], read=read, chunk_rows=1)

    # While the error, and with it every frame it passed, is still held.
    assert (closed, caught.type) == ([True, True], RunCancelled)
