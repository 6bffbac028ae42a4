"""The reading of new examples, ahead of the work that needs it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from moderation.runs import OPEN_STATES, BackgroundRun


class EmbeddingRun(BackgroundRun):
    """One reading of a classifier's examples whose features aren't stored yet. Written by `services.embedding_runs`."""

    task_path = "classifiers.tasks.read_examples"

    classifier = models.ForeignKey("classifiers.Classifier", on_delete=models.CASCADE, related_name="embedding_runs")
    computed = models.PositiveIntegerField(default=0, help_text="How many texts were read.")

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["classifier"], condition=Q(state__in=OPEN_STATES), name="embedding_run_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Embedding run {self.pk}"
