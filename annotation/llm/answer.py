"""What a language model's reply says, checked in code: a label of ours, or why there is none. Never a default."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotation.asking import Answer, Problem
from moderation import strict_json
from moderation.strict_json import BadJson

MOST_REASON_CHARS = 300
_SHOWN_CHARS = 60
# More than any model takes: a server that counts wildly must not break the sums.
_MOST_TOKENS = 10_000_000
# Local models think aloud, or wrap the object as in a document; neither changes what it says.
_THINKING = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL)
_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?```\s*\Z", re.DOTALL | re.IGNORECASE)
# Control characters, halves of a pair, and marks that turn the direction of a line: not for a screen.
_UNSHOWN = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]+"
)


@dataclass(frozen=True)
class Completion:
    """What one call brought, and the tokens that the server counted."""

    said: Answer | Problem
    prompt_tokens: int = 0
    completion_tokens: int = 0


def read_completion(body: bytes, *, labels: Mapping[str, int]) -> Completion:
    """Return what the body of a reply says. `labels` gives the number of each label by its exact name.

    Whatever isn't a completion with an answer comes back as a Problem, with the tokens where they were told.
    """
    try:
        completion = strict_json.parse(body)
    except BadJson:
        return Completion(Problem(_unreadable(body)))
    if not isinstance(completion, dict):
        return Completion(Problem("The server's reply was JSON, but not that of a language model."))
    usage = completion.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return Completion(
        said=_read_choice(completion.get("choices"), labels=labels),
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
    )


def read_content(content: str, *, labels: Mapping[str, int]) -> Answer | Problem:
    """Return the answer that the model wrote, or what is wrong with it."""
    content = _THINKING.sub("", content)
    if fenced := _FENCE.match(content):
        content = fenced.group(1)
    try:
        answer = strict_json.parse(content.encode("utf-8", "replace"))
    except BadJson:
        return Problem("The model's answer was not a whole JSON object.")
    if not isinstance(answer, dict):
        return Problem("The model's answer was not a JSON object.")
    return _check(answer, labels=labels)


def clean_line(text: str, *, most_chars: int = MOST_REASON_CHARS) -> str:
    """Return the text as one line for a screen: no control characters or turns of direction, cut at a length."""
    line = unicodedata.normalize("NFC", " ".join(_UNSHOWN.sub(" ", text).split()))
    return line if len(line) <= most_chars else f"{line[: most_chars - 1].rstrip()}…"


def _read_choice(choices: object, *, labels: Mapping[str, int]) -> Answer | Problem:
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return Problem("The server's reply held no answer.")
    choice = choices[0]
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    if message.get("refusal"):
        return Problem("The model refused to label this text.")
    if choice.get("finish_reason") == "content_filter":
        return Problem("The server's content filter stopped the answer.")
    if choice.get("finish_reason") == "length":
        return Problem("The model's answer was cut off because it grew too long.")
    content = message.get("content")
    if not isinstance(content, str) or not content.strip():
        return Problem("The model's answer was empty.")
    return read_content(content, labels=labels)


def _check(answer: Mapping[str, Any], *, labels: Mapping[str, int]) -> Answer | Problem:
    label, confidence, reason = answer.get("label"), answer.get("confidence"), answer.get("reason", "")
    if not isinstance(label, str):
        return Problem("The model's answer named no label.")
    if label not in labels:
        return Problem(
            f"The model answered “{clean_line(label, most_chars=_SHOWN_CHARS)}”, which is none of the labels."
        )
    # In Python a bool is a number, and would pass as 0 or 1.
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        return Problem("The model's answer had no confidence between 0 and 1.")
    if not isinstance(reason, str):
        return Problem("The model's answer had a reason that is no text.")
    return Answer(label_number=labels[label], confidence=float(confidence), reason=clean_line(reason))


def _unreadable(body: bytes) -> str:
    if body.lstrip()[:1] == b"<":
        return "The server answered with a web page instead of JSON."
    return "The server's reply was cut off or was no JSON."


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 <= value <= _MOST_TOKENS else 0
