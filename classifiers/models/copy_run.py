"""The copying of a classifier's examples into another one."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from moderation.runs import BackgroundRun


class CopyRun(BackgroundRun):
    """One copying of examples from `source` into the new `classifier`. Written by `services.copying` and the worker.

    `last_id` is the last example of the source that was looked at: another attempt goes on behind it.
    """

    task_path = "classifiers.tasks.copy_examples"

    source = models.ForeignKey("classifiers.Classifier", on_delete=models.CASCADE, related_name="copies")
    classifier = models.OneToOneField("classifiers.Classifier", on_delete=models.CASCADE, related_name="copy_run")
    is_confirmed_only = models.BooleanField(default=False, help_text="Only examples with a confirmed label come along.")
    takes_suggestions = models.BooleanField(default=True, help_text="Suggestions come along; else only the texts.")
    label_pairs = models.JSONField(default=dict, help_text="Id of each label of the source to that of its copy.")
    until_id = models.BigIntegerField(default=0, help_text="The source's newest example when the copy was made.")
    last_id = models.BigIntegerField(default=0, help_text="The last of the source's examples that was looked at.")
    read = models.PositiveIntegerField("examples read", default=0)
    added = models.PositiveIntegerField(default=0)
    confirmed = models.PositiveIntegerField(default=0, help_text="Of those added, how many with a confirmed label.")
    suggested = models.PositiveIntegerField(default=0, help_text="Of those added, how many with a suggestion.")
    lost_labels = models.PositiveIntegerField(
        default=0, help_text="Of those added, how many lost their label because it has no copy."
    )
    duplicates = models.PositiveIntegerField(default=0, help_text="How many texts the new classifier had already.")

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(
                condition=Q(read=F("added") + F("duplicates")),
                name="copy_run_sums_match",
            ),
            models.CheckConstraint(condition=~Q(source=F("classifier")), name="copy_run_into_another_classifier"),
        ]

    def __str__(self) -> str:
        return f"Copy run {self.pk}"
