"""Django's entry to the app."""

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    """The app's name for Django."""

    name = "annotation"
    verbose_name = "Annotation"
