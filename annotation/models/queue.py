"""What to label next: an order worked out in the background, and who has which text before them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from moderation.runs import OPEN_STATES, BackgroundRun


class QueueCode(models.TextChoices):
    """The orders in which a person can be given texts. The codes are stored with the answers."""

    USEFUL = "USEFUL", "Most useful first"
    CONFIRM = "CONFIRM", "Suggestions to confirm"
    MISTAKES = "MISTAKES", "Likely mistakes"
    DISAGREE = "DISAGREE", "Where people and machines disagree"
    NEAR = "NEAR", "Near a text"
    LABEL = "LABEL", "Near a label"
    NEWEST = "NEWEST", "Newest first"
    RANDOM = "RANDOM", "At random"
    OVERLAP = "OVERLAP", "Second opinions"


class QueueMethod(models.TextChoices):
    CLUSTERS = "CLUSTERS", "One text of each kind"
    MARGIN = "MARGIN", "Where the choice is closest"


class QueueRun(BackgroundRun):
    """One working out of which unlabelled texts of a classifier are most worth a label.

    Written by `services.queue_runs` and by the worker. The entries of the last finished one are the queue.
    """

    task_path = "annotation.tasks.order_queue"

    classifier = models.ForeignKey("classifiers.Classifier", on_delete=models.CASCADE, related_name="queue_runs")
    method = models.CharField(max_length=10, choices=QueueMethod.choices, blank=True)
    labelled_count = models.PositiveIntegerField(
        default=0, help_text="How many confirmed labels it was worked out from."
    )
    pool_count = models.PositiveIntegerField(default=0, help_text="How many unlabelled texts were compared.")

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["classifier"], condition=Q(state__in=OPEN_STATES), name="queue_run_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Queue run {self.pk}"


class QueueEntry(models.Model):
    """One text's place in the queue. Written by the worker; those of the last finished run are kept."""

    run = models.ForeignKey(QueueRun, on_delete=models.CASCADE, related_name="entries")
    example = models.ForeignKey("classifiers.Example", on_delete=models.CASCADE, related_name="+")
    place = models.PositiveIntegerField(help_text="1, 2, 3 … within the run.")
    cluster = models.PositiveIntegerField(null=True, help_text="Which kind of text it stands for.")
    margin = models.FloatField(null=True, help_text="Between the scores of its two likeliest labels, 0 to 1.")
    first_number = models.PositiveSmallIntegerField(null=True, help_text="Number of its likeliest label.")
    second_number = models.PositiveSmallIntegerField(null=True, help_text="Number of the next likeliest.")

    class Meta:
        ordering = ("run", "place")
        constraints = [
            models.UniqueConstraint(fields=["run", "example"], name="queue_entry_once"),
            models.UniqueConstraint(fields=["run", "place"], name="queue_place_once"),
        ]

    def __str__(self) -> str:
        return f"Queue entry {self.pk}"


class QueueMap(models.Model):
    """The texts that a queue run compared, as points of a small space, so that what lies near a text is found at once.

    Written by the worker; that of the last finished run is kept. `annotation.ordering.sketch` says what is in it.
    """

    run = models.OneToOneField(QueueRun, on_delete=models.CASCADE, related_name="map")
    # Names the content for caches: a restored backup can give a run's id to another one.
    content_id = models.UUIDField(default=uuid.uuid4, editable=False)
    encoder_id = models.CharField(max_length=100)
    example_ids = models.BinaryField(help_text="int64, little-endian, one for each point.")
    points = models.BinaryField(help_text="int8, one row for each example.")
    directions = models.BinaryField(help_text="float32, little-endian, one row for each feature.")

    def __str__(self) -> str:
        return f"Queue map {self.pk}"


class Lease(models.Model):
    """One text that lies before a person, so that nobody else is given it. Written by `services.leases`."""

    example = models.OneToOneField("classifiers.Example", on_delete=models.CASCADE, related_name="lease")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    until_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "until_at"], name="lease_user_idx")]

    def __str__(self) -> str:
        return f"Lease {self.pk}"


class Answer(models.Model):
    """What one person did with one text that lay before them: gave it a label, or skipped it.

    Written by `services.answers`. Undoing marks it; the decision that it led to stays, with one that undoes it.
    """

    example = models.ForeignKey("classifiers.Example", on_delete=models.CASCADE, related_name="answers")
    # Of the example; here so that today's counts and a person's last answers are found by an index.
    classifier = models.ForeignKey("classifiers.Classifier", on_delete=models.CASCADE, related_name="answers")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    label = models.ForeignKey(
        "classifiers.Label",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="None: skipped.",
    )
    preselected = models.ForeignKey(
        "classifiers.Label",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The label that was selected when the text appeared.",
    )
    former_label = models.ForeignKey(
        "classifiers.Label",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The label that the text had until then.",
    )
    former_state = models.CharField(max_length=10, blank=True, help_text="The state of the text until then.")
    queue = models.CharField(max_length=20, choices=QueueCode.choices, blank=True)
    decision = models.ForeignKey("classifiers.Decision", null=True, on_delete=models.SET_NULL, related_name="+")
    is_adjudication = models.BooleanField(default=False, help_text="Whether it settles a disagreement of others.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    undone_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(
                condition=Q(decision__isnull=True) | Q(label__isnull=False), name="answer_decision_has_label"
            ),
        ]
        indexes = [
            models.Index(fields=["classifier", "user", "id"], name="answer_person_idx"),
            models.Index(fields=["example", "user"], name="answer_example_idx"),
            models.Index(fields=["classifier", "created_at"], name="answer_day_idx"),
        ]

    def __str__(self) -> str:
        return f"Answer {self.pk}"
