"""How a classifier's texts are annotated."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q


class AnnotationSetting(models.Model):
    """What staff chose for one classifier. Written by staff; without a row the defaults hold."""

    classifier = models.OneToOneField(
        "classifiers.Classifier", on_delete=models.CASCADE, related_name="annotation_setting"
    )
    monthly_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Automated annotations a month for this classifier; empty: no limit of its own.",
    )
    overlap_percent = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(100)],
        help_text="Of 100 texts, how many a second person labels too, so that agreement can be measured.",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(overlap_percent__lte=100), name="annotation_setting_overlap_is_percent"),
        ]

    def __str__(self) -> str:
        return f"Annotation setting {self.pk}"
