"""Files and folders that are either whole or not there, whenever the machine stops."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PIECE_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def reserve(path: Path) -> None:
    """Have all of a file's bytes set aside: writing into a mapped file on a full disk would kill the process.

    Raises OSError.
    """
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


@contextmanager
def new_folder(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give an empty folder to write into; at the end it's flushed to the disk and takes the name `target`.

    Where `target` is there by then, made by another process meanwhile, that one stays and ours goes, unless
    `replace`. After an error nothing is left. Raises OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    temporary.mkdir(mode=0o700)
    try:
        yield temporary
        for path in temporary.rglob("*"):
            _flush(path)
        _flush(temporary)
        _rename(temporary, target, replace=replace)
        _flush(target.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _rename(temporary: Path, target: Path, *, replace: bool) -> None:
    old = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    if replace:
        with suppress(FileNotFoundError):
            target.rename(old)
    try:
        # A folder that isn't empty can't be renamed over: of two processes one wins.
        temporary.rename(target)
    except OSError:
        if not target.is_dir():
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
