"""One call to a language model's server, and what came of it. It never tries again: that is `window`'s work.

Reads the reply in pieces, so that a server that drips or floods is left in time: the openai package waits for
each piece anew (600 s by default), and takes a web page, a reply without choices or one without content as success.
"""

from __future__ import annotations

import email.utils
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from typing import Any

import httpx2
import openai

from annotation.asking import LabelRule, Problem
from annotation.llm import answer, prompt
from annotation.llm.answer import Completion
from annotation.llm.prompt import Prompt

# Thinking included: many times what a sentence takes, and a bound to what a stranger's text can make a model write.
_MOST_ANSWER_TOKENS = 4_000
_MOST_REPLY_BYTES = 1_000_000
_CONNECT_S = 5.0

# At DEBUG these write whole requests, texts included, whatever LOG_LEVEL and OPENAI_LOG say.
for _name in ("openai", "httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Shape(IntEnum):
    """How the server is told what an answer looks like, best first. Not every server knows the first two."""

    SCHEMA = 1
    JSON = 2
    PLAIN = 3


@dataclass(frozen=True)
class Form:
    """The form of a call: what a server doesn't know is left out or called otherwise in the next form."""

    shape: Shape
    limit_name: str


FIRST_FORM = Form(shape=Shape.SCHEMA, limit_name="max_completion_tokens")


class Kind(Enum):
    """What kind of trouble: what to do about it depends on this alone."""

    BUSY = "busy"
    DOWN = "down"
    REJECTED = "rejected"
    MISFORMED = "misformed"
    HOPELESS = "hopeless"


@dataclass(frozen=True)
class Trouble:
    """A call that brought no completion. `was_called` is False only where surely nothing was sent.

    `next_form` is what to try where the server doesn't know the call's form.
    """

    kind: Kind
    sentence: str
    retry_after_s: float | None = None
    was_called: bool = True
    next_form: Form | None = None


class _TooSlow(Exception):
    """The reply isn't whole within the time."""


class _TooLong(Exception):
    """The reply is larger than any answer."""


class Client:
    """Calls one model of one server about texts with the same labels. Its methods may be called by many threads."""

    def __init__(
        self, *, base_url: str, api_key: str, model: str, timeout_s: float, labels: Sequence[LabelRule], purpose: str
    ) -> None:
        self._model = model
        self._timeout_s = timeout_s
        self._labels: Mapping[str, int] = {label.name: label.number for label in labels}
        self._schema = prompt.schema(labels)
        self._system = prompt.write_system(labels, purpose=purpose)
        self._openai = openai.OpenAI(
            # A local server needs no key, but the package wants one.
            api_key=api_key or "none",
            base_url=base_url,
            timeout=httpx2.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
            max_retries=0,
        )

    def call(self, text: str, *, mark: str, form: Form) -> Completion | Trouble:
        """Ask about one text, once."""
        message = Prompt(system=self._system, user=prompt.write_user(text, mark=mark))
        try:
            body = self._fetch(message, form=form)
        except (openai.APITimeoutError, httpx2.TimeoutException, _TooSlow) as error:
            return _slow(error, timeout_s=self._timeout_s)
        except openai.APIStatusError as error:
            return _trouble(error, form=form, model=self._model)
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError) as error:
            return _dropped(error)
        except _TooLong:
            return Completion(Problem("The server's reply was longer than any answer."))
        return answer.read_completion(body, labels=self._labels)

    def close(self) -> None:
        """Let go of the connections."""
        self._openai.close()

    def _fetch(self, message: Prompt, *, form: Form) -> bytes:
        ends_at_s = time.monotonic() + self._timeout_s
        # `create` has overloads that a computed form of answer fits none of.
        create: Any = self._openai.chat.completions.with_streaming_response.create
        with create(**self._arguments(message, form=form)) as response:
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if time.monotonic() > ends_at_s:
                    raise _TooSlow
                if len(body) > _MOST_REPLY_BYTES:
                    raise _TooLong
            return bytes(body)

    def _arguments(self, message: Prompt, *, form: Form) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": self._model,
            "messages": [
                {"role": "system", "content": message.system},
                {"role": "user", "content": message.user},
            ],
            form.limit_name: _MOST_ANSWER_TOKENS,
        }
        if form.shape == Shape.SCHEMA:
            named = {"name": "label", "strict": True, "schema": self._schema}
            arguments["response_format"] = {"type": "json_schema", "json_schema": named}
        elif form.shape == Shape.JSON:
            arguments["response_format"] = {"type": "json_object"}
        return arguments


def _slow(error: Exception, *, timeout_s: float) -> Trouble:
    sentence = f"The language model's server didn't answer within {timeout_s:g} seconds."
    was_called = not isinstance(error.__cause__ or error, httpx2.ConnectTimeout | httpx2.PoolTimeout)
    return Trouble(Kind.DOWN, sentence, was_called=was_called)


def _dropped(error: Exception) -> Trouble:
    if isinstance(error.__cause__ or error, httpx2.ConnectError):
        return Trouble(Kind.DOWN, "The language model's server can't be reached.", was_called=False)
    return Trouble(Kind.DOWN, "The language model's server dropped the connection.")


def _trouble(error: openai.APIStatusError, *, form: Form, model: str) -> Trouble:
    status = error.status_code
    if status == 429:
        return _busy(error)
    if status >= 500 or status in (408, 409, 425):
        return Trouble(Kind.DOWN, f"The language model's server failed (HTTP {status}).")
    if sentence := _hopeless(status, model=model):
        return Trouble(Kind.HOPELESS, sentence)
    sentence = f"The language model's server rejected the call (HTTP {status})."
    next_form = _next_form(error, form=form) if status in (400, 422) else None
    kind = Kind.REJECTED if next_form is None else Kind.MISFORMED
    return Trouble(kind, sentence, next_form=next_form)


def _next_form(error: openai.APIStatusError, *, form: Form) -> Form | None:
    """Return the form to try where the server says that it doesn't know this one."""
    said = error.body if isinstance(error.body, str) else json.dumps(error.body, default=str)
    if form.limit_name == FIRST_FORM.limit_name and form.limit_name in said:
        # What it was called before models thought before they answered.
        return replace(form, limit_name="max_tokens")
    is_about_shape = any(word in said.lower() for word in ("response_format", "json_schema", "json_object"))
    if is_about_shape and form.shape != Shape.PLAIN:
        return replace(form, shape=Shape(form.shape + 1))
    return None


def _busy(error: openai.APIStatusError) -> Trouble:
    if "insufficient_quota" in (error.code, error.type) or "billing_hard_limit_reached" in (error.code, error.type):
        return Trouble(
            Kind.HOPELESS,
            "The account at the language model's server has no credit left. Add credit there, then resume the run.",
        )
    wait_s = read_retry_after(error.response.headers, now_s=time.time())
    return Trouble(Kind.BUSY, "The language model's server is busy.", retry_after_s=wait_s)


def _hopeless(status: int, *, model: str) -> str:
    if status == 401:
        return "The language model's server doesn't accept the key. Correct OPENAI_API_KEY, then resume the run."
    if status == 403:
        return (
            "The language model's server doesn't let this key use the model. Check OPENAI_API_KEY and OPENAI_MODEL, "
            "then resume the run."
        )
    if status in (404, 405):
        return (
            f"The language model's server doesn't know the model “{model}”, or isn't at that address. Correct "
            "OPENAI_MODEL or OPENAI_BASE_URL, then resume the run."
        )
    return ""


def read_retry_after(headers: Mapping[str, str], *, now_s: float) -> float | None:
    """Return for how long a server asks to be left alone, or None where it says nothing that can be read.

    `Retry-After` is a number of seconds or a date (RFC 9110, section 10.2.3); OpenAI also sends `retry-after-ms`.
    Units: seconds; now_s since 1970.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1_000
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    if seconds is not None or not value:
        return seconds
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now_s)
    except (ValueError, OverflowError):
        return None


def _number(value: str) -> float | None:
    # Digits only: float() would take "nan", "inf" and "1e9".
    value = value.strip()
    return float(value) if value.replace(".", "", 1).isdecimal() and value.isascii() and len(value) <= 12 else None
