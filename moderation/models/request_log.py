"""What was asked and answered."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone


def new_content_id() -> str:
    return secrets.token_hex(12)


class RequestLog(models.Model):
    """One text that a project sent, with the answer. Written by the API where the project stores requests."""

    project = models.ForeignKey("moderation.Project", on_delete=models.CASCADE, related_name="requests")
    api_key = models.ForeignKey("moderation.ApiKey", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    content_id = models.CharField(max_length=100, default=new_content_id)
    text = models.TextField()
    author_id = models.CharField(max_length=200, blank=True)
    context_id = models.CharField(max_length=200, blank=True)
    channel = models.CharField(max_length=100, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    endpoint = models.CharField(max_length=40, help_text="The call that brought it, for example moderate/text.")
    findings = models.JSONField(default=dict, help_text="One entry per analyzer, as answered.")
    is_flagged = models.BooleanField("flagged", default=False)
    duration_ms = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-pk",)
        indexes = [
            models.Index(fields=["project", "-created_at"], name="request_log_project_idx"),
            models.Index(fields=["project", "content_id"], name="request_log_content_idx"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="request_log_has_text"),
            models.CheckConstraint(condition=~Q(content_id=""), name="request_log_has_content_id"),
        ]

    def __str__(self) -> str:
        return self.content_id
