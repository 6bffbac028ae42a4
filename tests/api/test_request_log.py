"""What `POST /moderate/text` keeps of a request."""

from __future__ import annotations

import pytest

from moderation.models import ApiKey, RequestLog
from tests.clients import client_for, project_with

pytestmark = pytest.mark.django_db

PATH = "/api/v1/moderate/text"


def test_the_log_row_holds_what_was_sent_and_answered() -> None:
    project = project_with("email", is_logging=True)
    sent = {
        "value": "b\u200bob@example.com",
        "contentId": "message-1",
        "authorId": "ann",
        "contextId": "room",
        "channelKey": "chat",
        "metadata": {"page": [1, "ä"]},
    }

    body = client_for(project).post(PATH, sent).json()

    row = RequestLog.objects.get()
    assert body["contentId"] == "message-1"
    assert (row.project, row.api_key, row.endpoint) == (project, ApiKey.objects.get(), "moderate/text")
    assert (row.text, row.content_id, row.author_id) == ("b\u200bob@example.com", "message-1", "ann")
    assert (row.context_id, row.channel, row.metadata) == ("room", "chat", {"page": [1, "ä"]})
    assert (row.findings, row.is_flagged) == ({"email": body["email"]}, True)
    assert round(1000 * row.created_at.timestamp()) == body["request"]["timestamp"]


def test_a_request_without_an_id_gets_one() -> None:
    body = client_for(project_with(is_logging=True)).post(PATH, {"value": "Hello"}).json()

    assert body["contentId"] == RequestLog.objects.get().content_id
    assert len(body["contentId"]) == 24


def test_nothing_is_stored_where_the_caller_says_so() -> None:
    body = client_for(project_with(is_logging=True)).post(PATH, {"value": "Hello", "doNotStore": True}).json()

    assert not RequestLog.objects.exists()
    assert "contentId" not in body


def test_nothing_is_stored_where_the_project_keeps_no_log() -> None:
    body = client_for(project_with(is_logging=False)).post(PATH, {"value": "Hello", "contentId": "x"}).json()

    assert not RequestLog.objects.exists()
    assert "contentId" not in body


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE moderation_requestlog; --",
        "<script>alert(1)</script>",
        "{{ settings.SECRET_KEY }} {% debug %} %s %(x)s {0.__class__}",
        "(a+)+$ [[[ \\",
        "🦆👩‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        "../../etc/passwd",
        "line\r\nbreak\ttab",
        "مرحبا \u202eabc",
        "a\u0301" * 500,
    ],
    ids=["SQL", "HTML", "template", "regex", "emoji", "path", "lines", "right to left", "marks"],
)
def test_a_text_is_stored_and_answered_as_text(text: str) -> None:
    body = client_for(project_with("email", is_logging=True)).post(PATH, {"value": text}).json()

    assert body["original"] == text
    assert RequestLog.objects.get().text == text
