"""Try a text on a classifier, exactly as the API would answer it, without a log row."""

from __future__ import annotations

from classifiers.models import Classifier
from moderation import strict_json
from moderation.analyzers import registry
from moderation.analyzers.base import Finding
from moderation.text import normalize


class NotTried(Exception):
    """There's no answer; the message says why and what to do."""


def predict(classifier: Classifier, *, text: str) -> Finding:
    """Return what the live version says of the text. Raises NotTried."""
    problem = strict_json.text_problem(text)
    if problem is not None:
        raise NotTried(problem.message)
    [finding] = registry.analyze([classifier.key], texts=[normalize(text).content]).findings[classifier.key]
    if finding.error is not None:
        raise NotTried(finding.error)
    return finding
