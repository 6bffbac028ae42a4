"""`manage.py tune_encoder`: tune the shared encoder on a folder of labelled sets."""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from classifiers.management.commands.prepare_encoder import quieten


class Command(BaseCommand):
    """Tune an encoder."""

    help = (
        "Tune the upper layers of an encoder on labelled sets, and write what that added to its weights. ENCODER then "
        "takes the output folder. After a stop the same command goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data", required=True, type=Path, metavar="FOLDER", help="A folder for each set, with a train.csv."
        )
        parser.add_argument("--output", required=True, type=Path, metavar="FOLDER", help="Where the tuned layers go.")
        parser.add_argument("--base", default="all-MiniLM-L6-v2", help="The encoder to start from: a name or a folder.")
        parser.add_argument("--epochs", type=_positive, help="How often each text is seen.")
        parser.add_argument("--most-texts", type=_positive, metavar="N", help="Of each set, at most.")
        parser.add_argument("--attacked", type=_share, metavar="SHARE", help="Of the texts, disguised on the way in.")
        parser.add_argument("--seed", type=int, help="Another seed gives another order.")
        parser.add_argument("--device", default="auto", help="cpu, cuda, or auto: a GPU where there is one.")

    def handle(self, *args: Any, **options: Any) -> None:
        quieten()
        # They import torch, which no other command needs.
        import torch

        from classifiers.ml.tuning import making
        from classifiers.ml.tuning.recipe import Recipe

        device = options["device"]
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        given = {
            name: options[name] for name in ("epochs", "most_texts", "attacked", "seed") if options[name] is not None
        }
        torch.use_deterministic_algorithms(True)
        # Into a log it writes a line now and then.
        with tqdm(unit=" steps", file=self.stderr, mininterval=0.5 if self.stderr.isatty() else 30) as bar:

            def show(step: int, steps: int, loss: float) -> None:
                if bar.total is None:
                    # After a stop it doesn't begin at 0, and the time left is told by the steps from here on.
                    bar.total, bar.initial, bar.n = steps, step - 1, step - 1
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
                bar.update(step - bar.n)

            try:
                manifest = making.make(
                    options["data"],
                    output=options["output"],
                    base=options["base"],
                    recipe=replace(Recipe(), **given),
                    device=device,
                    on_progress=show,
                )
            except (*making.ERRORS, OSError) as error:
                raise CommandError(str(error)) from error
        self.stdout.write(
            f"Tuned {manifest.base}: {options['output']} (SHA-256 {manifest.delta_sha256[:12]}). "
            f"Set ENCODER={options['output'].resolve()} and run: python manage.py prepare_encoder"
        )


def _positive(value: str) -> int:
    if not value.isdecimal() or not int(value):
        raise ArgumentTypeError(f"“{value}” must be a whole number from 1 on.")
    return int(value)


def _share(value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ArgumentTypeError(f"“{value}” must be a number from 0 to 1, such as 0.3.")
    return share
