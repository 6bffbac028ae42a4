"""What a training learns from: confirmed examples, and suggestions that are sure enough. Beside it, the golden set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from django.db.models import Count, F, Q, QuerySet

from classifiers.models import Classifier, Example, ExampleState
from moderation.runs import RunError

# Of an example whose classifier is joined. A suggestion that doesn't say how sure it is counts as unsure. What is set
# aside is never learnt from, not even where its label is gone and a machine has suggested another.
IS_LEARNT_FROM = Q(is_golden=False) & (
    Q(state=ExampleState.CONFIRMED)
    | Q(
        state=ExampleState.SUGGESTED,
        classifier__trains_on_suggestions=True,
        confidence__gte=F("classifier__suggestion_floor"),
    )
)
# The golden set: without a confirmed label nothing can be measured on an example.
IS_MEASURED_ON = Q(is_golden=True, state=ExampleState.CONFIRMED)


@dataclass(frozen=True)
class Counts:
    """How many examples a classifier has of each kind, by label id; labels without any aren't in it.

    `sure` are those of the suggested that are learnt from, `golden` those of the confirmed that aren't: the golden set.
    """

    confirmed: Mapping[int, int]
    suggested: Mapping[int, int]
    sure: Mapping[int, int]
    unlabelled: int
    golden: Mapping[int, int] = field(default_factory=dict)

    def learnt_from(self, label_id: int) -> int:
        """Return how many examples of the label are learnt from."""
        return self.confirmed.get(label_id, 0) - self.golden.get(label_id, 0) + self.sure.get(label_id, 0)

    def labelled(self, label_id: int) -> int:
        """Return how many examples have the label, confirmed or not."""
        return self.confirmed.get(label_id, 0) + self.suggested.get(label_id, 0)


@dataclass(frozen=True)
class Snapshot:
    """What a version is trained on, ordered by text key so that the same data give the same bytes."""

    example_ids: tuple[int, ...]
    keys: tuple[str, ...]
    label_numbers: tuple[int, ...]
    is_confirmed: tuple[bool, ...]

    @property
    def suggested_count(self) -> int:
        """Return how many of the labels are suggestions."""
        return len(self.is_confirmed) - sum(self.is_confirmed)

    @property
    def sha256(self) -> str:
        """Return the hash of texts, labels, and which of these are confirmed: on that hang the scores, too."""
        digest = sha256()
        for key, number, is_confirmed in zip(self.keys, self.label_numbers, self.is_confirmed, strict=True):
            digest.update(f"{key}:{number}\n".encode() if is_confirmed else f"{key}:{number}:suggested\n".encode())
        return digest.hexdigest()


def count(classifier: Classifier) -> Counts:
    """Return the counts of this moment: three queries at most. By indices alone, but for the few that are golden."""
    of_classifier = Example.objects.filter(classifier_id=classifier.pk).order_by()
    found: dict[str, dict[int, int]] = {state: {} for state in ExampleState.values}
    for state, label_id, number in of_classifier.values_list("state", "label").annotate(Count("pk")):
        found[state][label_id] = number
    suggested = found[ExampleState.SUGGESTED]
    golden, golden_sure = _golden(of_classifier, floor=classifier.suggestion_floor)
    sure = _sure(of_classifier, classifier=classifier) if suggested and classifier.trains_on_suggestions else {}
    return Counts(
        confirmed=found[ExampleState.CONFIRMED],
        suggested=suggested,
        sure={label_id: left for label_id, there in sure.items() if (left := there - golden_sure.get(label_id, 0))},
        unlabelled=sum(found[ExampleState.UNLABELLED].values()),
        golden=golden,
    )


def take(classifier_id: int) -> tuple[Snapshot, dict[str, str]]:
    """Return what a training that starts now learns from, and the texts by their keys. Raises RunError."""
    taken = _take(classifier_id, among=IS_LEARNT_FROM)
    if taken is None:
        raise RunError("There are no labelled examples any more. Add some and train again.")
    return taken


def take_golden(classifier_id: int) -> tuple[Snapshot, dict[str, str]] | None:
    """Return the golden set of this moment, and its texts by their keys; None where there is none."""
    return _take(classifier_id, among=IS_MEASURED_ON)


def _take(classifier_id: int, *, among: Q) -> tuple[Snapshot, dict[str, str]] | None:
    rows = Example.objects.filter(among, classifier_id=classifier_id).order_by("text_key")
    taken = list(rows.values_list("pk", "text_key", "label__number", "state", "text").iterator())
    if not taken:
        return None
    ids, keys, numbers, states, texts = zip(*taken, strict=True)
    is_confirmed = tuple(state == ExampleState.CONFIRMED for state in states)
    snapshot = Snapshot(example_ids=ids, keys=keys, label_numbers=numbers, is_confirmed=is_confirmed)
    return snapshot, dict(zip(keys, texts, strict=True))


def _sure(of_classifier: QuerySet[Example], *, classifier: Classifier) -> dict[int, int]:
    # With the golden ones, which aren't in this index: a condition on them would have every row looked up.
    sure = of_classifier.filter(state=ExampleState.SUGGESTED, confidence__gte=classifier.suggestion_floor)
    return dict(sure.values_list("label").annotate(Count("pk")))


def _golden(of_classifier: QuerySet[Example], *, floor: float) -> tuple[dict[int, int], dict[int, int]]:
    """Return how many are set aside by label id: the confirmed ones, and the suggestions that are sure enough."""
    marked = of_classifier.filter(is_golden=True).exclude(state=ExampleState.UNLABELLED)
    is_sure = Count("pk", filter=Q(confidence__gte=floor))
    rows = marked.values_list("state", "label").annotate(there=Count("pk"), sure_enough=is_sure)
    confirmed: dict[int, int] = {}
    sure: dict[int, int] = {}
    for state, label_id, there, sure_enough in rows:
        if state == ExampleState.CONFIRMED:
            confirmed[label_id] = there
        elif sure_enough:
            sure[label_id] = sure_enough
    return confirmed, sure
