"""A project: what one site or app sends its texts to."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Project(models.Model):
    """One site, app or environment with its own API keys, analyzers and request log. Written by staff."""

    name = models.CharField(max_length=100, unique=True)
    description = models.TextField(blank=True, help_text="What this project is for, for your colleagues.")
    is_logging = models.BooleanField(
        "store requests",
        default=False,
        help_text=(
            "Keep the texts that are sent, so that they can become training examples later. "
            "A caller can still say doNotStore for a single text."
        ),
    )
    is_active = models.BooleanField(default=True, help_text="Switched off, all keys of the project are refused.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="project_name_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name
