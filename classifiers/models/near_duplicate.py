"""Examples that say nearly the same."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from moderation.runs import OPEN_STATES, BackgroundRun

LEAST_THRESHOLD, MOST_THRESHOLD = 0.9, 0.99


class NearDuplicateRun(BackgroundRun):
    """One search of a classifier's examples for near-duplicates. Written by `services.near_duplicates`, the worker."""

    task_path = "classifiers.tasks.find_near_duplicates"

    classifier = models.ForeignKey(
        "classifiers.Classifier", on_delete=models.CASCADE, related_name="near_duplicate_runs"
    )
    threshold = models.FloatField(default=0.95, help_text="Cosine from which on two texts count as near-duplicates.")
    example_count = models.PositiveIntegerField(default=0, help_text="How many examples were compared.")

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["classifier"],
                condition=Q(state__in=OPEN_STATES),
                name="near_duplicate_one_run_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(threshold__gte=LEAST_THRESHOLD, threshold__lte=MOST_THRESHOLD),
                name="near_duplicate_threshold_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"Near-duplicate run {self.pk}"


class NearDuplicate(models.Model):
    """One example in one group of near-duplicates. Written by the worker; those of the last run are kept."""

    run = models.ForeignKey(NearDuplicateRun, on_delete=models.CASCADE, related_name="members")
    example = models.ForeignKey("classifiers.Example", on_delete=models.CASCADE, related_name="+")
    group = models.PositiveIntegerField(help_text="1, 2, 3 … within the run.")

    class Meta:
        ordering = ("run", "group", "example")
        constraints = [
            models.UniqueConstraint(fields=["run", "example"], name="near_duplicate_once"),
        ]
        indexes = [models.Index(fields=["run", "group", "example"], name="near_duplicate_group_idx")]

    def __str__(self) -> str:
        return f"Near-duplicate {self.pk}"


class KeptApart(models.Model):
    """A person's word that an example is worth keeping beside its near-duplicates. Written by staff.

    Examples with one `set_number` were judged together: a group that lies within one set isn't shown again.
    """

    example = models.OneToOneField("classifiers.Example", on_delete=models.CASCADE, related_name="kept_apart")
    set_number = models.BigIntegerField(help_text="The lowest id among the examples that were judged together.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "kept apart"

    def __str__(self) -> str:
        return f"Kept {self.pk}"
