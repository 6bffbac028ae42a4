"""What OPTIONS answers."""

from __future__ import annotations

from typing import Any

from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request


class NoMetadata(BaseMetadata):
    """Say no more than the header `Allow` does: the framework's own answer would publish our docstrings."""

    def determine_metadata(self, request: Request, view: Any) -> dict[str, Any]:
        return {}
