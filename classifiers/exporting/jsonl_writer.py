"""Examples as JSON objects, one a line, in UTF-8: exact, since JSON has no formulas."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from classifiers.exporting.columns import LABEL, TEXT, ExportRow

_PIECE_CHARS = 65_536


def write_jsonl(rows: Iterable[ExportRow]) -> Iterator[bytes]:
    """Yield the file in pieces of whole lines. An example without a label has null for it."""
    lines: list[str] = []
    chars = 0
    for row in rows:
        line = json.dumps({TEXT: row.text, LABEL: row.label or None}, ensure_ascii=False)
        lines.append(f"{line}\n")
        chars += len(line)
        if chars >= _PIECE_CHARS:
            yield "".join(lines).encode()
            lines, chars = [], 0
    yield "".join(lines).encode()
