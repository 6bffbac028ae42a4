"""Why a queue has nothing more for a person, and what to do now."""

from __future__ import annotations

from annotation.models import Answer, Lease, QueueCode
from annotation.services import candidates, maps
from annotation.services.candidates import SKIPPED_FOR, Asker
from classifiers.models import Classifier, Example
from classifiers.services.steps import counted

_NOTHING = {
    QueueCode.CONFIRM: "No suggestions wait to be confirmed. Let a machine label more texts, or label by hand.",
    QueueCode.OVERLAP: "No text waits for a second opinion. Others label first; then it's your turn.",
    QueueCode.DISAGREE: "Nobody disagrees: what machines have said is what people say, or you have looked at it.",
}
_ALL_LABELLED = "Every text has a label. Confirm the suggestions if there are any, train, or add more data."


def say(queue: QueueCode, asker: Asker) -> str:
    """Return why nothing is left, in a sentence or two for the person."""
    if not Example.objects.filter(classifier_id=asker.classifier_id).exists():
        return "There are no texts yet. Add data first."
    left = [sentence for sentence in (_held(queue, asker), _skipped(queue, asker)) if sentence]
    if left:
        return " ".join([*left, "Choose another queue in the meantime."])
    if queue == QueueCode.OVERLAP and not candidates.overlap_limit(asker.classifier_id):
        return "No share of texts is set that a second person labels too. Set one on the page about agreement."
    if queue == QueueCode.MISTAKES:
        return _mistakes(asker)
    if queue in (QueueCode.NEAR, QueueCode.LABEL) and candidates.unlabelled(asker.classifier_id).exists():
        return _near(asker)
    return _NOTHING.get(queue, _ALL_LABELLED)


def _held(queue: QueueCode, asker: Asker) -> str:
    if queue in (QueueCode.MISTAKES, QueueCode.DISAGREE, QueueCode.OVERLAP):
        return ""
    held = Lease.objects.filter(until_at__gt=asker.now).exclude(user_id=asker.user_id)
    texts = candidates.suggested if queue == QueueCode.CONFIRM else candidates.unlabelled
    count = texts(asker.classifier_id).filter(pk__in=held.values("example_id")).order_by().count()
    if not count:
        return ""
    lies = "lies" if count == 1 else "lie"
    return f"What is left ({counted(count, 'text')}) {lies} before other people just now."


def _skipped(queue: QueueCode, asker: Asker) -> str:
    skipped = Answer.objects.filter(
        classifier_id=asker.classifier_id,
        user_id=asker.user_id,
        label__isnull=True,
        queue=queue,
        undone_at__isnull=True,
        created_at__gt=asker.now - SKIPPED_FOR,
        example__state__in=_states(queue),
    )
    count = skipped.values("example_id").distinct().count()
    if not count:
        return ""
    return (
        f"You have skipped {counted(count, 'text')} here; within a day they come back to you. Undo brings one back now."
    )


def _states(queue: QueueCode) -> tuple[str, ...]:
    if queue in (QueueCode.MISTAKES, QueueCode.DISAGREE, QueueCode.OVERLAP):
        return ("CONFIRMED", "SUGGESTED")
    return ("SUGGESTED",) if queue == QueueCode.CONFIRM else ("UNLABELLED",)


def _mistakes(asker: Asker) -> str:
    if Classifier.objects.filter(pk=asker.classifier_id, live_version__isnull=True).exists():
        return "Likely mistakes are found by a training. Label a few texts of each label, then train."
    return "No likely mistakes are left. The next training looks for them anew."


def _near(asker: Asker) -> str:
    if not maps.exists(asker.classifier_id):
        return "The texts haven't been compared with each other yet. Label the most useful ones in the meantime."
    if asker.label_number is not None and asker.near_id is None:
        return "This label has no examples and no description to look for. Write one, or label a few texts by hand."
    return "Nothing more lies near it among the texts that were compared."
