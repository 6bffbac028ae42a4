"""Every worker process writes a row every few seconds, so that the screens can say when none is alive."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import Any

from django.db import DatabaseError, close_old_connections
from django_q.signals import post_spawn

from moderation.services import workers


def connect() -> None:
    """Start a beating thread in each process that django-q2 spawns."""
    post_spawn.connect(_start, dispatch_uid="houserules-worker-beats")


def _start(**_: Any) -> None:
    threading.Thread(target=_beat_for_ever, name="worker-beats", daemon=True).start()


def _beat_for_ever() -> None:
    name = f"{socket.gethostname()}:{os.getpid()}"
    pause = threading.Event()
    while True:
        close_old_connections()
        # A database that is away for a moment must not end the signs of life for good.
        with contextlib.suppress(DatabaseError):
            workers.beat(name)
        pause.wait(workers.BEAT_EVERY_S)
