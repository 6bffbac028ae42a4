"""Why a text is shown, in words."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Max

from annotation.models import QueueCode, QueueEntry, QueueMethod
from annotation.services import queue_runs
from annotation.services.candidates import Asker
from classifiers.models import Classifier, Decision, DecisionSource, Example, HeldOut, Label
from classifiers.services import decisions
from moderation.services import workers

# Margins between the scores of the two likeliest labels: below the first it is a toss-up, above the second it's clear.
_CLOSE, _CLEAR = 0.2, 0.6
_MACHINES = {
    DecisionSource.LLM: "the language model",
    DecisionSource.OFFLINE: "the offline annotator",
    DecisionSource.MODEL: "the classifier",
}
_PLAIN = {
    QueueCode.NEWEST: "The newest text without a label.",
    QueueCode.RANDOM: "Drawn at random.",
    QueueCode.NEAR: "Among the nearest to the text that you chose.",
    QueueCode.OVERLAP: "Somebody else has labelled this one: a second opinion shows how well people agree.",
}


def say(queue: QueueCode, example: Example, asker: Asker) -> str:
    """Return why the queue gives this text."""
    if queue == QueueCode.USEFUL:
        return _useful(example, asker)
    if queue == QueueCode.CONFIRM:
        return _suggestion(example)
    if queue in (QueueCode.MISTAKES, QueueCode.DISAGREE):
        return _contradiction(example)
    if queue == QueueCode.LABEL:
        label = Label.objects.filter(classifier_id=asker.classifier_id, number=asker.label_number).first()
        return "" if label is None else f"Among the nearest to {label.name}."
    return _PLAIN[queue]


def _useful(example: Example, asker: Asker) -> str:
    last = queue_runs.finished(asker.classifier_id).values("pk")[:1]
    entry = QueueEntry.objects.select_related("run").filter(run=last, example=example).first()
    if entry is None:
        return _oldest(asker)
    if entry.run.method == QueueMethod.CLUSTERS:
        return _kind(entry)
    return _margin(entry, names=_names(asker.classifier_id))


def _oldest(asker: Asker) -> str:
    if not workers.is_any_alive():
        return "The oldest text without a label: no worker is running that could work out the most useful ones."
    if queue_runs.find_open(asker.classifier_id) is None:
        return "The oldest text without a label: the most useful ones will be worked out after the next answers."
    return "The oldest text without a label, while the most useful ones are being worked out."


def _kind(entry: QueueEntry) -> str:
    # Kinds are numbered in the order in which their first texts come.
    if entry.place != entry.cluster:
        return "One more of its kind, while there are too few labels to tell which choices are close."
    kinds = entry.run.entries.aggregate(last=Max("cluster"))["last"]
    return f"The first of its kind: {entry.cluster} of {kinds}."


def _margin(entry: QueueEntry, *, names: Mapping[int, str]) -> str:
    first, second = (names.get(number) for number in (entry.first_number, entry.second_number))
    if first is None or second is None or entry.margin is None:
        return "Unlike the texts before it." if entry.cluster is not None else "One of the most useful texts."
    if entry.margin < _CLOSE:
        return f"Close call between {first} and {second}."
    if entry.margin < _CLEAR:
        return f"Probably {first}, perhaps {second}."
    return f"Most likely {first}; closer calls aren't left."


def suggester(example: Example) -> str:
    """Return who suggested the example's label."""
    said = _last_of_machine(example)
    return "a machine" if said is None else _MACHINES[DecisionSource(said.source)]


def _suggestion(example: Example) -> str:
    if example.label is None:
        return ""
    sure = "" if example.confidence is None else f", {100 * example.confidence:.0f} % sure"
    return f"Suggested by {suggester(example)}: {example.label.name}{sure}."


def _last_of_machine(example: Example) -> Decision | None:
    said = Decision.objects.filter(example=example).exclude(source__in=decisions.CONFIRMING).select_related("label")
    return said.order_by("-pk").first()


def _contradiction(example: Example) -> str:
    parts = [] if example.label is None else [f"Labelled {example.label.name}"]
    last = _last_of_machine(example)
    if last is not None and last.label_id not in (None, example.label_id):
        parts.append(f"{_MACHINES[DecisionSource(last.source)]} says {last.label}")
    live = Classifier.objects.filter(pk=example.classifier_id).values("live_version")[:1]
    held_out = HeldOut.objects.filter(example=example, version=live).first()
    if held_out is not None:
        name = _names(example.classifier_id).get(held_out.predicted_number, "another label")
        parts.append(f"the classifier, which hadn't seen it, says {name}")
    return f"{'; '.join(parts)}."


def _names(classifier_id: int) -> dict[int, str]:
    return dict(Label.objects.filter(classifier_id=classifier_id).values_list("number", "name"))
