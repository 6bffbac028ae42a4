"""Many texts asked at once: never more than may be, each answered once, no call without leave."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from annotation.asking import Answer, AskingFailed, AskingPaused, LabelRule, Problem, Question, Reply
from annotation.llm.client import Client
from annotation.llm.pace import Pace
from annotation.llm.window import MOST_TRIES, LanguageModel
from tests.llm_server import LanguageModelServer
from tests.server import free_port

pytestmark = pytest.mark.slow

LABELS = (LabelRule(0, "Fine"), LabelRule(1, "Spam"))


@pytest.fixture
def server() -> Iterator[LanguageModelServer]:
    with LanguageModelServer() as stand_in:
        yield stand_in


@dataclass
class Asked:
    """What came of an asking."""

    replies: list[Reply] = field(default_factory=list)
    ending: Exception | None = None
    unused: int = 0

    @property
    def answers(self) -> list[Reply]:
        return [reply for reply in self.replies if isinstance(reply.said, Answer)]

    @property
    def problems(self) -> list[str]:
        return [reply.said.sentence for reply in self.replies if isinstance(reply.said, Problem)]


def _ask(
    url: str, *, texts: int = 10, most: int = 4, allowance: int | None = None, stop_after: int | None = None
) -> Asked:
    left = [allowance]

    def permit(wanted: int) -> int:
        if left[0] is None:
            return wanted
        granted = min(wanted, left[0])
        left[0] -= granted
        if not granted:
            raise AskingPaused("The allowance is used up.")
        return granted

    client = Client(base_url=url, api_key="", model="some-model", timeout_s=0.5, labels=LABELS, purpose="")
    marks = itertools.count()
    model = LanguageModel(
        client,
        pace=Pace(most=most, rng=random.Random(0), first_wait_s=0.02),
        permit=permit,
        make_mark=lambda: f"{next(marks):08d}",
    )
    asked = Asked()
    try:
        for batch in model.ask(Question(number, f"Text {number}: spam") for number in range(texts)):
            asked.replies += batch
            if stop_after is not None and len(asked.replies) >= stop_after:
                model.stop()
    except (AskingPaused, AskingFailed) as error:
        asked.ending = error
    finally:
        model.close()
    asked.unused = model.unused_permits
    return asked


def test_each_text_is_answered_once(server: LanguageModelServer) -> None:
    asked = _ask(server.url, texts=30)

    assert sorted(reply.question_id for reply in asked.answers) == list(range(30))
    assert server.calls == 30


def test_as_many_calls_are_made_at_once_as_may_be_and_no_more(server: LanguageModelServer) -> None:
    server.delay_s = 0.1

    _ask(server.url, texts=30, most=6)

    assert server.most_at_once == 6


def test_the_first_call_is_made_alone(server: LanguageModelServer) -> None:
    server.mode = "bad_key"

    asked = _ask(server.url, most=8)

    assert isinstance(asked.ending, AskingFailed)
    assert (server.calls, asked.replies) == (1, [])


@pytest.mark.parametrize("mode", ["bad_key", "forbidden", "no_credit", "no_model"])
def test_what_no_waiting_mends_stops_the_asking_and_keeps_what_came_before(
    server: LanguageModelServer, mode: str
) -> None:
    server.script(["ok"] * 5)
    server.mode = mode

    asked = _ask(server.url, texts=20, most=1)

    assert isinstance(asked.ending, AskingFailed)
    assert (len(asked.answers), server.calls) == (5, 6)


@pytest.mark.parametrize("mode", ["failing", "drop"])
def test_five_failures_in_a_row_end_the_asking_after_five_calls(server: LanguageModelServer, mode: str) -> None:
    server.mode = mode

    asked = _ask(server.url, texts=100, most=8)

    assert isinstance(asked.ending, AskingPaused)
    assert (server.calls, asked.replies) == (5, [])


def test_a_server_that_drops_all_calls_at_once_and_comes_back_ends_nothing(server: LanguageModelServer) -> None:
    server.delay_s = 0.1
    server.script(["ok"] + ["drop"] * 8)

    asked = _ask(server.url, texts=20, most=8)

    assert (asked.ending, len(asked.answers)) == (None, 20)


@pytest.mark.parametrize("mode", ["failing", "drop", "hang", "busy"])
def test_what_fails_once_is_asked_again(server: LanguageModelServer, mode: str) -> None:
    server.script(["ok", mode, "ok", mode])

    asked = _ask(server.url, texts=6)

    assert len(asked.answers) == 6
    assert server.calls == 8
    assert sum(reply.calls for reply in asked.replies) == 8


def test_a_text_that_fails_each_time_is_given_up_and_the_others_go_on(server: LanguageModelServer) -> None:
    # Text 1 fails whenever its turn comes; texts that are new have theirs first.
    server.script(["ok", "failing", "ok", "ok", "failing", "failing", "failing", "ok"])

    asked = _ask(server.url, texts=4, most=1)

    assert len(asked.answers) == 3
    assert asked.problems == [f"The language model's server failed (HTTP 500). It was tried {MOST_TRIES} times."]


def test_a_busy_server_gets_its_time(server: LanguageModelServer) -> None:
    server.retry_after = "0.5"
    server.script(["ok", "busy"])
    started = time.monotonic()

    asked = _ask(server.url, texts=3, most=1)

    assert len(asked.answers) == 3
    assert time.monotonic() - started >= 0.5


def test_a_server_without_schemas_costs_one_call_more_for_each_form(server: LanguageModelServer) -> None:
    server.unknown_shapes = {"json_schema", "json_object"}

    asked = _ask(server.url, texts=10)

    assert (len(asked.answers), server.calls) == (10, 12)


def test_no_call_is_made_without_leave(server: LanguageModelServer) -> None:
    asked = _ask(server.url, texts=20, most=8, allowance=7)

    assert str(asked.ending) == "The allowance is used up."
    assert (len(asked.answers), server.calls) == (7, 7)


def test_a_repeated_call_needs_leave_too(server: LanguageModelServer) -> None:
    server.script(["failing"])

    asked = _ask(server.url, texts=3, most=1, allowance=3)

    assert isinstance(asked.ending, AskingPaused)
    assert (len(asked.answers), server.calls) == (2, 3)


def test_leave_that_was_surely_not_used_is_left_over() -> None:
    asked = _ask(f"http://127.0.0.1:{free_port()}/v1", texts=3, most=1, allowance=100)

    assert isinstance(asked.ending, AskingPaused)
    assert (asked.unused, asked.replies) == (1, [])


def test_after_a_stop_nothing_new_is_asked_and_what_is_under_way_is_kept(server: LanguageModelServer) -> None:
    server.delay_s = 0.2
    asked = _ask(server.url, texts=100, most=4, stop_after=1)

    assert asked.ending is None
    assert len(asked.answers) == server.calls
    assert server.calls < 10


def test_a_stop_doesn_t_wait_for_a_server_that_hangs(server: LanguageModelServer) -> None:
    server.script(["ok"])
    server.delay_s = 0.0
    server.mode = "hang"
    started = time.monotonic()

    asked = _ask(server.url, texts=100, most=4, stop_after=1)

    assert asked.ending is None
    assert time.monotonic() - started < 3.0


@pytest.mark.parametrize("mode", ["html", "cut", "no_choices", "no_content", "refusal", "unknown_label"])
def test_bad_replies_are_paid_once_and_never_asked_again(server: LanguageModelServer, mode: str) -> None:
    server.mode = mode

    asked = _ask(server.url, texts=10)

    assert (len(asked.problems), len(asked.answers), server.calls) == (10, 0, 10)


def test_rejections_in_a_row_end_the_asking(server: LanguageModelServer) -> None:
    server.mode = "rejected"

    asked = _ask(server.url, texts=100)

    assert isinstance(asked.ending, AskingFailed)
    assert server.calls == 5
