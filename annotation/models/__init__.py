"""One file per subject."""

from annotation.models.queue import Answer, Lease, QueueCode, QueueEntry, QueueMap, QueueMethod, QueueRun
from annotation.models.run import AllowanceUse, Annotation, AnnotationRun, AnnotationState, Annotator, Pick
from annotation.models.setting import AnnotationSetting

__all__ = [
    "AllowanceUse",
    "Annotation",
    "AnnotationRun",
    "AnnotationSetting",
    "AnnotationState",
    "Annotator",
    "Answer",
    "Lease",
    "Pick",
    "QueueCode",
    "QueueEntry",
    "QueueMap",
    "QueueMethod",
    "QueueRun",
]
