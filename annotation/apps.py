"""Django's entry to the app."""

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    """The app's name for Django."""

    name = "annotation"
    verbose_name = "Annotation"

    def ready(self) -> None:
        # Models are loaded only now.
        from annotation.services import remarks
        from classifiers.services import outlook

        outlook.register(remarks.give)
