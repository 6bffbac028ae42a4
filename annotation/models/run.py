"""Annotation by a machine: runs, and what each said about each text."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.urls import reverse

from moderation.events import Event
from moderation.runs import OPEN_STATES, BackgroundRun, RunState


class Annotator(models.TextChoices):
    LLM = "LLM", "Language model"
    OFFLINE = "OFFLINE", "Offline annotator"


class Pick(models.TextChoices):
    FIRST = "FIRST", "A first few, to see how it goes"
    USEFUL = "USEFUL", "The most useful ones"
    ALL = "ALL", "All that have no label"
    AGAIN = "AGAIN", "The same texts as an earlier run"


class AnnotationRun(BackgroundRun):
    """One annotation of some of a classifier's texts by a machine. Written by `services.annotation_runs`, the worker.

    Costs are in the currency of the price table in the settings; 0 where the model's price isn't known.
    """

    task_path = "annotation.tasks.annotate"

    classifier = models.ForeignKey("classifiers.Classifier", on_delete=models.CASCADE, related_name="annotation_runs")
    guidelines = models.ForeignKey("classifiers.Guidelines", on_delete=models.PROTECT, related_name="+")
    annotator = models.CharField(max_length=10, choices=Annotator.choices)
    model = models.CharField(max_length=100, blank=True, help_text="Which language model.")
    pick = models.CharField(max_length=10, choices=Pick.choices)
    repeats = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="repetitions",
        help_text="The earlier run whose texts were annotated again.",
    )
    # A label that is removed may leave its number to another one; its id never.
    label_ids = models.JSONField(default=dict, help_text="Number to id of each label when the run was started.")
    is_pause_requested = models.BooleanField(default=False)
    picked_at = models.DateTimeField(null=True, editable=False, help_text="When its texts had been picked.")
    text_count = models.PositiveIntegerField(default=0, help_text="How many texts were to be annotated.")
    annotated = models.PositiveIntegerField(default=0, help_text="How many were given a label so far.")
    shared = models.PositiveIntegerField(default=0, help_text="Of these, how many took a near-duplicate's label.")
    refused = models.PositiveIntegerField(default=0, help_text="How many were not annotated, each with its reason.")
    calls = models.PositiveIntegerField(default=0, help_text="How many calls were made, repeated ones included.")
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0))

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["classifier"], condition=Q(state__in=OPEN_STATES), name="annotation_run_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Annotation run {self.pk}"

    def ended_event(self) -> Event | None:
        """Return what is told to the person who asked for the run, now that it has ended or was paused."""
        if self.state == RunState.CANCELLED or (self.state == RunState.PAUSED and self.is_pause_requested):
            # A person said so, who needn't be told.
            return None
        is_done = self.state == RunState.SUCCEEDED
        counts = {"text_count": self.text_count, "annotated": self.annotated, "refused": self.refused}
        return Event(
            name="annotation.done" if is_done else "annotation.stopped",
            subject=f"Annotation of {self.classifier}: {'done' if is_done else self.get_state_display().lower()}",
            sentence=self.outcome if is_done else self.error,
            url=reverse(
                "admin:classifiers_classifier_annotation_run",
                kwargs={"object_id": self.classifier_id, "run_id": self.pk},
            ),
            user_id=self.requested_by_id,
            is_bad=not is_done or (self.text_count > 0 and not self.annotated),
            data={"classifier_id": self.classifier_id, "run_id": self.pk, **counts},
        )

    @property
    def outcome(self) -> str:
        """Return what the run has brought, in a sentence."""
        if not self.text_count:
            return "There was no text left to annotate."
        said = f"Texts with a suggested label: {self.annotated:,} of {self.text_count:,}."
        if not self.refused:
            return said
        return f"{said} Not annotated: {self.refused:,}; the result says why for each."


class AnnotationState(models.TextChoices):
    WAITING = "WAITING", "Waiting"
    LABELLED = "LABELLED", "Labelled"
    REFUSED = "REFUSED", "Not annotated"


class Annotation(models.Model):
    """What one run says about one text; `same_as` is the near-duplicate that was asked instead.

    Written by `services.annotation_runs` and by the worker.
    """

    run = models.ForeignKey(AnnotationRun, on_delete=models.CASCADE, related_name="annotations")
    example = models.ForeignKey("classifiers.Example", on_delete=models.CASCADE, related_name="annotations")
    text_key = models.CharField(max_length=64, help_text="The text's key when it was picked: it may change later.")
    same_as = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="copies")
    state = models.CharField(max_length=10, choices=AnnotationState.choices, default=AnnotationState.WAITING)
    label = models.ForeignKey("classifiers.Label", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    confidence = models.FloatField(null=True, help_text="How sure the annotator says it is, 0 to 1.")
    reason = models.TextField(blank=True, help_text="Its reason, in a sentence.")
    problem = models.TextField(blank=True, help_text="Why the text was not annotated.")
    decision = models.ForeignKey("classifiers.Decision", null=True, on_delete=models.SET_NULL, related_name="+")
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    answered_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["run", "example"], name="annotation_once"),
            models.CheckConstraint(
                condition=Q(state="LABELLED", label__isnull=False) | (~Q(state="LABELLED") & Q(label__isnull=True)),
                name="annotation_label_fits_state",
            ),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__gte=0.0, confidence__lte=1.0),
                name="annotation_confidence_is_a_share",
            ),
        ]
        indexes = [models.Index(fields=["run", "state", "id"], name="annotation_state_idx")]

    def __str__(self) -> str:
        return f"Annotation {self.pk}"


class AllowanceUse(models.Model):
    """How many calls were made in one month of the plan, by one classifier or (null) by the whole installation.

    Written by `services.allowances`, before each call.
    """

    classifier = models.ForeignKey("classifiers.Classifier", null=True, on_delete=models.CASCADE, related_name="+")
    period_date = models.DateField(help_text="The day on which the month of the plan began.")
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["classifier", "period_date"], name="allowance_use_once"),
            models.UniqueConstraint(
                fields=["period_date"], condition=Q(classifier__isnull=True), name="allowance_use_installation_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Allowance use {self.pk}"
