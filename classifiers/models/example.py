"""A text that a classifier learns from."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class ExampleState(models.TextChoices):
    UNLABELLED = "UNLABELLED", "Unlabelled"
    SUGGESTED = "SUGGESTED", "Suggested"
    CONFIRMED = "CONFIRMED", "Confirmed"


class ExampleOrigin(models.TextChoices):
    UPLOAD = "UPLOAD", "Upload"
    REQUEST = "REQUEST", "Logged request"
    TYPED = "TYPED", "Typed"
    API = "API", "API"


class Example(models.Model):
    """One text of a classifier with its current label, which follows from its decisions by one rule.

    Written by `services.examples` (text, origin) and `services.decisions` (label, state).
    """

    classifier = models.ForeignKey("classifiers.Classifier", on_delete=models.CASCADE, related_name="examples")
    text = models.TextField()
    text_key = models.CharField(max_length=64, editable=False, help_text="Two texts with one key are duplicates.")
    origin = models.CharField(max_length=10, choices=ExampleOrigin.choices)
    label = models.ForeignKey(
        "classifiers.Label", null=True, blank=True, on_delete=models.PROTECT, related_name="examples"
    )
    state = models.CharField(max_length=10, choices=ExampleState.choices, default=ExampleState.UNLABELLED)
    import_run = models.ForeignKey(
        "classifiers.ImportRun", null=True, blank=True, on_delete=models.SET_NULL, related_name="examples"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(fields=["classifier", "text_key"], name="example_text_once"),
            models.CheckConstraint(condition=~Q(text=""), name="example_text_not_empty"),
            models.CheckConstraint(
                condition=Q(label__isnull=True, state="UNLABELLED") | (Q(label__isnull=False) & ~Q(state="UNLABELLED")),
                name="example_label_fits_state",
            ),
        ]
        indexes = [
            models.Index(fields=["classifier", "state", "label"], name="example_state_idx"),
        ]

    def __str__(self) -> str:
        return f"Example {self.pk}"
