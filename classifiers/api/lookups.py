"""What a key may see. Every endpoint below a classifier gets it here, so that this is asked in one place."""

from __future__ import annotations

from django.db.models import QuerySet

from classifiers.models import Classifier
from moderation.api_exceptions import Refused
from moderation.models import ApiKey
from moderation.services import moderate

# No id that the database gives is longer.
_MOST_DIGITS = 18


def get_classifier(api_key: ApiKey, key: str, *, among: QuerySet[Classifier] | None = None) -> Classifier:
    """Return the classifier that the key's project runs. Raises Refused (404) for any other, there or not."""
    # The key is what the caller wrote; the database is asked only for one that a project has.
    is_run = key in moderate.enabled_analyzers(api_key.project_id)
    classifiers = Classifier.objects.all() if among is None else among
    classifier = classifiers.filter(key=key).first() if is_run else None
    if classifier is None:
        raise not_found()
    return classifier


def read_id(text: str) -> int:
    """Return the number that an id in an address is. Raises Refused (404) for what can be none."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise not_found()
    return int(text)


def not_found() -> Refused:
    """Return the one answer to everything that isn't there for this key."""
    return Refused(404, "Not found")
