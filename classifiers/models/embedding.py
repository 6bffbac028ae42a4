"""Feature vectors, computed once for each text and encoder."""

from __future__ import annotations

from django.db import models


class Embedding(models.Model):
    """The features of one text under one encoder: float16 bytes, little-endian. Written by `services.embeddings`."""

    text_key = models.CharField(max_length=64)
    encoder_id = models.CharField(max_length=100)
    vector = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["encoder_id", "text_key"], name="embedding_once"),
        ]

    def __str__(self) -> str:
        return f"Embedding {self.pk}"
