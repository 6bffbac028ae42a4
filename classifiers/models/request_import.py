"""Logged requests on their way to becoming examples."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from moderation.runs import BackgroundRun


class Selection(models.TextChoices):
    USEFUL = "USEFUL", "The most useful ones"
    NEWEST = "NEWEST", "The newest"
    RANDOM = "RANDOM", "At random"
    ALL = "ALL", "All, up to the limit"


class PickReason(models.TextChoices):
    UNSURE = "UNSURE", "near the line between two labels"
    NOVEL = "NOVEL", "unlike anything among the examples"
    RARE = "RARE", "taken for a label with few examples"
    RANDOM = "RANDOM", "drawn at random"
    NEWEST = "NEWEST", "among the newest"
    ALL = "ALL", "all were wanted"


class RequestImport(BackgroundRun):
    """One search of the request log for texts worth learning from, and what was taken over from it.

    Written by `services.request_imports` and by the worker. The run only chooses; examples are written when a person
    has seen the choice and takes it (`taken_at`).
    """

    task_path = "classifiers.tasks.choose_requests"

    classifier = models.ForeignKey("classifiers.Classifier", on_delete=models.CASCADE, related_name="request_imports")
    project_ids = models.JSONField(default=list, help_text="Ids of the projects that were searched.")
    since_at = models.DateTimeField()
    until_at = models.DateTimeField()
    selection = models.CharField(max_length=10, choices=Selection.choices, default=Selection.USEFUL)
    wanted = models.PositiveIntegerField(help_text="How many texts at most.")
    predicted = models.CharField(max_length=60, blank=True, help_text="Only texts that were answered with this label.")
    score_min = models.FloatField(default=0.0)
    score_max = models.FloatField(default=1.0)
    is_flagged_only = models.BooleanField(default=False)
    looked_at = models.PositiveIntegerField(default=0)
    is_partial = models.BooleanField(default=False, help_text="Whether the period held more than was looked at.")
    filtered = models.PositiveIntegerField(default=0, help_text="How many the filters left out.")
    unusable = models.PositiveIntegerField(default=0, help_text="How many can't be examples, for example blank ones.")
    duplicates = models.PositiveIntegerField(default=0, help_text="How many were known, or were there twice.")
    near_copies = models.PositiveIntegerField(default=0)
    chosen = models.PositiveIntegerField(default=0)
    remark = models.TextField(blank=True, help_text="What couldn't be taken into account, for the user.")
    taken_at = models.DateTimeField(null=True, editable=False)
    added = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(condition=Q(since_at__lt=F("until_at")), name="request_import_period_has_length"),
            models.CheckConstraint(
                condition=Q(score_min__gte=0.0, score_max__lte=1.0, score_min__lte=F("score_max")),
                name="request_import_scores_are_shares",
            ),
            models.CheckConstraint(condition=Q(wanted__gte=1), name="request_import_wants_some"),
            models.CheckConstraint(condition=Q(added__lte=F("chosen")), name="request_import_adds_what_was_chosen"),
            models.CheckConstraint(
                condition=Q(taken_at__isnull=True) | Q(state="SUCCEEDED"), name="request_import_taken_when_done"
            ),
        ]

    def __str__(self) -> str:
        return f"Request import {self.pk}"

    @property
    def left(self) -> int:
        """How many would have fitted but weren't chosen."""
        return self.looked_at - self.filtered - self.unusable - self.duplicates - self.near_copies - self.chosen


class RequestPick(models.Model):
    """One logged request that a search chose. Written by the worker; gone once it was taken over or discarded.

    It holds no text: the request may be erased until then.
    """

    request_import = models.ForeignKey(RequestImport, on_delete=models.CASCADE, related_name="picks")
    request_id = models.BigIntegerField()
    reason = models.CharField(max_length=10, choices=PickReason.choices)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["request_import", "request_id"], name="request_pick_once"),
        ]

    def __str__(self) -> str:
        return f"Pick {self.pk}"
