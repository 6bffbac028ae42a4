"""`manage.py prepare_encoder`: export the encoder once, so that serving needs no torch."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, ProgrammingError, connection

from classifiers.ml.encoder import EncoderDamaged, EncoderMissing, load_encoder
from classifiers.ml.export import EXPORT_ERRORS, export_encoder
from classifiers.services import encoder_changes, encoders
from classifiers.services.steps import counted


class Command(BaseCommand):
    """Prepare the encoder that ENCODER names."""

    help = "Export the encoder named by ENCODER to 8-bit ONNX, check it against PyTorch, and keep it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--again", action="store_true", help="Export even if a sound one lies there.")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = encoders.current_folder()
        if not options["again"] and _is_sound(folder):
            self.stdout.write(f"The encoder {settings.ENCODER} is ready.")
            self._say_what_is_left()
            return
        quieten()
        self.stdout.write(f"Preparing the encoder {settings.ENCODER}; this takes a minute or two, once.")
        try:
            report = export_encoder(settings.ENCODER, folder=folder)
        except EXPORT_ERRORS as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Ready: {report.id}, {report.dimension} numbers a text, layers {report.layers}. "
            f"Cosine against PyTorch: mean {report.cosine_mean:.4f}, lowest {report.cosine_min:.4f}."
        )
        self._say_what_is_left()

    def _say_what_is_left(self) -> None:
        if count := _count_silent():
            self.stdout.write(
                f"{counted(count, 'live classifier')} can't answer until trained anew with it. Press the button on "
                "the admin's page Encoder, or run: python manage.py reread_examples --train"
            )


def _is_sound(folder: Any) -> bool:
    try:
        load_encoder(folder)
    except (EncoderMissing, EncoderDamaged):
        return False
    return True


def quieten() -> None:
    """Keep the libraries that load and export models from telling of each step."""
    # The exporters tell what they do with each of hundreds of nodes. Whether it went well is checked below.
    logging.getLogger().setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["TQDM_DISABLE"] = "1"


def _count_silent() -> int:
    # The encoder may be prepared before there is a database: nothing is live then, and looking must not make one.
    is_file = connection.vendor == "sqlite" and not connection.is_in_memory_db()
    if is_file and not Path(connection.settings_dict["NAME"]).exists():
        return 0
    try:
        return encoder_changes.silent(encoders.get_manifest().id).count()
    except (OperationalError, ProgrammingError):
        return 0
