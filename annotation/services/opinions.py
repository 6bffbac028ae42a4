"""Which answers are a person's own opinion of a text, from which agreement is measured."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from annotation.models import Answer, QueueCode

# Texts that a person chose to look at again, knowing what was said of them: an answer there settles them.
REVIEWS = (QueueCode.MISTAKES, QueueCode.DISAGREE)


def of(classifier_id: int) -> QuerySet[Answer]:
    """Return the labels that people gave without knowing of another person's; undone ones and skips aren't in it."""
    given = Answer.objects.filter(classifier_id=classifier_id, label__isnull=False, undone_at__isnull=True)
    return given.filter(user__isnull=False, is_adjudication=False).exclude(queue__in=REVIEWS)


def settling(classifier_id: int) -> QuerySet[Answer]:
    """Return the labels that people gave knowing what was said before."""
    given = Answer.objects.filter(classifier_id=classifier_id, label__isnull=False, undone_at__isnull=True)
    return given.filter(Q(is_adjudication=True) | Q(queue__in=REVIEWS))
