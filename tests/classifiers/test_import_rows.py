"""What becomes of the rows of an upload, whatever is there before."""

from __future__ import annotations

from typing import Any

import pytest
import tablib
from django.db import connection
from django.test.utils import CaptureQueriesContext

from classifiers.importing.fingerprint import text_key
from classifiers.models import Decision, DecisionSource, Example, ExampleOrigin, ExampleState
from classifiers.services import decisions
from classifiers.services.example_resource import ExampleResource
from tests import uploads
from tests.factories import ExampleFactory, UserFactory
from tests.uploads import Reading

pytestmark = pytest.mark.django_db


def test_rows_become_examples_with_and_without_a_label() -> None:
    classifier, person = uploads.classifier(), UserFactory()
    claim = uploads.claim(classifier, requested_by=person)

    sums = uploads.write(claim, uploads.rows(("hello", 0), ("win", 1), ("what?", None)))

    assert sums == uploads.sums(read=3, added=3, labelled=2)
    assert uploads.labels(classifier) == {"hello": "Fine", "win": "Spam", "what?": None}
    example = Example.objects.get(text="win")
    assert (example.state, example.origin) == (ExampleState.CONFIRMED, ExampleOrigin.UPLOAD)
    assert (example.text_key, example.import_run_id) == (text_key("win"), claim.run_id)
    assert Example.objects.get(text="what?").state == ExampleState.UNLABELLED
    decision = Decision.objects.get(example=example)
    assert (decision.label_id, decision.source, decision.user) == (example.label_id, DecisionSource.IMPORT, person)
    assert Decision.objects.count() == 2


def test_the_state_is_the_one_that_follows_from_the_decisions() -> None:
    uploads.write(uploads.claim(uploads.classifier()), uploads.rows(("hello", 0), ("what?", None)))

    for example in Example.objects.all():
        assert decisions.settle(example.decisions.all()) == (example.label_id, example.state)


def test_refused_rows_are_kept_with_number_reason_and_excerpt() -> None:
    claim = uploads.claim(uploads.classifier())

    sums = uploads.write(claim, uploads.rows(("hello", 0), "The text is blank.", "“x” is not a label."))

    assert sums == uploads.sums(read=3, added=1, labelled=1, refused=2)
    assert list(claim.get_run().refusals.values_list("row_number", "reason", "excerpt")) == [
        (3, "The text is blank.", "x"),
        (4, "“x” is not a label.", "x"),
    ]


@pytest.mark.parametrize("text", ["=1+1", "\u202eabc", " 007", "a\u0301", "[]", "None", "1.0", "😀 x"])
def test_a_text_is_stored_as_it_was_read(text: str) -> None:
    uploads.write(uploads.claim(uploads.classifier()), uploads.rows((text, None)))

    assert Example.objects.get().text == text


@pytest.mark.parametrize("chunk_rows", [1, 2, 100])
def test_a_text_twice_in_the_file_is_added_once(chunk_rows: int) -> None:
    classifier = uploads.classifier()

    sums = uploads.write(
        uploads.claim(classifier),
        uploads.rows(("same  text", 0), ("other", 1), ("same text", 0)),
        chunk_rows=chunk_rows,
    )

    assert sums == uploads.sums(read=3, added=2, labelled=2, duplicates=1)
    assert uploads.labels(classifier) == {"same  text": "Fine", "other": "Spam"}


@pytest.mark.parametrize("chunk_rows", [1, 100])
@pytest.mark.parametrize(
    "rows", [(("same", None), ("same", 1)), (("same", 1), ("same", None))], ids=["after", "before"]
)
def test_a_text_with_and_without_a_label_in_the_file_has_the_label(
    rows: tuple[tuple[str, int | None], ...], chunk_rows: int
) -> None:
    classifier = uploads.classifier()

    sums = uploads.write(uploads.claim(classifier), uploads.rows(*rows), chunk_rows=chunk_rows)

    assert sums == uploads.sums(read=2, added=1, labelled=1, duplicates=1)
    assert uploads.labels(classifier) == {"same": "Spam"}


@pytest.mark.parametrize("chunk_rows", [1, 100])
def test_of_two_labels_for_one_text_none_is_chosen(chunk_rows: int) -> None:
    classifier = uploads.classifier()
    claim = uploads.claim(classifier)
    messages = uploads.rows(("same", None), ("same", 0), ("fine", 0), ("same", 1), ("same", 0), ("same", 1))

    sums = uploads.write(claim, messages, chunk_rows=chunk_rows)

    assert sums == uploads.sums(read=6, added=1, labelled=1, refused=5)
    assert uploads.labels(classifier) == {"fine": "Fine"}
    sentence = "The same text has different labels in rows 3 and 5. Keep the right one and upload these rows again."
    assert uploads.refusals(claim) == dict.fromkeys((2, 3, 5, 6, 7), sentence)


def test_a_refused_row_is_no_duplicate_of_a_good_one() -> None:
    classifier = uploads.classifier()

    sums = uploads.write(uploads.claim(classifier), uploads.rows("“what” is not a label.", ("same", 0)))

    assert sums == uploads.sums(read=2, added=1, labelled=1, refused=1)


def test_a_text_that_is_there_is_a_duplicate_and_stays_as_it_is() -> None:
    classifier = uploads.classifier()
    there = ExampleFactory(classifier=classifier, text="same")

    sums = uploads.write(uploads.claim(classifier), uploads.rows(("same", None), ("new", None)))

    assert sums == uploads.sums(read=2, added=1, duplicates=1)
    there.refresh_from_db()
    assert (there.import_run, there.origin, there.state) == (None, ExampleOrigin.TYPED, ExampleState.UNLABELLED)


def test_a_text_of_another_classifier_is_no_duplicate() -> None:
    ExampleFactory(text="same")

    assert uploads.write(uploads.claim(uploads.classifier()), uploads.rows(("same", 0))) == uploads.sums(
        read=1, added=1, labelled=1
    )


@pytest.mark.parametrize("has_suggestion", [False, True], ids=["unlabelled", "suggested"])
def test_a_file_gives_its_label_to_what_nobody_has_confirmed(has_suggestion: bool) -> None:
    classifier = uploads.classifier()
    there = ExampleFactory(classifier=classifier, text="same")
    if has_suggestion:
        decisions.decide(there.pk, label_id=classifier.labels.get(number=0).pk, source=DecisionSource.LLM)

    sums = uploads.write(uploads.claim(classifier), uploads.rows(("same", 1), ("same", 1)))

    assert sums == uploads.sums(read=2, duplicates=2, relabelled=1)
    there.refresh_from_db()
    assert (there.label.name, there.state) == ("Spam", ExampleState.CONFIRMED)
    assert there.decisions.filter(source=DecisionSource.IMPORT).count() == 1


def test_a_file_that_says_what_is_confirmed_already_changes_nothing() -> None:
    classifier = uploads.classifier()
    there = ExampleFactory(classifier=classifier, text="same")
    decisions.decide(there.pk, label_id=classifier.labels.get(number=1).pk, source=DecisionSource.PERSON)

    sums = uploads.write(uploads.claim(classifier), uploads.rows(("same", 1), ("same", None)))

    assert sums == uploads.sums(read=2, duplicates=2)
    assert there.decisions.count() == 1


@pytest.mark.parametrize("chunk_rows", [1, 100])
def test_a_file_never_overrides_a_confirmed_label(chunk_rows: int) -> None:
    classifier = uploads.classifier()
    there = ExampleFactory(classifier=classifier, text="same")
    decisions.decide(there.pk, label_id=classifier.labels.get(number=0).pk, source=DecisionSource.PERSON)
    claim = uploads.claim(classifier)

    sums = uploads.write(claim, uploads.rows(("same", 1), ("same", 1)), chunk_rows=chunk_rows)

    assert sums == uploads.sums(read=2, refused=2)
    assert uploads.labels(classifier) == {"same": "Fine"}
    sentence = "This text is among the examples already, labelled “Fine”. If “Spam” is right, change it there."
    assert uploads.refusals(claim) == {2: sentence, 3: sentence}


def test_progress_and_sums_stand_on_the_run_after_each_chunk() -> None:
    claim = uploads.claim(uploads.classifier())
    messages = uploads.rows(("one", 0), ("two", None), "The text is blank.", ("four", 1))
    seen = []

    def read() -> Reading:
        yield {"total": len(messages)}
        for message in messages:
            seen.append(claim.get_run())
            yield message

    uploads.write(claim, messages, read=read, chunk_rows=2)

    halfway = seen[-1]
    assert [run.read for run in seen] == [0, 0, 0, 0, 0, 0, 2, 2]
    assert (halfway.added, halfway.labelled, halfway.step) == (2, 1, "Adding: 2 of 4 rows")
    assert halfway.progress == pytest.approx(0.6)
    end = claim.get_run()
    assert (end.read, end.added, end.labelled, end.refused, end.progress) == (4, 3, 2, 1, 1.0)


def _count_queries(size: int) -> int:
    classifier = uploads.classifier()
    for number in range(size):
        ExampleFactory(classifier=classifier, text=f"unlabelled {number}")
    given: list[tuple[str, int | None] | str] = [
        row
        for number in range(size)
        for row in (
            (f"new {number}", 0),
            (f"new without {number}", None),
            (f"new {number}", 0),
            (f"unlabelled {number}", 1),
            "The text is blank.",
        )
    ]
    claim = uploads.claim(classifier)
    with CaptureQueriesContext(connection) as queries:
        sums = uploads.write(claim, uploads.rows(*given), chunk_rows=1_000)
    assert sums == uploads.sums(
        read=5 * size, added=2 * size, labelled=size, relabelled=size, duplicates=2 * size, refused=size
    )
    return len(queries)


@pytest.mark.slow
def test_the_queries_of_a_chunk_do_not_grow_with_its_rows() -> None:
    few, many = _count_queries(2), _count_queries(30)

    assert few == many


@pytest.mark.slow
def test_long_texts_make_shorter_chunks() -> None:
    claim = uploads.claim(uploads.classifier())
    messages = uploads.rows(*((f"{number}" + "x" * 99_998, None) for number in range(10, 55)))
    written = []

    def read() -> Reading:
        yield {"total": len(messages)}
        for message in messages:
            written.append(claim.get_run().read)
            yield message

    uploads.write(claim, messages, read=read, chunk_rows=1_000)

    assert sorted(set(written)) == [0, 40]


def test_a_text_that_was_added_a_moment_ago_is_left_out_by_the_resource() -> None:
    there = ExampleFactory(text="same")
    row = (there.classifier_id, "same", there.text_key, ExampleOrigin.UPLOAD.value, None, "UNLABELLED", None)
    headers = ("classifier_id", "text", "text_key", "origin", "label_id", "state", "import_run_id")

    ExampleResource().import_data(tablib.Dataset(row, headers=headers), raise_errors=True)

    assert Example.objects.get() == there


def test_a_text_that_is_typed_while_the_file_is_read_counts_as_a_duplicate() -> None:
    classifier = uploads.classifier()
    claim = uploads.claim(classifier)
    typed = []

    def type_it(execute: Any, sql: str, *rest: Any) -> Any:
        # Between the import's look at what is there and its insert.
        if sql.startswith("INSERT") and 'INTO "classifiers_example"' in sql and not typed:
            typed.append("same")
            ExampleFactory(classifier=classifier, text="same")
        return execute(sql, *rest)

    with connection.execute_wrapper(type_it):
        sums = uploads.write(claim, uploads.rows(("same", 0), ("new", 0)))

    assert typed == ["same"]
    assert sums == uploads.sums(read=2, added=1, labelled=1, duplicates=1)
    assert uploads.labels(classifier) == {"same": None, "new": "Fine"}
