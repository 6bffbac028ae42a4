"""A classifier and its labels."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

KEY_PATTERN = r"^[a-z][a-z0-9_-]{1,62}$"


class ClassifierType(models.TextChoices):
    CLASSIFIER = "CLASSIFIER", "Classifier: gives each text one of your labels"
    RANKING = "RANKING", "Ranking: your labels are steps from worst to best, and each text gets its place among them"


class Classifier(models.Model):
    """One trained (or soon to be trained) text classifier. Written by staff; `live_version` by promotion."""

    type = models.CharField(
        max_length=20,
        choices=ClassifierType.choices,
        default=ClassifierType.CLASSIFIER,
        help_text="What it does.",
    )
    name = models.CharField(max_length=100, unique=True, help_text="As your colleagues call it.")
    key = models.CharField(
        max_length=63,
        unique=True,
        validators=[
            RegexValidator(
                KEY_PATTERN,
                "Start with a lower-case letter; then lower-case letters, digits, - and _ (2 to 63 characters).",
            )
        ],
        help_text="Its name in the API. It can't be changed later, because integrations use it.",
    )
    description = models.TextField(blank=True, help_text="What question it answers about a text.")
    live_version = models.ForeignKey(
        "classifiers.Version",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )
    labels_locked_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Since the first training the labels stay as they are.",
    )
    trains_on_suggestions = models.BooleanField(
        default=True, db_default=True, help_text="Whether labels that only a machine has given are learnt from too."
    )
    suggestion_floor = models.FloatField(
        default=0.7, db_default=0.7, help_text="Suggestions less sure than this aren't learnt from, 0 to 1."
    )
    tries_deep = models.BooleanField(
        default=False, db_default=False, help_text="Whether a training also tries to adapt the encoder's upper layers."
    )
    costs = models.JSONField(
        default=dict, blank=True, help_text="What a miss, a wrong flag and a minute of review cost, as last given."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="classifier_name_not_empty"),
            models.CheckConstraint(condition=~Q(key=""), name="classifier_key_not_empty"),
            models.CheckConstraint(
                condition=Q(suggestion_floor__gte=0.0, suggestion_floor__lte=1.0),
                name="classifier_floor_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def has_locked_labels(self) -> bool:
        return self.labels_locked_at is not None

    @property
    def is_ranking(self) -> bool:
        return self.type == ClassifierType.RANKING


class Label(models.Model):
    """One answer that a classifier can give. Written by staff until the first training."""

    classifier = models.ForeignKey(Classifier, on_delete=models.CASCADE, related_name="labels")
    number = models.PositiveSmallIntegerField(help_text="0, 1, 2 … in the order of creation; used in uploads.")
    name = models.CharField(max_length=60)
    description = models.TextField(
        blank=True,
        help_text="The rule, for people and for the machine: what belongs here, what doesn't, and why.",
    )
    color = models.CharField(
        max_length=7,
        default="#64748b",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", "Give a color like #2563eb.")],
    )

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(fields=["classifier", "number"], name="label_number_once"),
            models.UniqueConstraint("classifier", Lower("name"), name="label_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="label_name_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name
