"""Versions: which one is live."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from classifiers.models import Classifier, Version
from moderation.runs import RunState


class NotPromotable(Exception):
    """The version has no artifact to serve with."""


@transaction.atomic
def promote(version_id: int) -> Version:
    """Make the version the live one; requests that start afterwards are answered by it. Raises NotPromotable."""
    version = Version.objects.get(pk=version_id)
    if version.state != RunState.SUCCEEDED:
        raise NotPromotable("Only a version whose training succeeded can go live.")
    Version.objects.filter(pk=version_id).update(promoted_at=timezone.now())
    Classifier.objects.filter(pk=version.classifier_id).update(live_version_id=version_id)
    return version
