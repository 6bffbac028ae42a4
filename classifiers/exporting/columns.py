"""What a row of an export is.

An export has an example's text and its label, and is ordered by the text's key. That is all that an import takes over,
so an export that was imported into an empty classifier with the same labels is exported again with the same bytes.
Left out is what says how *this* classifier came by the example and would be another thing there: id, date, origin and
state. A label that is only suggested is written as any other, and an import confirms it; who doesn't want that exports
the confirmed examples alone.
"""

from __future__ import annotations

from typing import Final, NamedTuple

TEXT: Final = "text"
LABEL: Final = "label"


class ExportRow(NamedTuple):
    """One example. `label` is what stands in the label's cell, "" where there is none."""

    text: str
    label: str
