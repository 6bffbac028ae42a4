"""A reply is a label of ours, or a sentence that says why there is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from annotation.asking import Answer, Problem
from annotation.llm import answer

LABELS = {"Fine": 0, "Spam": 1}
GOOD = {"reason": "It advertises.", "label": "Spam", "confidence": 0.8}


def _body(**changes: Any) -> bytes:
    message = {"role": "assistant", "content": json.dumps(GOOD)} | changes.pop("message", {})
    choice = {"index": 0, "message": message, "finish_reason": "stop"} | changes.pop("choice", {})
    completion = {"choices": [choice], "usage": {"prompt_tokens": 120, "completion_tokens": 15}} | changes
    return json.dumps(completion).encode()


def test_an_answer_is_read_with_its_tokens() -> None:
    completion = answer.read_completion(_body(), labels=LABELS)

    assert completion.said == Answer(label_number=1, confidence=0.8, reason="It advertises.")
    assert (completion.prompt_tokens, completion.completion_tokens) == (120, 15)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<!doctype html><p>Welcome", "The server answered with a web page instead of JSON."),
        (_body()[:60], "The server's reply was cut off or was no JSON."),
        (b"", "The server's reply was cut off or was no JSON."),
        (b"[" * 100_000, "The server's reply was cut off or was no JSON."),
        (b'{"a": NaN}', "The server's reply was cut off or was no JSON."),
        (b"\xff\xfe", "The server's reply was cut off or was no JSON."),
        (b"[]", "The server's reply was JSON, but not that of a language model."),
        (b"{}", "The server's reply held no answer."),
        (_body(choices=[]), "The server's reply held no answer."),
        (_body(choices=None), "The server's reply held no answer."),
        (_body(choices=["x"]), "The server's reply held no answer."),
        (_body(message={"content": None}), "The model's answer was empty."),
        (_body(message={"content": " "}), "The model's answer was empty."),
        (_body(message={"content": [1]}), "The model's answer was empty."),
        (_body(choice={"message": None}), "The model's answer was empty."),
        (_body(message={"content": None, "refusal": "No."}), "The model refused to label this text."),
        (_body(choice={"finish_reason": "length"}), "The model's answer was cut off because it grew too long."),
        (_body(choice={"finish_reason": "content_filter"}), "The server's content filter stopped the answer."),
    ],
)
def test_a_reply_without_an_answer_says_why(body: bytes, sentence: str) -> None:
    assert answer.read_completion(body, labels=LABELS).said == Problem(sentence)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("Spam", "not a whole JSON object"),
        ("null", "not a JSON object"),
        ('["Spam"]', "not a JSON object"),
        (json.dumps(GOOD)[:-5], "not a whole JSON object"),
        (json.dumps(GOOD) * 2, "not a whole JSON object"),
        ('{"label": "Fine", "label": "Spam", "confidence": 1}', "not a whole JSON object"),
        (json.dumps({**GOOD, "label": "spam"}), "“spam”, which is none of the labels"),
        (json.dumps({**GOOD, "label": "Spam "}), "“Spam”, which is none of the labels"),
        (json.dumps({**GOOD, "label": "Sp\u0430m"}), "none of the labels"),
        (json.dumps({**GOOD, "label": ["Spam"]}), "named no label"),
        (json.dumps({**GOOD, "label": 1}), "named no label"),
        (json.dumps({"confidence": 1}), "named no label"),
        (json.dumps({**GOOD, "confidence": 80}), "no confidence between 0 and 1"),
        (json.dumps({**GOOD, "confidence": -0.1}), "no confidence between 0 and 1"),
        (json.dumps({**GOOD, "confidence": True}), "no confidence between 0 and 1"),
        (json.dumps({**GOOD, "confidence": "0.8"}), "no confidence between 0 and 1"),
        (json.dumps({"label": "Spam"}), "no confidence between 0 and 1"),
        (json.dumps({**GOOD, "reason": 5}), "a reason that is no text"),
    ],
)
def test_what_is_no_answer_of_ours_never_becomes_a_label(content: str, word: str) -> None:
    said = answer.read_content(content, labels=LABELS)

    assert isinstance(said, Problem)
    assert word in said.sentence


@pytest.mark.parametrize(
    "content",
    [
        f"<think>It could be spam. {{}}</think>\n{json.dumps(GOOD)}",
        f"```json\n{json.dumps(GOOD)}\n```",
        f"```\n{json.dumps(GOOD, indent=2)}\n```\n",
        json.dumps({**GOOD, "more": "than asked"}),
    ],
    ids=["thinking", "fenced", "plain fence", "more"],
)
def test_what_local_models_put_around_an_answer_does_no_harm(content: str) -> None:
    assert isinstance(answer.read_content(content, labels=LABELS), Answer)


def test_a_reason_is_one_clean_line_of_limited_length() -> None:
    said = answer.read_content(json.dumps({**GOOD, "reason": "a\x00b\n\u202ec" + "d" * 500}), labels=LABELS)

    assert isinstance(said, Answer)
    assert said.reason.startswith("a b cd")
    assert len(said.reason) == answer.MOST_REASON_CHARS
    assert said.reason.endswith("…")


def test_half_a_pair_in_a_reason_is_left_out() -> None:
    said = answer.read_content('{"reason": "so \\ud83d it is", "label": "Fine", "confidence": 1}', labels=LABELS)

    assert isinstance(said, Answer)
    said.reason.encode("utf-8")


@pytest.mark.parametrize("usage", [None, [], {"prompt_tokens": "9"}, {"prompt_tokens": -1}, {"prompt_tokens": 10**20}])
def test_tokens_that_make_no_sense_count_as_none(usage: object) -> None:
    completion = answer.read_completion(_body(usage=usage), labels=LABELS)

    assert isinstance(completion.said, Answer)
    assert completion.prompt_tokens == 0
