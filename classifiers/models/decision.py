"""Who or what gave which example which label."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class DecisionSource(models.TextChoices):
    PERSON = "PERSON", "Person"
    IMPORT = "IMPORT", "Import"
    LLM = "LLM", "Language model"
    OFFLINE = "OFFLINE", "Offline annotator"
    MODEL = "MODEL", "Classifier"


class Decision(models.Model):
    """One judgement about one example. Only ever added (undo adds one); written by `services.decisions`.

    `label` is null where a person takes a label away. `import_run` is the upload that it came with, or whose undoing
    it is part of.
    """

    example = models.ForeignKey("classifiers.Example", on_delete=models.CASCADE, related_name="decisions")
    label = models.ForeignKey("classifiers.Label", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=10, choices=DecisionSource.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    import_run = models.ForeignKey(
        "classifiers.ImportRun", null=True, blank=True, on_delete=models.SET_NULL, related_name="decisions"
    )
    confidence = models.FloatField(null=True, blank=True, help_text="How sure the source was, 0 to 1.")
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__gte=0.0, confidence__lte=1.0),
                name="decision_confidence_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(label__isnull=False) | Q(source="PERSON"), name="decision_only_people_clear"
            ),
        ]

    def __str__(self) -> str:
        return f"Decision {self.pk}"
