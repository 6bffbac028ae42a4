"""What a child process does at its start: it ends with its parent and stays within its memory.

Pure, like the rooms whose children use it: nothing but the standard library. The parent's side is `children`.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import sys
from typing import Any

# What people are told of a full disk.
NO_SPACE = "There is no space left on the server's disk. Make room, then try again."
_OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MEGABYTE = 1024 * 1024
# Of 19: a tenth of the processor beside a process that needs all of it, and all of it where nobody else does.
_NICENESS = 10
# From Linux's prctl.h: get this signal when the parent dies.
_PR_SET_PDEATHSIG = 1
# Loaded here: between fork and exec it would be too late.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class ParentGone(Exception):
    """The parent died while the child was starting."""


def begin(*, memory_limit_mb: int) -> None:
    """Do what each child does first: end with the parent, let others go first, stay within the memory.

    Raises ParentGone.
    """
    die_with_parent()
    step_back()
    limit_memory(memory_limit_mb)


def step_back() -> None:
    """Let everything else have the processor first: people and integrations wait for the web process, not for this."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)


def die_with_parent() -> None:
    """End with the parent, even one killed by SIGKILL, and quietly when nobody reads any more.

    Does nothing of the first where the system isn't Linux. Raises ParentGone.
    """
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    parent = os.getppid()
    signal_at_parent_death(signal.SIGKILL)
    if os.getppid() != parent:
        raise ParentGone


def signal_at_parent_death(number: int) -> None:
    """Ask the kernel to send this process the signal `number` when its parent dies; on Linux only."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, number)


def limit_memory(limit_mb: int) -> None:
    """Let the process have no more than `limit_mb` megabytes of data; allocating more is a MemoryError."""
    if sys.platform == "win32":
        return
    import resource

    # RLIMIT_DATA, not RLIMIT_AS: what is written to counts, not what is merely mapped.
    resource.setrlimit(resource.RLIMIT_DATA, (limit_mb * _MEGABYTE, limit_mb * _MEGABYTE))


def is_out_of_space(error: OSError) -> bool:
    """Return whether a file couldn't be written because the disk, or what may be used of it, is full."""
    return error.errno in _OUT_OF_SPACE


def tell(message: dict[str, Any]) -> None:
    """Print one message to the parent: a line of JSON, in ASCII."""
    sys.stdout.write(json.dumps(message) + "\n")
