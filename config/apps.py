"""Django's entry to the top floor."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ConfigConfig(AppConfig):
    """The app's name for Django, and what has to be in place after each migration."""

    name = "config"
    verbose_name = "Houserules"

    def ready(self) -> None:
        # All need loaded apps; nothing heavy is imported by any. Importing the checks registers them.
        from config import checks, schedules, worker_beats  # noqa: F401

        post_migrate.connect(schedules.ensure_after_migrate, sender=self)
        worker_beats.connect()
