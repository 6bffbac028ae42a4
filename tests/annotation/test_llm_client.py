"""One call to a server on this machine, and what is made of each of its ways to fail."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest

from annotation.asking import Answer, LabelRule, Problem
from annotation.llm.answer import Completion
from annotation.llm.client import FIRST_FORM, Client, Form, Kind, Shape, Trouble, read_retry_after
from tests.llm_server import LanguageModelServer, text_of
from tests.server import free_port

pytestmark = pytest.mark.slow

LABELS = (LabelRule(0, "Fine"), LabelRule(1, "Spam", "Adverts."))
TIMEOUT_S = 0.6


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageModelServer]:
    with LanguageModelServer() as stand_in:
        yield stand_in


def _client(url: str, *, api_key: str = "") -> Client:
    return Client(
        base_url=url, api_key=api_key, model="some-model", timeout_s=TIMEOUT_S, labels=LABELS, purpose="Is it spam?"
    )


def _call(server: LanguageModelServer, *, mode: str = "ok", form: Form = FIRST_FORM) -> Completion | Trouble:
    server.script([mode])
    client = _client(server.url)
    try:
        return client.call("A spam text", mark="0123", form=form)
    finally:
        client.close()


def test_an_answer_comes_back_with_its_tokens(server: LanguageModelServer) -> None:
    called = _call(server)

    assert called == Completion(Answer(1, 0.9, "The text names Spam."), prompt_tokens=200, completion_tokens=20)


def test_the_request_holds_the_text_the_schema_and_a_bound(server: LanguageModelServer) -> None:
    _call(server)

    request = server.requests[-1]
    assert text_of(request) == "A spam text"
    assert request["response_format"]["json_schema"]["schema"]["properties"]["label"]["enum"] == ["Fine", "Spam"]
    assert request["max_completion_tokens"] > 0
    # Nothing that could be called on the text's behalf.
    assert "tools" not in request


@pytest.mark.parametrize(
    "mode",
    [
        "html", "cut", "no_choices", "no_content", "refusal", "too_long", "unknown_label", "no_label", "confident",
        "not_json",
    ],
)  # fmt: skip
def test_a_bad_reply_is_the_text_s_problem(server: LanguageModelServer, mode: str) -> None:
    called = _call(server, mode=mode)

    assert isinstance(called, Completion)
    assert isinstance(called.said, Problem)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("failing", Kind.DOWN),
        ("hang", Kind.DOWN),
        ("drip", Kind.DOWN),
        ("drop", Kind.DOWN),
        ("busy", Kind.BUSY),
        ("rejected", Kind.REJECTED),
        ("bad_key", Kind.HOPELESS),
        ("forbidden", Kind.HOPELESS),
        ("no_credit", Kind.HOPELESS),
        ("no_model", Kind.HOPELESS),
    ],
)
def test_trouble_is_told_apart_and_said_in_a_sentence(server: LanguageModelServer, mode: str, kind: Kind) -> None:
    called = _call(server, mode=mode)

    assert isinstance(called, Trouble)
    assert (called.kind, called.was_called) == (kind, True)
    assert called.sentence.endswith(".")


@pytest.mark.parametrize("mode", ["hang", "drip"])
def test_a_server_that_hangs_or_drips_is_left_in_time(server: LanguageModelServer, mode: str) -> None:
    started = time.monotonic()

    _call(server, mode=mode)

    assert time.monotonic() - started < TIMEOUT_S + 1.0


def test_nothing_is_tried_again_behind_the_back(server: LanguageModelServer) -> None:
    before = server.calls

    _call(server, mode="failing")

    assert server.calls == before + 1


def test_where_nobody_listens_nothing_was_called() -> None:
    client = _client(f"http://127.0.0.1:{free_port()}/v1")

    called = client.call("A text", mark="0123", form=FIRST_FORM)
    client.close()

    assert isinstance(called, Trouble)
    assert (called.kind, called.was_called) == (Kind.DOWN, False)


def test_a_busy_server_says_for_how_long(server: LanguageModelServer) -> None:
    server.retry_after = "7"

    called = _call(server, mode="busy")

    server.retry_after = "0"
    assert isinstance(called, Trouble)
    assert called.retry_after_s == 7.0


def test_a_server_without_schemas_is_asked_for_json_and_then_plainly(server: LanguageModelServer) -> None:
    server.unknown_shapes = {"json_schema", "json_object"}

    first = _call(server)
    assert isinstance(first, Trouble)
    assert first.next_form is not None
    second = _call(server, form=first.next_form)
    assert isinstance(second, Trouble)
    assert second.next_form is not None
    third = _call(server, form=second.next_form)

    server.unknown_shapes = set()
    assert (first.next_form.shape, second.next_form.shape) == (Shape.JSON, Shape.PLAIN)
    assert isinstance(third, Completion)
    assert isinstance(third.said, Answer)


def test_a_server_that_bounds_answers_by_the_old_name_is_told_so(server: LanguageModelServer) -> None:
    server.unknown_arguments = {"max_completion_tokens"}

    first = _call(server)
    assert isinstance(first, Trouble)
    assert first.next_form is not None
    second = _call(server, form=first.next_form)

    server.unknown_arguments = set()
    assert isinstance(second, Completion)
    assert "max_tokens" in server.requests[-1]


def test_the_key_is_sent_where_there_is_one(server: LanguageModelServer) -> None:
    client = _client(server.url, api_key="sk-some-key")
    client.call("A text", mark="0123", form=FIRST_FORM)
    client.close()

    assert server.requests[-1]["key"] == "Bearer sk-some-key"


def test_no_library_logs_a_text(server: LanguageModelServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        _call(server)

    assert "spam" not in caplog.text.lower()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 60.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "٣"}, None),
    ],
)
def test_retry_after_is_read_in_each_of_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after(headers, now_s=40.0) == seconds
