"""`manage.py reread_examples`: after a change of the encoder, queue what the Encoder page's button does."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifiers.ml.encoder import EncoderDamaged, EncoderMissing
from classifiers.services import encoder_changes, encoders
from classifiers.services.steps import counted
from moderation.services import workers


class Command(BaseCommand):
    """Queue the reading of all examples, and trainings where --train is given."""

    help = "Queue the reading of all examples that this server's encoder hasn't read, for the worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--train",
            action="store_true",
            help="Also train each classifier whose live version is of another encoder; the new version goes live.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            started = encoder_changes.start(with_training=options["train"])
            silent_count = encoder_changes.silent(encoders.get_manifest().id).count()
        except (EncoderMissing, EncoderDamaged) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(started.sentence)
        for refusal in started.refusals:
            self.stderr.write(refusal)
        if silent_count and not options["train"]:
            self.stdout.write(
                f"{counted(silent_count, 'live classifier')} can't answer until trained anew: add --train."
            )
        if started.is_waiting and not workers.is_any_alive():
            self.stdout.write("No worker is running: it waits until one is started, with manage.py serve or qcluster.")
