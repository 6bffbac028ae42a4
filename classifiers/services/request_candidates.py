"""From logged requests to texts that could become examples: filtered, checked, and each one new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from classifiers.importing.fingerprint import text_key
from classifiers.importing.texts import BadText, clean_text
from classifiers.models import Example, RequestImport
from moderation.models import RequestLog
from moderation.runs import Claim

# SQLite allows 32,766 variables a statement; a text may have 100,000 characters.
_CHUNK = 500
# However long the texts are, so much of them is held at once.
_MOST_CHARS = 50_000_000


@dataclass
class Candidates:
    """Texts by their keys, in the order in which they were met, with the requests they came from.

    `sums` has the counts of the report: looked_at, filtered, unusable, duplicates.
    """

    texts: dict[str, str] = field(default_factory=dict)
    request_ids: list[int] = field(default_factory=list)
    sums: Counter[str] = field(default_factory=Counter)


def read(run: RequestImport, *, ids: Sequence[int], enough: int, claim: Claim) -> Candidates:
    """Read the requests in the order of `ids` until `enough` texts are found. Raises RunCancelled, RunLost."""
    found = Candidates()
    chars = 0
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        rows = RequestLog.objects.filter(pk__in=chunk).values_list("pk", "text", "findings", "is_flagged")
        by_id = {row[0]: row[1:] for row in rows}
        present = [(pk, *by_id[pk]) for pk in chunk if pk in by_id]
        fitting = [(pk, text) for pk, text, findings, is_flagged in present if _fits(run, findings, is_flagged)]
        found.sums.update(looked_at=len(present), filtered=len(present) - len(fitting))
        chars += _add(found, fitting, classifier_id=run.classifier_id)
        claim.beat(step=f"Looking through the log: {found.sums['looked_at']:,} requests")
        if len(found.texts) >= enough or chars >= _MOST_CHARS:
            break
    return found


def _add(found: Candidates, rows: Sequence[tuple[int, str]], *, classifier_id: int) -> int:
    cleaned = []
    for pk, raw in rows:
        try:
            text = clean_text(raw)
        except BadText:
            found.sums["unusable"] += 1
            continue
        cleaned.append((pk, text, text_key(text)))
    keys = [key for *_, key in cleaned]
    known = set(
        Example.objects.filter(classifier_id=classifier_id, text_key__in=keys).values_list("text_key", flat=True)
    )
    chars = 0
    for pk, text, key in cleaned:
        if key in known or key in found.texts:
            found.sums["duplicates"] += 1
            continue
        found.texts[key] = text
        found.request_ids.append(pk)
        chars += len(text)
    return chars


def _fits(run: RequestImport, findings: Mapping[str, Any], is_flagged: bool) -> bool:
    if run.is_flagged_only and not is_flagged:
        return False
    if not run.predicted and run.score_min <= 0.0 and run.score_max >= 1.0:
        return True
    finding = findings.get(run.classifier.key)
    if not isinstance(finding, dict) or (run.predicted and finding.get("label") != run.predicted):
        return False
    score = finding.get("score")
    return isinstance(score, int | float) and run.score_min <= score <= run.score_max
