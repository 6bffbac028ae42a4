"""Give memory back to the system: what is free within a process is still taken from all others."""

from __future__ import annotations

import ctypes
import gc
import sys

# Of glibc; others keep less of what is free.
_TRIM = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


def trim() -> None:
    """Give back what lies free between what is in use. Takes milliseconds, and what is needed anew some more."""
    if _TRIM is not None:
        _TRIM(0)


def give_back() -> None:
    """Free what only refers to itself, such as a network that has learned, and give all that is free back."""
    gc.collect()
    trim()
