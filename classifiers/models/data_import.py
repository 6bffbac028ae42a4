"""An uploaded file on its way to becoming examples."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from moderation.runs import BackgroundRun


def upload_path(instance: ImportRun, filename: str) -> str:
    """Return where the file is kept. Never the user's own file name: that is stored as text only."""
    return f"imports/{instance.classifier_id}/{uuid.uuid4().hex}.upload"


class FileKind(models.TextChoices):
    CSV = "CSV", "CSV file"
    XLSX = "XLSX", "Excel workbook"
    JSONL = "JSONL", "JSON file"


class ImportRun(BackgroundRun):
    """One uploaded file: how it is to be read, and what came of it.

    Written by `services.imports`, by the worker, and by `services.import_undoing`. A file that was looked at but not
    yet confirmed is a DRAFT. Encoding and delimiter are a CSV file's only, the sheet a workbook's only.
    """

    task_path = "classifiers.tasks.run_import"

    classifier = models.ForeignKey("classifiers.Classifier", on_delete=models.CASCADE, related_name="imports")
    file = models.FileField(upload_to=upload_path, max_length=200)
    file_name = models.CharField(max_length=255, help_text="As the user called it.")
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=10, choices=FileKind.choices, default=FileKind.CSV, db_default=FileKind.CSV)
    encoding = models.CharField(max_length=20, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    sheet = models.CharField(max_length=100, blank=True, default="", db_default="")
    header = models.JSONField(default=list)
    text_column = models.PositiveSmallIntegerField(null=True, blank=True)
    label_column = models.PositiveSmallIntegerField(null=True, blank=True)
    label_mapping = models.JSONField(
        default=list, db_default=[], help_text="What somebody decided about label cells, as the child reads it."
    )
    read = models.PositiveIntegerField("rows read", default=0)
    added = models.PositiveIntegerField(default=0)
    labelled = models.PositiveIntegerField(default=0, help_text="Of those added, how many came with a label.")
    relabelled = models.PositiveIntegerField(
        default=0, help_text="Duplicates of unlabelled examples that the file gave a label."
    )
    duplicates = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    undone_at = models.DateTimeField(null=True, editable=False, help_text="When the last of it was taken back.")
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    undone_sums = models.JSONField(
        default=dict, db_default={}, help_text="How many examples were removed, labels taken back, and what stays."
    )

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="SUCCEEDED") | Q(read=F("added") + F("duplicates") + F("refused")),
                name="import_run_sums_match",
            ),
            models.CheckConstraint(
                condition=Q(state="DRAFT") | Q(text_column__isnull=False), name="import_run_has_text_column"
            ),
        ]
        indexes = [models.Index(fields=["classifier", "sha256"], name="import_run_sha256_idx")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_undone(self) -> bool:
        return self.undone_at is not None


class ImportRefusal(models.Model):
    """One row of an uploaded file that was not taken, and why. Written by the worker."""

    import_run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="refusals")
    row_number = models.PositiveIntegerField(help_text="As a spreadsheet counts: the header is row 1.")
    reason = models.CharField(max_length=500)
    excerpt = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("row_number",)
        constraints = [
            models.UniqueConstraint(fields=["import_run", "row_number"], name="import_refusal_once_a_row"),
        ]

    def __str__(self) -> str:
        return f"Row {self.row_number}"
