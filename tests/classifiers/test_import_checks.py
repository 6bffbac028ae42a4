"""What an import would do is counted before: with real child processes, and compared with what it does then."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from classifiers.models import Classifier, Decision, DecisionSource, Example, ImportRun
from classifiers.services import decisions, import_checks, imports
from classifiers.services.import_checks import Check, Conflict, Saying
from classifiers.services.import_files import TookTooLong
from classifiers.services.imports import FileRefused
from tests import uploads
from tests.factories import DecisionFactory, ExampleFactory
from tests.server import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

MESSY = (
    "text,label\n"
    "hello,0\n"
    "win a phone, SPAM \n"
    '"what,\nagain?",\n'
    "buy now,Spm\n"
    ",1\n"
    "torn,1,2\n"
    "  hello ,0\n"
    "at odds,0\n"
    "at odds,1\n"
    "at odds,\n"
    "was there,\n"
    "was there,0\n"
    "was confirmed,0\n"
    "was confirmed,1\n"
    "was confirmed here,0\n"
    "was confirmed here,\n"
    "was suggested,0\n"
    "was confirmed as spam,1\n"
)


def _classifier() -> Classifier:
    """Return a classifier that knows some of the texts of MESSY."""
    classifier = uploads.classifier()
    fine, spam = classifier.labels.all()
    for text in ("was there", "was suggested"):
        ExampleFactory(classifier=classifier, text=text)
    for text in ("was confirmed", "was confirmed here", "was confirmed as spam"):
        example = ExampleFactory(classifier=classifier, text=text)
        decisions.decide(example.pk, label_id=spam.pk, source=DecisionSource.PERSON)
    suggested = classifier.examples.get(text="was suggested")
    decisions.decide(suggested.pk, label_id=fine.pk, source=DecisionSource.LLM)
    return classifier


def _check(content: str | bytes, *, into: Classifier | None = None, **choices: Any) -> Check:
    return import_checks.check(uploads.choose(uploads.stage(content, into=into or uploads.classifier()), **choices))


def _sums(check: Check) -> tuple[int, ...]:
    return check.read, check.added, check.labelled, check.relabelled, check.duplicates, check.refused


def _table(*rows: tuple[str, str]) -> str:
    return "text,label\n" + "".join(f"{text},{label}\n" for text, label in rows)


def _random_rows() -> Iterator[tuple[str, str]]:
    rng = random.Random(7)
    for _ in range(400):
        yield rng.choice(["", *map(str, range(120))]), rng.choice(["", "0", "Fine", "1", "Spam", "x"])


SHAPES: dict[str, str | bytes] = {
    "plain": uploads.CSV,
    "messy": MESSY,
    "random": _table(*_random_rows()),
    "one text over and over": _table(*[("same", "0")] * 50),
    "nothing that can be taken": _table(("a", "x"), ("b", "y"), ("", "0")),
    "labelled sample": (ROOT / "config/sample_data/marketplace_labelled.csv").read_bytes(),
    "unlabelled sample": (ROOT / "config/sample_data/marketplace_unlabelled.csv").read_bytes(),
    "UTF-16": MESSY.encode("utf-16"),
    "TSV": "text\tlabel\nhello\t0\nhello\t1\nfine\t0\n",
    "workbook": uploads.workbook(
        ["text", "label"], ["hello", 0], ["hello", 1], ["was there", "Spam"], ["=1+1", 0], [5, None], [None, 1]
    ),
    "JSON lines": '{"text": "hello", "label": 0}\n{"text": "was there", "label": "Fine"}\n{"text": 1}\nnot JSON\n',
    "JSON list": json.dumps([{"text": "hello", "label": 0}, {"text": "hello", "label": 1}, {"text": "", "label": 1}]),
}


@pytest.mark.parametrize("content", SHAPES.values(), ids=SHAPES.keys())
def test_the_report_has_the_sums_that_were_shown(content: str | bytes) -> None:
    run = uploads.stage(content, into=_classifier())
    label_column = 1 if len(run.header) > 1 else None
    uploads.choose(run, label_column=label_column)
    imports.map_labels(run.pk, mapping=[{"cell": "y", "label": 1}, {"cell": "Fine", "label": "refuse"}])
    run.refresh_from_db()
    check = import_checks.check(run)

    uploads.start(run)
    uploads.carry_out(run)

    assert run.error == ""
    assert _sums(check) == tuple(getattr(run, name) for name in uploads.SUMS)
    assert check.read == check.added + check.duplicates + check.refused == run.read > 0


def test_the_sums_of_a_messy_file_are_told_apart() -> None:
    check = _check(MESSY, into=_classifier())

    assert _sums(check) == (18, 3, 2, 2, 5, 10)
    assert (check.repeated, check.known, check.conflicting) == (2, 3, 7)
    assert check.refused_otherwise == 0


def test_checking_writes_nothing(settings: Any) -> None:
    run = uploads.choose(uploads.stage(MESSY, into=_classifier()))
    before = list(ImportRun.objects.values())
    examples = list(Example.objects.values())
    made = list(Decision.objects.values())

    import_checks.check(run)

    assert list(ImportRun.objects.values()) == before
    assert (list(Example.objects.values()), list(Decision.objects.values())) == (examples, made)
    assert list(settings.WORK_DIR.iterdir()) == []


def test_texts_with_two_labels_are_listed_with_who_says_so() -> None:
    check = _check(MESSY, into=_classifier())

    assert check.conflicts == (
        Conflict("at odds", (Saying("Fine", 9), Saying("Spam", 10))),
        Conflict("was confirmed", (Saying("Fine", 14), Saying("Spam", 15))),
        Conflict("was confirmed here", (Saying("Spam", 0), Saying("Fine", 16))),
    )


def test_only_the_first_conflicts_are_listed_and_all_are_counted() -> None:
    classifier = uploads.classifier()
    spam = classifier.labels.get(number=1)
    for number in range(15):
        example = ExampleFactory(classifier=classifier, text=f"stored {number}")
        DecisionFactory(example=example, label=spam)
        Example.objects.filter(pk=example.pk).update(label=spam, state="CONFIRMED")
    rows = [(f"stored {number}", "0") for number in range(15)]
    rows += [(f"in file {number}", label) for number in range(15) for label in ("0", "1")]

    check = _check(_table(*rows), into=classifier)

    assert (check.conflicting, check.refused, len(check.conflicts)) == (45, 45, import_checks.CONFLICTS_LISTED)
    assert all(conflict.excerpt for conflict in check.conflicts)


def test_reasons_are_counted_together_though_their_numbers_differ() -> None:
    check = _check("text,label\nfine,0\n,0\n\nhello,7\nworld,8\n,1\ntorn,1,2\ntorn,1,2,3\n")

    assert [(reason.count, reason.first_row) for reason in check.reasons] == [(2, 3), (2, 5), (2, 8)]
    assert check.reasons[1].sentence.startswith("There is no label 7.")
    assert check.refused == 6


def test_a_wrong_label_column_does_not_fill_the_page() -> None:
    rows = [(f"text {number}", f"word {chr(97 + number % 26)}{chr(97 + number // 26)}") for number in range(300)]

    check = _check(_table(*rows))

    assert (len(check.reasons), check.refused, check.refused_otherwise) == (20, 300, 280)
    assert (len(check.cells), check.more_cells) == (200, 100)


def test_every_label_cell_is_counted_with_where_it_goes() -> None:
    check = _check("text,label\na,0\nb, spam \nc,Spam\nd,\ne,Spm\nf,Spm\n")

    assert {cell.cell: (cell.count, cell.by, cell.label) for cell in check.cells} == {
        "0": (1, "number", 0),
        "spam": (1, "name", 1),
        "Spam": (1, "name", 1),
        "": (1, "unlabelled", None),
        "Spm": (2, "refused", None),
    }


def test_what_was_decided_about_a_cell_changes_the_sums() -> None:
    run = uploads.choose(uploads.stage("text,label\na,junk\nb,junk\nc,Spam\nd,\n"))
    imports.map_labels(
        run.pk,
        mapping=[{"cell": "junk", "label": 1}, {"cell": "Spam", "label": None}, {"cell": "", "label": "refuse"}],
    )
    run.refresh_from_db()

    check = import_checks.check(run)

    assert (check.added, check.labelled, check.refused) == (3, 2, 1)
    assert (
        check.reasons[0].sentence == "Rows with an empty cell as their label are left out, as was chosen for this file."
    )


def test_without_a_label_column_there_are_no_cells() -> None:
    check = _check(uploads.CSV, label_column=None)

    assert (check.added, check.labelled, check.cells, check.more_cells) == (3, 0, (), 0)


def test_a_file_that_is_gone_is_refused(settings: Any) -> None:
    run = uploads.choose(uploads.stage())
    Path(run.file.path).unlink()

    with pytest.raises(FileRefused, match="can't be opened"):
        import_checks.check(run)

    assert list(settings.WORK_DIR.iterdir()) == []


def test_a_check_that_takes_too_long_is_ended() -> None:
    run = uploads.choose(uploads.stage())

    with pytest.raises(TookTooLong, match="took too long"):
        import_checks.check(run, timeout_s=0.001)


CHILDREN = {
    "killed": "print('{\"total\": 3}', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)",
    "silence": "",
    "no JSON": "print('Segmentation fault')",
    "a fault of ours": "raise ValueError('a secret text')",
    "half a row": 'print(\'{"total": 3}\\n{"row": 2, "te\')',
}


@pytest.mark.parametrize("code", CHILDREN.values(), ids=CHILDREN.keys())
def test_a_child_that_breaks_off_ends_in_a_sentence(
    settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    run = uploads.choose(uploads.stage())
    settings.BASE_DIR = uploads.write_child(tmp_path / "elsewhere", code=code)

    with pytest.raises(FileRefused, match="Reading the file broke off"):
        import_checks.check(run)

    assert "secret" not in caplog.text


def test_rows_that_end_early_make_no_sums(settings: Any, tmp_path: Path) -> None:
    run = uploads.choose(uploads.stage(), label_column=None)
    code = 'print(\'{"total": 3}\\n{"row": 2, "text": "hello", "label": null}\', flush=True)\nsys.exit(1)'
    settings.BASE_DIR = uploads.write_child(tmp_path / "elsewhere", code=code)

    with pytest.raises(FileRefused, match="Reading the file broke off"):
        import_checks.check(run)


def _count_queries(texts: int, *, django_assert_max_num_queries: Any) -> int:
    run = uploads.choose(uploads.stage(_table(*((f"text {number}", "0") for number in range(texts)))))
    with django_assert_max_num_queries(100) as queries:
        import_checks.check(run)
    return len(queries)


def test_the_queries_do_not_grow_with_the_rows(django_assert_max_num_queries: Any) -> None:
    few = _count_queries(2, django_assert_max_num_queries=django_assert_max_num_queries)
    many = _count_queries(1_000, django_assert_max_num_queries=django_assert_max_num_queries)

    assert few == many
