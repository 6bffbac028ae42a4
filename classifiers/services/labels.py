"""The labels of a classifier: added, described, renamed and removed until its first training locks them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError, QuerySet

from classifiers.models import Classifier, Label
from classifiers.services import guidelines

# The guide: "add a limited number of labels"; beyond this the screen says so.
MANY_LABELS = 10
NAME_CHARS = 60
# Okabe and Ito's colors, which color-blind people can tell apart (jfly.uni-koeln.de/color), then two of our own.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7c3aed", "#64748b")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


class BadLabels(Exception):
    """The labels can't be like this; the message says which and what to do."""


class LabelsLocked(BadLabels):
    """The classifier was trained: labels can't be added, renamed or removed any more."""


@dataclass(frozen=True)
class LabelDraft:
    """One label as a person wants it. `id` is None for a new one."""

    name: str
    description: str = ""
    color: str = PALETTE[-1]
    id: int | None = None
    is_removed: bool = False


def propose_color(number: int) -> str:
    """Return a color for the label with this number; the first eight differ."""
    return PALETTE[number % len(PALETTE)]


@transaction.atomic
def save(classifier_id: int, *, drafts: Sequence[LabelDraft], by: Any = None) -> None:
    """Make the classifier's labels as the drafts say; labels without a draft stay as they are.

    Where names or descriptions are others than before, they are kept as new guidelines; the first time, those that
    were there before as well.

    Order: new labels get the next numbers in the order of the drafts. Raises BadLabels, LabelsLocked.
    """
    classifier = Classifier.objects.select_for_update().get(pk=classifier_id)
    guidelines.record_first(classifier)
    present = {label.pk: label for label in classifier.labels.all()}
    drafts = [_cleaned(draft) for draft in drafts]
    if any(draft.id is not None and draft.id not in present for draft in drafts):
        raise BadLabels("One of these labels was removed meanwhile. Look at the list again.")
    if classifier.has_locked_labels:
        _check_lock(drafts, present=present)
    kept = [draft for draft in drafts if not draft.is_removed]
    touched = {draft.id for draft in drafts}
    _check_names([draft.name for draft in kept] + [label.name for pk, label in present.items() if pk not in touched])
    for draft in drafts:
        if draft.is_removed and draft.id is not None:
            _remove(present[draft.id])
    _change([draft for draft in kept if draft.id is not None], present=present)
    _add([draft for draft in kept if draft.id is None], classifier=classifier)
    guidelines.record(classifier_id, by=by)


@transaction.atomic
def add(classifier_id: int, *, name: str, description: str = "", color: str = "", by: Any = None) -> Label:
    """Add one label, in a color of its own unless one is given, and return it. Raises BadLabels, LabelsLocked."""
    labels = _locked(classifier_id)
    color = color or propose_color(labels.count())
    save(classifier_id, drafts=[LabelDraft(name=name, description=description, color=color)], by=by)
    return labels.latest("number")


@transaction.atomic
def change(
    classifier_id: int,
    number: int,
    *,
    name: str | None = None,
    description: str | None = None,
    color: str | None = None,
    by: Any = None,
) -> Label:
    """Change what is given of the label with this number and return it.

    Raises BadLabels, LabelsLocked, Label.DoesNotExist.
    """
    label = _locked(classifier_id).get(number=number)
    draft = LabelDraft(
        id=label.pk,
        name=label.name if name is None else name,
        description=label.description if description is None else description,
        color=label.color if color is None else color,
    )
    save(classifier_id, drafts=[draft], by=by)
    label.refresh_from_db()
    return label


def _locked(classifier_id: int) -> QuerySet[Label]:
    # As `save` does: two that change a label at the same time change it one after the other.
    Classifier.objects.select_for_update().get(pk=classifier_id)
    return Label.objects.filter(classifier_id=classifier_id)


def _cleaned(draft: LabelDraft) -> LabelDraft:
    name = " ".join(unicodedata.normalize("NFC", draft.name).split())
    if not draft.is_removed:
        if not name:
            raise BadLabels("Give every label a name.")
        if len(name) > NAME_CHARS:
            raise BadLabels(f"“{name[:20]}…” is too long: a name has at most {NAME_CHARS} characters.")
        if not _COLOR.fullmatch(draft.color):
            raise BadLabels(f"Give “{name}” a color like #2563eb.")
    return LabelDraft(
        name=name,
        description=draft.description.strip(),
        color=draft.color.lower(),
        id=draft.id,
        is_removed=draft.is_removed,
    )


def _check_names(names: Sequence[str]) -> None:
    counts = Counter(name.casefold() for name in names)
    for name in names:
        if counts[name.casefold()] > 1:
            raise BadLabels(
                f"Two labels are called “{name}”. Give each its own name; upper and lower case are the same."
            )


def _check_lock(drafts: Sequence[LabelDraft], *, present: Mapping[int, Label]) -> None:
    for draft in drafts:
        if draft.id is None or draft.is_removed or draft.name != present[draft.id].name:
            raise LabelsLocked(
                "This classifier has been trained, so its labels and their names stay as they are. "
                "Descriptions and colors can still change."
            )


def _remove(label: Label) -> None:
    try:
        label.delete()
    except ProtectedError as error:
        raise BadLabels(
            f"“{label.name}” has been given to examples, so it can't be removed. Rename it instead."
        ) from error


def _change(drafts: Sequence[LabelDraft], *, present: Mapping[int, Label]) -> None:
    # Names that swap places would meet the unique constraint halfway: first they all step aside. No name that
    # a person gives can be the one they wait under, since that has two blanks in a row.
    renamed = [draft.id for draft in drafts if draft.id is not None and draft.name != present[draft.id].name]
    for pk in renamed:
        Label.objects.filter(pk=pk).update(name=f"label  {pk}")
    for draft in drafts:
        Label.objects.filter(pk=draft.id).update(name=draft.name, description=draft.description, color=draft.color)


def _add(drafts: Sequence[LabelDraft], *, classifier: Classifier) -> None:
    last = classifier.labels.order_by("-number").values_list("number", flat=True).first()
    start = 0 if last is None else last + 1
    for number, draft in enumerate(drafts, start):
        Label.objects.create(
            classifier=classifier, number=number, name=draft.name, description=draft.description, color=draft.color
        )
