"""`manage.py import_examples`: import a file of examples in this process, without a browser or a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifiers.importing.delimiters import DELIMITERS
from classifiers.models import Classifier, ImportRun
from classifiers.services import direct_imports, imports, refusals
from classifiers.services.direct_imports import AlreadyImported, BadReading, Reading
from classifiers.services.imports import FileRefused, NotConfirmable
from classifiers.services.steps import counted
from moderation import runs
from moderation.runs import Claim, RunCancelled, RunState

_BAR_CHARS = 30
_REFUSALS_SHOWN = 20


@dataclass(frozen=True)
class WatchedClaim(Claim):
    """A hold on a run that also says to somebody who watches how far it is."""

    show: Callable[[float, str], None]

    def beat(self, *, progress: float | None = None, step: str | None = None, **values: Any) -> None:
        super().beat(progress=progress, step=step, **values)
        if progress is not None:
            self.show(progress, step or "")


class Command(BaseCommand):
    """Import a file of examples."""

    help = "Import a CSV, Excel or JSONL file of examples into a classifier, here and now."

    def add_arguments(self, parser: CommandParser) -> None:
        by_name = {name: delimiter for delimiter, name in DELIMITERS.items()}
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--classifier", required=True, metavar="KEY", help="The classifier's key.")
        parser.add_argument("--text-column", required=True, metavar="NAME", help="The column that holds the texts.")
        parser.add_argument("--label-column", default="", metavar="NAME", help="The column with numbers or names.")
        parser.add_argument("--encoding", default="", help="Of a CSV file that isn't UTF-8, for example cp1252.")
        parser.add_argument(
            "--delimiter",
            default="",
            type=lambda given: by_name.get(given, given),
            help=f"What parts the cells of a CSV file: {', '.join(by_name)}.",
        )
        parser.add_argument("--sheet", default="", metavar="NAME", help="Of a workbook; without it, the first one.")
        parser.add_argument("--again", action="store_true", help="Import the file even if it was imported before.")

    def handle(self, *args: Any, **options: Any) -> None:
        run = self._start(options)
        runs.execute(ImportRun, run.pk, work=self._carry_out)
        run.refresh_from_db()
        self._report(run)
        if run.state != RunState.SUCCEEDED:
            raise CommandError(run.error)

    def _start(self, options: dict[str, Any]) -> ImportRun:
        classifier = Classifier.objects.filter(key=options["classifier"]).first()
        if classifier is None:
            keys = ", ".join(Classifier.objects.order_by("key").values_list("key", flat=True)[:20])
            raise CommandError(f"There is no classifier with the key {options['classifier']}; there are: {keys}.")
        reading = Reading(**{field.name: options[field.name] for field in fields(Reading)})
        path: Path = options["file"]
        try:
            with path.open("rb") as opened:
                file = File(opened, name=path.name)
                return direct_imports.start(
                    classifier.pk, file=file, reading=reading, is_again=options["again"], is_sent=False
                )
        except OSError as error:
            raise CommandError(f"The file {path} can't be opened: {error.strerror}.") from error
        except (FileRefused, BadReading, AlreadyImported, NotConfirmable) as error:
            raise CommandError(str(error)) from error

    def _carry_out(self, claim: Claim) -> None:
        watched = WatchedClaim(claim.model, claim.run_id, claim.token, show=self._show)
        try:
            imports.carry_out(watched)
        except KeyboardInterrupt as error:
            # What was added so far stays, as it does where a person cancels on the screen.
            raise RunCancelled from error

    def _show(self, progress: float, step: str) -> None:
        # Only a terminal can write over a line.
        if self.stdout.isatty():
            bar = "#" * round(_BAR_CHARS * progress)
            self.stdout.write(f"\r[{bar:.<{_BAR_CHARS}}] {progress:4.0%}  {step:<40.40}", ending="")
            self.stdout.flush()

    def _report(self, run: ImportRun) -> None:
        if self.stdout.isatty():
            self.stdout.write("")
        self.stdout.write(
            f"{counted(run.read, 'row')} read: {run.added:,} added ({run.labelled:,} with a label), "
            f"{counted(run.duplicates, 'duplicate')} ({run.relabelled:,} of them got a label), {run.refused:,} refused."
        )
        shown, following = refusals.page(run, after_row=0, limit=_REFUSALS_SHOWN)
        for refusal in shown:
            self.stdout.write(f"Row {refusal.row_number:,}: {refusal.reason}")
        if following is not None:
            self.stdout.write(f"The other {run.refused - len(shown):,} are in the report of import {run.pk}.")
