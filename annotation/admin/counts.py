"""How far the labelling has come, as the screen shows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from annotation.admin import places
from annotation.admin.places import Place
from annotation.models import QueueCode
from annotation.services import headway
from classifiers.models import Classifier, Label


@dataclass(frozen=True)
class Bar:
    """One label's count. `percent` is of the most frequent label's count; `url` leads to texts near to the label."""

    label: Label
    count: int
    percent: int
    url: str


def context(classifier: Classifier, *, user_id: int, now: dt.datetime) -> dict[str, Any]:
    """Return what the templates `_headway.html` and `_counts.html` show."""
    measured = headway.measure(classifier.pk, user_id=user_id, now=now)
    most = max((count for _, count in measured.per_label), default=0)
    return {
        "headway": measured,
        "bars": [
            Bar(
                label=label,
                count=count,
                percent=round(100 * count / most) if most else 0,
                url=places.url(classifier, Place(QueueCode.LABEL, label_number=label.number)),
            )
            for label, count in measured.per_label
        ],
    }
