"""Django's entry to the app."""

from django.apps import AppConfig


class ModerationConfig(AppConfig):
    """The app's name for Django."""

    name = "moderation"
    verbose_name = "Moderation"

    def ready(self) -> None:
        from moderation.analyzers.builtin import BuiltinProvider
        from moderation.analyzers.registry import registry
        from moderation.events import listen
        from moderation.services import notices

        registry.register(BuiltinProvider())
        listen(notices.tell)
