"""One training of a classifier: a run that becomes a model."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse

from moderation.events import Event
from moderation.runs import OPEN_STATES, BackgroundRun, RunState


class Version(BackgroundRun):
    """One training: the snapshot it was trained on, its honest scores, and the artifact.

    Written by `services.training`. `scores` are out-of-fold: each text was scored by a model that never saw it. Where
    enough examples are confirmed, they count these only; `measured_on` in them says which.
    """

    task_path = "classifiers.tasks.train_version"

    classifier = models.ForeignKey("classifiers.Classifier", on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the classifier.")
    encoder_id = models.CharField(max_length=100, blank=True)
    labels = models.JSONField(default=list, help_text="Number and name of each label at that time.")
    label_counts = models.JSONField(default=dict, help_text="Label number to how many examples.")
    example_count = models.PositiveIntegerField(default=0)
    suggested_count = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How many of the examples had a label that only a machine had given."
    )
    data_sha256 = models.CharField(max_length=64, blank=True, help_text="Hash of texts and labels trained on.")
    scores = models.JSONField(default=dict, help_text="Out-of-fold accuracy, macro-F1, and per label P, R, F1.")
    macro_f1 = models.FloatField("F1", null=True, help_text="Macro-averaged, out-of-fold, 0 to 1.")
    settings = models.JSONField(default=dict, help_text="What the training chose, for example C.")
    thresholds = models.JSONField(
        default=dict, blank=True, help_text="Label number to the least probability that gives a text this label."
    )
    artifact_path = models.CharField(max_length=200, blank=True)
    artifact_sha256 = models.CharField(max_length=64, blank=True)
    promoted_at = models.DateTimeField(null=True, help_text="When it last went live.")

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(fields=["classifier", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["classifier"],
                condition=Q(state__in=OPEN_STATES),
                name="version_one_training_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="SUCCEEDED")
                | (Q(macro_f1__isnull=False) & ~Q(artifact_sha256="") & ~Q(artifact_path="")),
                name="version_done_has_artifact",
            ),
            models.CheckConstraint(
                condition=Q(macro_f1__isnull=True) | Q(macro_f1__gte=0.0, macro_f1__lte=1.0),
                name="version_f1_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"

    def ended_event(self) -> Event | None:
        """Return what is told to who asked for the training, else to who made the classifier; nothing if cancelled."""
        if self.state == RunState.CANCELLED:
            return None
        is_done = self.state == RunState.SUCCEEDED
        view = "review" if is_done else "train"
        learnt = f"Version {self.number} learnt from {self.example_count:,} examples"
        return Event(
            name="training.done" if is_done else "training.stopped",
            subject=f"Training of {self.classifier}: {'done' if is_done else self.get_state_display().lower()}",
            sentence=f"{learnt}; its F1 is {self.macro_f1:.2f}." if is_done else self.error,
            url=reverse(f"admin:classifiers_classifier_{view}", kwargs={"object_id": self.classifier_id}),
            # One that came from the clock or the API has nobody who waits, and a failure must not go unseen.
            user_id=self.requested_by_id or self.classifier.created_by_id,
            is_bad=not is_done,
            data={
                "classifier_id": self.classifier_id,
                "version_id": self.pk,
                "number": self.number,
                "macro_f1": self.macro_f1,
            },
        )

    @property
    def is_measured_on_confirmed(self) -> bool:
        # Versions from before there were suggestions don't say so: all of their examples were confirmed.
        return self.scores.get("measured_on", "CONFIRMED") == "CONFIRMED"

    @property
    def measured_count(self) -> int:
        return int(self.scores.get("measured_count", self.example_count))


class HeldOut(models.Model):
    """What the model that hadn't seen an example said about it. Written by `services.training`."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="held_out")
    example = models.ForeignKey("classifiers.Example", on_delete=models.CASCADE, related_name="+")
    label_number = models.PositiveSmallIntegerField(help_text="The label it was trained with.")
    predicted_number = models.PositiveSmallIntegerField()
    score = models.FloatField(help_text="Probability of the predicted label.")
    is_measured = models.BooleanField(
        default=True, db_default=True, help_text="Whether the scores count it: suggestions only do while all do."
    )
    # Both are null where nobody looked: only around the surest mistakes.
    near_predicted = models.PositiveSmallIntegerField(
        null=True, help_text="How many of its nearest examples have the predicted label."
    )
    near_own = models.PositiveSmallIntegerField(
        null=True, help_text="How many of its nearest examples have the label that it was trained with."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "example"], name="held_out_once"),
        ]
        indexes = [
            models.Index(fields=["version", "label_number", "predicted_number"], name="held_out_cell_idx"),
            # The few whose neighbors were looked at, of 200,000.
            models.Index(fields=["version"], name="held_out_suspect_idx", condition=Q(near_predicted__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"Held out {self.pk}"
