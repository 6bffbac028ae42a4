"""A real file for each test of reading."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write_file(tmp_path: Path) -> Write:
    """Return a function that writes the upload and returns its path."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "a.upload"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write
