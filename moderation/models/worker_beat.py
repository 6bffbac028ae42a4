"""Signs of life of the worker processes."""

from __future__ import annotations

from django.db import models


class WorkerBeat(models.Model):
    """One worker process and when it was last alive. Written by the process itself every few seconds."""

    name = models.CharField(max_length=200, unique=True, help_text="Host and process id.")
    seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name
