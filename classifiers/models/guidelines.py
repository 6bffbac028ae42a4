"""The wordings that a classifier's labels have had."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class Guidelines(models.Model):
    """One wording of all labels' names and descriptions, as people and machines were told it.

    Written by `services.guidelines` whenever a name or a description changes; never changed afterwards. Annotations say
    which wording they followed.
    """

    classifier = models.ForeignKey("classifiers.Classifier", on_delete=models.CASCADE, related_name="guidelines")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the classifier.")
    labels = models.JSONField(default=list, help_text="Number, name and description of each label, by number.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-number",)
        verbose_name_plural = "guidelines"
        constraints = [
            models.UniqueConstraint(fields=["classifier", "number"], name="guidelines_number_once"),
        ]

    def __str__(self) -> str:
        return f"guidelines {self.number}"
