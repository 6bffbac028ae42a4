"""One text, or many, through a project's analyzers."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moderation.analyzers import registry
from moderation.analyzers.base import Finding
from moderation.analyzers.registry import Analysis
from moderation.models import AnalyzerSetting, ApiKey, RequestLog
from moderation.models.request_log import new_content_id
from moderation.text import Normalized, normalize


class AnalyzerFailed(Exception):
    """An analyzer can't answer, and the caller can't do without; the message is the analyzer's own sentence."""


@dataclass(frozen=True)
class TextRequest:
    """One text as the caller sent it, with what the caller said of it."""

    text: str
    content_id: str = ""
    author_id: str = ""
    context_id: str = ""
    channel: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    is_storable: bool = True


@dataclass(frozen=True)
class Moderated:
    """What the analyzers found in one text. `content_id` is None where nothing was stored."""

    text: Normalized
    findings: Mapping[str, Finding]
    content_id: str | None
    usage: int

    @property
    def is_flagged(self) -> bool:
        return any(finding.flagged for finding in self.findings.values())


def enabled_analyzers(project_id: int) -> list[str]:
    """Return the keys of the analyzers that the project runs, in the order in which they were added."""
    settings = AnalyzerSetting.objects.filter(project_id=project_id, is_enabled=True)
    return list(settings.values_list("analyzer", flat=True))


def moderate_texts(
    key: ApiKey,
    *,
    requests: Sequence[TextRequest],
    analyzers: Sequence[str],
    endpoint: str,
    now: dt.datetime,
    must_answer: bool = False,
) -> list[Moderated]:
    """Run `analyzers` on each text and write the log where the project stores requests.

    Order: answers come in the order of `requests`. An analyzer that fails has a finding with `error`; with
    `must_answer` nothing is stored then. Raises AnalyzerFailed, only with `must_answer`.
    """
    started = time.monotonic()
    texts = [normalize(request.text) for request in requests]
    analysis = registry.analyze(analyzers, texts=[text.content for text in texts])
    if must_answer:
        _check_answered(analysis)
    answers = [
        Moderated(
            text=text,
            findings={analyzer: analysis.findings[analyzer][index] for analyzer in analyzers},
            content_id=_content_id(key, request),
            usage=max(1, len(analysis.custom_keys)),
        )
        for index, (request, text) in enumerate(zip(requests, texts, strict=True))
    ]
    duration_ms = round(1000 * (time.monotonic() - started))
    _log(key, requests=requests, answers=answers, endpoint=endpoint, now=now, duration_ms=duration_ms)
    return answers


def _check_answered(analysis: Analysis) -> None:
    for findings in analysis.findings.values():
        for finding in findings:
            if finding.error is not None:
                raise AnalyzerFailed(finding.error)


def _content_id(key: ApiKey, request: TextRequest) -> str | None:
    if not (key.project.is_logging and request.is_storable):
        return None
    return request.content_id or new_content_id()


def _log(
    key: ApiKey,
    *,
    requests: Sequence[TextRequest],
    answers: Sequence[Moderated],
    endpoint: str,
    now: dt.datetime,
    duration_ms: int,
) -> None:
    RequestLog.objects.bulk_create(
        RequestLog(
            project_id=key.project_id,
            api_key_id=key.pk,
            content_id=answer.content_id,
            text=request.text,
            author_id=request.author_id,
            context_id=request.context_id,
            channel=request.channel,
            metadata=dict(request.metadata),
            endpoint=endpoint,
            findings={analyzer: finding.as_gen2() for analyzer, finding in answer.findings.items()},
            is_flagged=answer.is_flagged,
            duration_ms=duration_ms,
            created_at=now,
        )
        for request, answer in zip(requests, answers, strict=True)
        if answer.content_id is not None
    )
