"""What a person should know although they weren't looking."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Notice(models.Model):
    """One thing that came to an end, told to the person who asked for it. Written by `services.notices`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    subject = models.CharField(max_length=200)
    text = models.CharField(max_length=500)
    url = models.CharField(max_length=300, blank=True, help_text="Where to look, as a path on this server.")
    is_bad = models.BooleanField(default=False, help_text="Whether it tells of a failure.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    seen_at = models.DateTimeField(null=True, editable=False)
    mail_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    mailed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("-pk",)
        constraints = [models.CheckConstraint(condition=~Q(subject=""), name="notice_subject_not_empty")]
        indexes = [
            models.Index(fields=["user", "id"], name="notice_unseen_idx", condition=Q(seen_at__isnull=True)),
            models.Index(fields=["created_at"], name="notice_unmailed_idx", condition=Q(mailed_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"Notice {self.pk}"
