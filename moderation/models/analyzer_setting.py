"""Which analyzers a project runs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class AnalyzerSetting(models.Model):
    """One analyzer, built in or a trained classifier, that a project runs on each text. Written by staff.

    `analyzer` is the key in the registry; it's no foreign key because the ground floor doesn't know classifiers.
    """

    project = models.ForeignKey("moderation.Project", on_delete=models.CASCADE, related_name="analyzers")
    analyzer = models.CharField(max_length=64)
    is_enabled = models.BooleanField("on", default=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["project", "analyzer"], name="analyzer_setting_once_a_project"),
            models.CheckConstraint(condition=~Q(analyzer=""), name="analyzer_setting_has_analyzer"),
        ]
        indexes = [models.Index(fields=["analyzer"], name="analyzer_setting_analyzer_idx")]

    def __str__(self) -> str:
        return self.analyzer
