"""`manage.py prepare_encoder`: export the encoder once, so that serving needs no torch."""

from __future__ import annotations

import logging
import os
import warnings
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifiers.ml.encoder import EncoderDamaged, EncoderMissing, load_encoder
from classifiers.ml.export import EXPORT_ERRORS, PACKAGED, PACKAGED_SHA256, export_encoder
from classifiers.services import encoders


class Command(BaseCommand):
    """Prepare the encoder that ENCODER names."""

    help = "Export the encoder named by ENCODER to 8-bit ONNX, check it against PyTorch, and keep it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--again", action="store_true", help="Export even if a sound one lies there.")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = encoders.current_folder()
        if not options["again"] and _is_sound(folder):
            self.stdout.write(f"The encoder {settings.ENCODER} is ready.")
            return
        _quieten()
        self.stdout.write(f"Preparing the encoder {settings.ENCODER}; this takes a minute or two, once.")
        expected = PACKAGED_SHA256 if settings.ENCODER == PACKAGED else None
        try:
            report = export_encoder(settings.ENCODER, folder=folder, expected_weights_sha256=expected)
        except EXPORT_ERRORS as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Ready: {report.id}, {report.dimension} numbers a text, layers {report.layers}. "
            f"Cosine against PyTorch: mean {report.cosine_mean:.4f}, lowest {report.cosine_min:.4f}."
        )


def _is_sound(folder: Any) -> bool:
    try:
        load_encoder(folder)
    except (EncoderMissing, EncoderDamaged):
        return False
    return True


def _quieten() -> None:
    # The exporters tell what they do with each of hundreds of nodes. Whether it went well is checked below.
    logging.getLogger().setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["TQDM_DISABLE"] = "1"
