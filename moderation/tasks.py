"""What the worker runs. The paths are stored in the queue and in schedules: never rename one."""

from __future__ import annotations

from moderation import runs


def sweep() -> None:
    """Put back runs whose worker died."""
    runs.sweep()
