"""The service behind the moderation endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.utils import timezone

from moderation.models import RequestLog
from moderation.services import keys, moderate
from moderation.services.moderate import AnalyzerFailed, Moderated, TextRequest
from tests.factories import AnalyzerSettingFactory, ClassifierFactory, ProjectFactory

pytestmark = pytest.mark.django_db


def _moderate(
    *requests: TextRequest, analyzers: Sequence[str] = ("email",), is_logging: bool = True, **values: Any
) -> list[Moderated]:
    key = keys.issue(ProjectFactory(is_logging=is_logging), name="test").key
    return moderate.moderate_texts(
        key, requests=requests, analyzers=analyzers, endpoint="test", now=timezone.now(), **values
    )


def test_answers_come_in_the_order_of_the_requests() -> None:
    answers = _moderate(TextRequest("a@b.io"), TextRequest("nothing"), TextRequest("c@d.io"))

    assert [answer.findings["email"].matches for answer in answers] == [("a@b.io",), (), ("c@d.io",)]
    assert [answer.is_flagged for answer in answers] == [True, False, True]


def test_each_request_has_a_row_with_what_was_sent_and_found() -> None:
    now = timezone.now()
    key = keys.issue(ProjectFactory(is_logging=True), name="test").key
    request = TextRequest("a@b.io", author_id="ann", context_id="room", channel="chat", metadata={"n": 1})

    [answer] = moderate.moderate_texts(key, requests=[request], analyzers=["email"], endpoint="test", now=now)

    row = RequestLog.objects.get()
    assert (row.project_id, row.api_key_id, row.endpoint, row.created_at) == (key.project_id, key.pk, "test", now)
    assert (row.text, row.author_id, row.context_id, row.channel) == ("a@b.io", "ann", "room", "chat")
    assert (row.metadata, row.is_flagged, row.content_id) == ({"n": 1}, True, answer.content_id)
    assert row.findings == {"email": {"found": True, "mode": "NORMAL", "matches": ["a@b.io"]}}


def test_the_row_keeps_the_text_as_it_was_sent() -> None:
    _moderate(TextRequest("a\u200b@b.io"))

    assert RequestLog.objects.get().text == "a\u200b@b.io"


def test_the_caller_s_own_id_is_kept_and_a_missing_one_made() -> None:
    named, unnamed = _moderate(TextRequest("a", content_id="mine"), TextRequest("b"))

    assert named.content_id == "mine"
    assert unnamed.content_id
    assert set(RequestLog.objects.values_list("content_id", flat=True)) == {"mine", unnamed.content_id}


def test_only_what_may_be_stored_is_stored() -> None:
    kept, dropped = _moderate(TextRequest("kept"), TextRequest("dropped", is_storable=False))

    assert RequestLog.objects.get().text == "kept"
    assert (kept.content_id is None, dropped.content_id) == (False, None)


def test_a_project_that_keeps_no_log_stores_nothing() -> None:
    [answer] = _moderate(TextRequest("a", content_id="mine"), is_logging=False)

    assert answer.content_id is None
    assert not RequestLog.objects.exists()


def test_the_rows_of_many_texts_are_written_in_one_query(django_assert_num_queries: Any) -> None:
    key = keys.issue(ProjectFactory(is_logging=True), name="test").key
    requests = [TextRequest(f"text {number}") for number in range(20)]

    with django_assert_num_queries(1):
        moderate.moderate_texts(key, requests=requests, analyzers=["email"], endpoint="test", now=timezone.now())


def test_an_analyzer_that_fails_has_an_error_and_the_request_is_stored() -> None:
    ClassifierFactory(key="untrained")

    [answer] = _moderate(TextRequest("a@b.io"), analyzers=["email", "untrained"])

    assert answer.findings["email"].found
    assert "Train it first" in str(answer.findings["untrained"].error)
    assert RequestLog.objects.get().findings["untrained"]["label"] is None


def test_an_analyzer_that_must_answer_and_cannot_stores_nothing() -> None:
    ClassifierFactory(key="untrained")

    with pytest.raises(AnalyzerFailed, match="Train it first"):
        _moderate(TextRequest("a"), analyzers=["untrained"], must_answer=True)

    assert not RequestLog.objects.exists()


def test_only_analyzers_that_are_on_are_run_in_the_order_of_their_addition() -> None:
    project = ProjectFactory()
    AnalyzerSettingFactory(project=project, analyzer="second")
    AnalyzerSettingFactory(project=project, analyzer="first")
    AnalyzerSettingFactory(project=project, analyzer="off", is_enabled=False)
    AnalyzerSettingFactory(analyzer="foreign")

    assert moderate.enabled_analyzers(project.pk) == ["second", "first"]
