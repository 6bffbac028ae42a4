"""What the worker runs. The paths are stored in the queue: never rename one."""

from __future__ import annotations

from annotation.models import AnnotationRun, QueueRun
from annotation.services import annotating, queue_making
from moderation import runs


def annotate(run_id: int) -> None:
    """Let the annotator label the texts of a run."""
    runs.execute(AnnotationRun, run_id, work=annotating.carry_out)


def order_queue(run_id: int) -> None:
    """Work out which unlabelled texts of a classifier are most worth a label."""
    runs.execute(QueueRun, run_id, work=queue_making.carry_out)
