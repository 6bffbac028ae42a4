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

    Written by `services.examples` (text, origin) and `services.decisions` (label, state, confidence).
    """

    classifier = models.ForeignKey("classifiers.Classifier", on_delete=models.CASCADE, related_name="examples")
    text = models.TextField()
    text_key = models.CharField(max_length=64, editable=False, help_text="Two texts with one key are duplicates.")
    origin = models.CharField(max_length=10, choices=ExampleOrigin.choices)
    label = models.ForeignKey(
        "classifiers.Label", null=True, blank=True, on_delete=models.PROTECT, related_name="examples"
    )
    state = models.CharField(max_length=10, choices=ExampleState.choices, default=ExampleState.UNLABELLED)
    confidence = models.FloatField(
        null=True, editable=False, help_text="How sure the machine was whose suggestion holds, 0 to 1."
    )
    is_golden = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Set aside to measure on: never trained on.",
    )
    import_run = models.ForeignKey(
        "classifiers.ImportRun", null=True, blank=True, on_delete=models.SET_NULL, related_name="examples"
    )
    text_changed_at = models.DateTimeField(
        null=True, editable=False, help_text="When somebody last wrote another text over it."
    )
    request_import = models.ForeignKey(
        "classifiers.RequestImport", null=True, blank=True, on_delete=models.SET_NULL, related_name="examples"
    )
    # Plain numbers: they must outlive the request, so that its erasure still finds the example.
    source_request_id = models.BigIntegerField(null=True, blank=True, help_text="The logged request it came from.")
    source_project_id = models.BigIntegerField(null=True, blank=True, help_text="That request's project.")
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
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__gte=0.0, confidence__lte=1.0),
                name="example_confidence_is_a_share",
            ),
        ]
        indexes = [
            models.Index(fields=["classifier", "state", "label"], name="example_state_idx"),
            # Each page counts the examples of each label: 200,000 in 16 ms instead of 50.
            models.Index(fields=["classifier", "label"], name="example_label_idx"),
            # Suggestions are confirmed least sure first.
            models.Index(
                fields=["classifier", "confidence"], name="example_suggested_idx", condition=Q(state="SUGGESTED")
            ),
            # Each page counts those that are sure enough by label: of 100,000 in 12 ms instead of 140. All columns of
            # the question are in it, so that SQLite prefers it whatever it knows of the table.
            models.Index(
                fields=["classifier", "state", "label", "confidence"],
                name="example_sure_idx",
                condition=Q(state="SUGGESTED"),
            ),
            # A few hundred of 200,000; beside the label, what tells which of them count.
            models.Index(
                fields=["classifier", "state", "label"], name="example_golden_idx", condition=Q(is_golden=True)
            ),
            models.Index(
                fields=["source_request_id"], name="example_source_idx", condition=Q(source_request_id__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"Example {self.pk}"
