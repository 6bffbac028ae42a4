"""A key with which an integration calls the API for one project."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Scope(models.TextChoices):
    READ = "read", "Read: look at classifiers and results"
    MODERATE = "moderate", "Moderate: send texts for prediction"
    WRITE = "write", "Write: change examples, labels and settings"


def default_scopes() -> list[str]:
    return [Scope.READ.value, Scope.MODERATE.value]


class ApiKey(models.Model):
    """One key of a project. The secret itself is shown once and never stored. Written by `services.keys`."""

    project = models.ForeignKey("moderation.Project", on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(max_length=100, help_text="Where the key is used, for example “shop backend”.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    last_four = models.CharField(max_length=4, editable=False)
    scopes = models.JSONField(default=default_scopes)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"
        ordering = ("-created_at",)
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="api_key_name_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.name} (…{self.last_four})"

    def is_valid(self, *, at: dt.datetime) -> bool:
        """Return whether the key opens anything at the moment `at`."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at)
