"""Try texts on a classifier, exactly as the API would answer them, without a log row."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from classifiers import analyzer
from classifiers.models import Classifier, Version
from moderation import strict_json
from moderation.analyzers import registry
from moderation.analyzers.base import Finding
from moderation.text import normalize

# A person waits for the answer: 1,000 texts of a line took 1 to 2 seconds, 500,000 characters 11 (two busy cores).
MOST_TEXTS = 1_000
MOST_CHARS = 500_000


class NotTried(Exception):
    """There's no answer; the message says why and what to do."""


@dataclass(frozen=True)
class Answer:
    """What a version said of one text; where the text can't be tried, `finding` is None and `problem` says why."""

    text: str
    finding: Finding | None
    problem: str = ""


@dataclass(frozen=True)
class Trial:
    """The answers, in the order of the texts, and how long they took all together: one pass of the encoder."""

    answers: tuple[Answer, ...]
    duration_ms: float


def predict(classifier: Classifier, *, text: str) -> Finding:
    """Return what the live version says of the text. Raises NotTried."""
    problem = strict_json.text_problem(text)
    if problem is not None:
        raise NotTried(problem.message)
    [finding] = _by_live_version(classifier, texts=[normalize(text).content])
    if finding.error is not None:
        raise NotTried(finding.error)
    return finding


def ask(version: Version, *, texts: Sequence[str]) -> Trial:
    """Return what the version says of each text; one that can't be tried has its problem in the place of an answer.

    Raises NotTried where the version can't answer, or the texts are none or too many.
    """
    if not texts:
        raise NotTried("Type or paste a text first.")
    if len(texts) > MOST_TEXTS:
        raise NotTried(f"These are {len(texts):,} texts; {MOST_TEXTS:,} can be tried at once. Leave some out.")
    if (chars := sum(map(len, texts))) > MOST_CHARS:
        raise NotTried(f"These are {chars:,} characters; {MOST_CHARS:,} can be tried at once. Leave some texts out.")
    problems = [strict_json.text_problem(text) for text in texts]
    good = [normalize(text).content for text, problem in zip(texts, problems, strict=True) if problem is None]
    started = time.perf_counter()
    findings = _findings(version, texts=good)
    duration_ms = 1_000 * (time.perf_counter() - started)
    if error := next((finding.error for finding in findings if finding.error is not None), None):
        raise NotTried(error)
    left = iter(findings)
    answers = (
        Answer(text=text, finding=next(left)) if problem is None else Answer(text, None, problem.message)
        for text, problem in zip(texts, problems, strict=True)
    )
    return Trial(answers=tuple(answers), duration_ms=duration_ms)


def _findings(version: Version, *, texts: Sequence[str]) -> Sequence[Finding]:
    if version.pk == version.classifier.live_version_id:
        return _by_live_version(version.classifier, texts=texts)
    return analyzer.answer(version, texts=texts)


def _by_live_version(classifier: Classifier, *, texts: Sequence[str]) -> Sequence[Finding]:
    return registry.analyze([classifier.key], texts=texts).findings[classifier.key]
