"""Django's entry to the app."""

from django.apps import AppConfig


class ClassifiersConfig(AppConfig):
    """The app's name for Django."""

    name = "classifiers"
    verbose_name = "Classifiers"

    def ready(self) -> None:
        # Models are loaded only now.
        from classifiers.analyzer import ClassifierProvider
        from moderation.analyzers.registry import registry

        registry.register(ClassifierProvider())
