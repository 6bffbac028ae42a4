"""Where in the queues a person is: which queue, near which text or label. It stands in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from annotation.models import QueueCode
from annotation.services.queues import SIZE_CAP
from classifiers.admin import step_page
from classifiers.admin.step_page import read_id
from classifiers.models import Classifier, Example

# Short enough to stand beside each other.
_NAMES = {
    QueueCode.USEFUL: "Most useful",
    QueueCode.CONFIRM: "To confirm",
    QueueCode.MISTAKES: "Likely mistakes",
    QueueCode.DISAGREE: "Disagreements",
    QueueCode.NEAR: "Near a text",
    QueueCode.LABEL: "Near a label",
    QueueCode.NEWEST: "Newest",
    QueueCode.RANDOM: "Random",
    QueueCode.OVERLAP: "Second opinions",
}
# These two need to be told near what: they are reached from a text and from a label.
_ASKED_FOR = (QueueCode.NEAR, QueueCode.LABEL)


@dataclass(frozen=True)
class Place:
    """One queue, and for two of them what its texts are near to."""

    queue: QueueCode = QueueCode.USEFUL
    near_id: int | None = None
    label_number: int | None = None

    def query(self, **more: Any) -> str:
        """Return what stands behind the question mark of an address."""
        told = {"queue": self.queue.value, "near": self.near_id, "label": self.label_number, **more}
        return urlencode({name: value for name, value in told.items() if value is not None})


@dataclass(frozen=True)
class Tab:
    """A queue to go to. `size` has a plus where more than that wait."""

    name: str
    url: str
    size: str
    is_here: bool

    @property
    def is_empty(self) -> bool:
        return self.size == "0"


def read(classifier: Classifier, query: Mapping[str, str]) -> Place:
    """Return the place that an address names; the most useful texts where it names none that there is."""
    code = query.get("queue", "")
    queue = QueueCode(code) if code in QueueCode.values else QueueCode.USEFUL
    if queue == QueueCode.NEAR:
        near_id = read_id(query.get("near"))
        is_there = Example.objects.filter(pk=near_id, classifier=classifier).exists()
        return Place(queue, near_id=near_id) if is_there else Place()
    if queue == QueueCode.LABEL:
        number = query.get("label", "")
        is_number = number.isascii() and number.isdecimal() and len(number) <= 4
        is_there = is_number and classifier.labels.filter(number=int(number)).exists()
        return Place(queue, label_number=int(number)) if is_there else Place()
    return Place(queue)


def url(classifier: Classifier, place: Place, *, name: str = "annotate_texts", **more: Any) -> str:
    """Return the address of the screen, or of another page that needs the place."""
    return f"{step_page.url(classifier, name)}?{place.query(**more)}"


def tabs(classifier: Classifier, place: Place, *, sizes: Mapping[QueueCode, int]) -> list[Tab]:
    """Return the queues to choose from."""
    shown = [code for code in QueueCode if code not in _ASKED_FOR or code == place.queue]
    return [
        Tab(
            name=_NAMES[code],
            url=url(classifier, place if code == place.queue else Place(code)),
            size=_said(sizes.get(code, 0)),
            is_here=code == place.queue,
        )
        for code in shown
    ]


def _said(size: int) -> str:
    return f"{SIZE_CAP:,}+" if size >= SIZE_CAP else f"{size:,}"
