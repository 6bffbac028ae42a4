"""Which texts a run annotates, in which order, and which of them take a near-duplicate's answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Q

from annotation.models import Annotation, AnnotationRun, AnnotationState, Pick
from annotation.services import candidates, queues
from classifiers.models import Example, KeptApart, NearDuplicate, NearDuplicateRun
from moderation.runs import Claim, RunState

DEFAULT_FIRST = 10
_CHUNK = 1_000
# A text is read shortly before it is asked about: somebody may be writing over it.
_ASKED_CHUNK = 50


def pick(classifier_id: int, *, pick: Pick, wanted: int, repeats_id: int | None) -> list[int]:
    """Return the ids of the examples that a run would annotate, in order.

    FIRST and ALL go by age. USEFUL goes by the queue for people, and by age where that ends. AGAIN takes all texts of
    the run `repeats_id` that are still there, whatever labels they have got since.
    """
    if pick == Pick.AGAIN:
        again = Annotation.objects.filter(run_id=repeats_id, example__classifier_id=classifier_id)
        return list(again.order_by("pk").values_list("example_id", flat=True))
    if pick == Pick.USEFUL:
        return queues.useful_ids(classifier_id, limit=wanted)
    unlabelled = candidates.unlabelled(classifier_id).order_by("pk").values_list("pk", flat=True)
    return list(unlabelled if pick == Pick.ALL else unlabelled[:wanted])


def shares(classifier_id: int, example_ids: Sequence[int]) -> dict[int, int]:
    """Return, for each example that takes another's answer, which one is asked: the first of its group in the order.

    The groups are those of the last finished search, with its threshold. Whoever was kept apart by a person, or
    changed since the search, is asked itself.
    """
    groups = _groups(classifier_id)
    first: dict[int, int] = {}
    found = {}
    for pk in example_ids if groups else ():
        if (group := groups.get(pk)) is not None:
            asked = first.setdefault(group, pk)
            if asked != pk:
                found[pk] = asked
    return found


def _groups(classifier_id: int) -> Mapping[int, int]:
    searches = NearDuplicateRun.objects.filter(classifier_id=classifier_id, state=RunState.SUCCEEDED)
    last = searches.order_by("-pk").first()
    if last is None:
        return {}
    # What was there when the search ended is what it saw: it reads its texts before.
    is_as_searched = Q(example__text_changed_at__isnull=True) | Q(example__text_changed_at__lt=last.started_at)
    members = NearDuplicate.objects.filter(is_as_searched, run=last) if last.started_at else last.members
    apart = KeptApart.objects.filter(example__classifier_id=classifier_id)
    return dict(
        members.exclude(example_id__in=apart.values("example_id")).order_by().values_list("example_id", "group")
    )


def ensure(run: AnnotationRun, *, claim: Claim, now: dt.datetime) -> AnnotationRun:
    """Write down which texts the run annotates, unless that has been done, and return the run as it is then.

    Nothing is asked before all are there: a picking that was cut short begins anew. Raises RunLost, RunCancelled.
    """
    if run.picked_at is not None:
        return run
    claim.beat(step="Picking the texts")
    _forget(run, claim=claim)
    ids = pick(run.classifier_id, pick=Pick(run.pick), wanted=run.text_count, repeats_id=run.repeats_id)
    asked_for = shares(run.classifier_id, ids)
    written = 0
    # Those that are asked first: the others point at them.
    for group in ([pk for pk in ids if pk not in asked_for], list(asked_for)):
        for start in range(0, len(group), _CHUNK):
            written += _write(run, group[start : start + _CHUNK], asked_for=asked_for)
            claim.beat()
    claim.beat(picked_at=now, text_count=written)
    return AnnotationRun.objects.select_related("classifier", "guidelines").get(pk=run.pk)


def _forget(run: AnnotationRun, *, claim: Claim) -> None:
    while chunk := list(Annotation.objects.filter(run=run).values_list("pk", flat=True)[:_CHUNK]):
        Annotation.objects.filter(pk__in=chunk).delete()
        claim.beat()


@transaction.atomic
def _write(run: AnnotationRun, example_ids: Sequence[int], *, asked_for: Mapping[int, int]) -> int:
    # An example may have been deleted since it was picked.
    keys = dict(Example.objects.filter(pk__in=example_ids).values_list("pk", "text_key"))
    asked = [asked_for[pk] for pk in example_ids if pk in asked_for]
    of = dict(Annotation.objects.filter(run=run, example_id__in=asked).values_list("example_id", "pk"))
    rows = [
        Annotation(run=run, example_id=pk, text_key=keys[pk], same_as_id=of.get(asked_for.get(pk, 0)))
        for pk in example_ids
        if pk in keys
    ]
    return len(Annotation.objects.bulk_create(rows))


def detach_copies(annotation_id: int) -> None:
    """Let the texts that were to take this one's answer be asked themselves: it says something else now."""
    Annotation.objects.filter(same_as_id=annotation_id, state=AnnotationState.WAITING).update(same_as=None)


def waiting(run_id: int, *, after: int) -> list[Annotation]:
    """Return some annotations of the run that are to be asked for, by id, from the one after `after` on."""
    rows = Annotation.objects.filter(run_id=run_id, state=AnnotationState.WAITING, same_as__isnull=True, pk__gt=after)
    return list(rows.select_related("example").order_by("pk")[:_ASKED_CHUNK])
