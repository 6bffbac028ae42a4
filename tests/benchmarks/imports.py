"""Files of 50,000 and 200,000 rows: against django-import-export's own way, and what the web process takes for them."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import tablib
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from import_export import resources

from classifiers import tasks
from classifiers.importing.fingerprint import text_key
from classifiers.models import Classifier, Example, ExampleOrigin, ExampleState, Label
from classifiers.services import direct_imports
from classifiers.services.direct_imports import Reading
from moderation.runs import RunState
from tests.server import Server, own_database
from tests.visitor import Visitor
from tests.walks import log_in, make_classifier, upload

ROWS = 50_000
# What its defaults take for all of them is minutes; for so many, seconds, at as much a row.
_THEIR_ROWS = 1_000
_ROUNDS = 3
_MANY_ROWS = 200_000
MIN_RATIO = 50.0
MAX_GROWTH_MB = 50.0
_WITHIN_S = 900.0
_LABELS = ("Fine", "Spam")


class DefaultResource(resources.ModelResource):
    """The library as it comes: only told which column tells rows apart, since the file has no ids."""

    class Meta:
        model = Example
        import_id_fields = ("text_key",)
        fields = ("classifier", "text", "text_key", "origin", "label", "state")


def main() -> bool:
    """Print the figures; return whether each keeps what is promised."""
    with own_database() as database_url, tempfile.TemporaryDirectory() as scratch:
        server = Server(Path(scratch), encoders_dir=settings.ENCODERS_DIR, database_url=database_url)
        try:
            server.manage(["migrate", "--verbosity", "0"])
            kept = _compare(server, database="PostgreSQL" if database_url else "SQLite")
            server.start()
            return _follow(server) and kept
        finally:
            server.kill()


def _compare(server: Server, *, database: str) -> bool:
    measured = json.loads(
        server.shell("from tests.benchmarks import imports; imports.print_seconds()", timeout_s=_WITHIN_S)
    )
    pairs = [(ours_s, theirs_s * ROWS / _THEIR_ROWS) for ours_s, theirs_s in measured]
    ratios = sorted(theirs_s / ours_s for ours_s, theirs_s in pairs)
    ratio = ratios[len(ratios) // 2]
    ours_s, theirs_s = (sorted(seconds)[len(seconds) // 2] for seconds in zip(*pairs, strict=True))
    remark = "" if ratio >= MIN_RATIO else "  MISSED"
    print(f"Import of a CSV with {ROWS:,} rows, from the parsing to the last row committed, on {database}")
    print(
        f"  against django-import-export's defaults (measured on {_THEIR_ROWS:,} rows, scaled): {ratio:.0f} times as "
        f"fast ({ratios[0]:.0f} to {ratios[-1]:.0f} in {_ROUNDS} rounds, at least {MIN_RATIO:g}); "
        f"{ours_s:.1f} / {theirs_s:.0f} s{remark}"
    )
    return ratio >= MIN_RATIO


def print_seconds() -> None:
    """Import by turns in both ways and print the seconds of each. Runs on the server's data, without a worker."""
    print(json.dumps([(_ours(number), _theirs(number)) for number in range(_ROUNDS)]))


def _ours(number: int) -> float:
    classifier = _classifier(f"ours-{number}")
    file = SimpleUploadedFile("messages.csv", _file(f"ours {number}", rows=ROWS))
    reading = Reading(text_column="text", label_column="label")
    started = time.perf_counter()
    run = direct_imports.start(classifier.pk, file=file, reading=reading, is_sent=False)
    tasks.run_import(run.pk)
    seconds = time.perf_counter() - started
    run.refresh_from_db()
    assert (run.state, run.added, run.labelled) == (RunState.SUCCEEDED, ROWS, ROWS), run.error
    return seconds


def _theirs(number: int) -> float:
    classifier = _classifier(f"theirs-{number}")
    pks = list(classifier.labels.values_list("pk", flat=True))
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(DefaultResource.Meta.fields)
    for text, label in _rows(f"theirs {number}", rows=_THEIR_ROWS):
        given = (ExampleOrigin.UPLOAD.value, pks[label], ExampleState.CONFIRMED.value)
        writer.writerow((classifier.pk, text, text_key(text), *given))
    started = time.perf_counter()
    dataset = tablib.Dataset().load(file.getvalue(), format="csv")
    DefaultResource().import_data(dataset, dry_run=False, raise_errors=True)
    seconds = time.perf_counter() - started
    assert classifier.examples.count() == _THEIR_ROWS
    return seconds


def _classifier(key: str) -> Classifier:
    made = Classifier.objects.create(name=key, key=key)
    for number, name in enumerate(_LABELS):
        Label.objects.create(classifier=made, number=number, name=name)
    return made


def _follow(server: Server) -> bool:
    visitor = log_in(server)
    # The first pages of a process take memory whatever is uploaded.
    path = make_classifier(visitor, key="warm", labels=_LABELS)
    upload(visitor, path, name="few.csv", content=_file("few", rows=100), within_s=_WITHIN_S)
    kept = [_upload(server, visitor, rows=rows) for rows in (ROWS, _MANY_ROWS)]
    return all(kept)


def _upload(server: Server, visitor: Visitor, *, rows: int) -> bool:
    path = make_classifier(visitor, key=f"rows-{rows}", labels=_LABELS)
    content = _file(f"form {rows}", rows=rows)
    started = time.perf_counter()
    with _peak_mb(lambda: _pids(server, "gunicorn")) as web, _peak_mb(server.descendants) as all_of_it:
        report = upload(visitor, path, name="messages.csv", content=content, within_s=_WITHIN_S)
    seconds = time.perf_counter() - started
    # Else the worker reads the new examples for minutes, beside what is measured next.
    server.shell(
        "from classifiers.models import EmbeddingRun; from moderation import runs; "
        "[runs.request_cancel(EmbeddingRun, run.pk) for run in EmbeddingRun.objects.all()]"
    )
    growth_mb = web[1] - web[0]
    remark = "" if growth_mb <= MAX_GROWTH_MB else "  MISSED"
    print(
        f"  {rows:,} rows ({len(content) / 1e6:.0f} MB) through the form, counted, confirmed, reported: {seconds:.0f} s"
    )
    print(f"    web process: +{growth_mb:.0f} MB at most (limit {MAX_GROWTH_MB:g}), from {web[0]:.0f} MB{remark}")
    print(f"    largest process of the server, the reading child included: {all_of_it[1]:.0f} MB")
    assert f"{rows:,} rows read" in " ".join(report.text.split()) or f"rows read {rows:,}" in report.text, report.text
    return growth_mb <= MAX_GROWTH_MB


@contextmanager
def _peak_mb(pids: Callable[[], list[int]]) -> Iterator[list[float]]:
    """Give the resident MB of the largest of some processes, at the beginning and at its highest. Linux only."""
    seen = [_largest_mb(pids())] * 2
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.05):
            seen[1] = max(seen[1], _largest_mb(pids()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        is_over.set()
        watcher.join()


def _largest_mb(pids: list[int]) -> float:
    return max((_resident_mb(pid) for pid in pids), default=0.0)


def _resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _pids(server: Server, word: str) -> list[int]:
    found = []
    for pid in server.descendants():
        try:
            is_wanted = word in Path(f"/proc/{pid}/cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += [pid] if is_wanted else []
    return found


def _file(word: str, *, rows: int) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(("id", "text", "label"))
    writer.writerows((number, text, _LABELS[label]) for number, (text, label) in enumerate(_rows(word, rows=rows)))
    return file.getvalue().encode()


def _rows(word: str, *, rows: int) -> Iterator[tuple[str, int]]:
    """Yield different texts, as long as messages of people are, with a label each."""
    for number in range(rows):
        yield (
            f"Hello, I saw your advert number {number} ({word}): is the lamp still there? Could you mail it? "
            f"I could also pick it up on day {number % 31 + 1}, in the evening. Thank you! {'Really. ' * (number % 9)}",
            number % 2,
        )
