"""How fast a server is asked: carefully at first and after trouble, else as fast as it bears."""

from __future__ import annotations

import random

import pytest

from annotation.asking import AskingFailed, AskingPaused
from annotation.llm.pace import BREAKER, MOST_WAIT_S, Pace


def _pace(*, most: int = 8, answered: bool = True) -> Pace:
    pace = Pace(most=most, rng=random.Random(0))
    if answered:
        pace.answered()
    return pace


def test_only_one_call_is_made_until_the_server_has_answered() -> None:
    pace = _pace(answered=False)
    before = pace.window

    pace.answered()

    assert (before, pace.window) == (1, 8)


def test_after_a_failure_one_call_at_a_time_until_the_next_answer() -> None:
    pace = _pace()

    pace.failed(began_s=9.0, now_s=10.0, sentence="It failed.")
    narrowed = pace.window
    pace.answered()

    assert (narrowed, pace.window) == (1, 8)


def test_each_failure_in_a_row_holds_longer_with_jitter() -> None:
    holds = []
    for failures in range(1, BREAKER):
        pace = _pace()
        for _ in range(failures):
            pace.failed(began_s=0.0, now_s=0.0, sentence="It failed.")
        holds.append(pace.hold_until_s)

    for index, hold in enumerate(holds):
        assert 0.25 * 2**index <= hold <= 0.5 * 2**index


def test_the_fifth_failure_in_a_row_opens_the_breaker() -> None:
    pace = _pace()
    for _ in range(BREAKER - 1):
        pace.failed(began_s=0.0, now_s=0.0, sentence="It failed.")

    with pytest.raises(AskingPaused, match="That was 5 times in a row"):
        pace.failed(began_s=0.0, now_s=0.0, sentence="It failed.")


def test_a_windowful_that_is_dropped_at_once_is_one_failure() -> None:
    pace = _pace(most=16)

    for _ in range(16):
        pace.failed(began_s=99.0, now_s=100.0, sentence="It was dropped.")

    assert pace.failures == 1


def test_an_answer_in_between_keeps_the_breaker_closed() -> None:
    pace = _pace()

    for _ in range(3 * BREAKER):
        pace.failed(began_s=0.0, now_s=0.0, sentence="It failed.")
        pace.answered()

    assert pace.failures == 0


def test_a_busy_server_is_left_alone_for_as_long_as_it_says() -> None:
    pace = _pace()

    pace.was_busy(began_s=99.0, now_s=100.0, retry_after_s=20.0)

    assert 120.0 <= pace.hold_until_s <= 122.0


def test_a_windowful_of_busy_replies_halves_the_window_once() -> None:
    pace = _pace(most=16)

    for _ in range(16):
        pace.was_busy(began_s=99.0, now_s=100.0, retry_after_s=1.0)
    pace.answered()

    assert pace.window == 8


def test_the_window_grows_back_with_the_answers() -> None:
    pace = _pace(most=4)
    pace.was_busy(began_s=0.0, now_s=0.0, retry_after_s=0.0)

    for _ in range(20):
        pace.answered()

    assert pace.window == 4


def test_a_wait_that_is_too_long_for_a_worker_pauses_the_run() -> None:
    with pytest.raises(AskingPaused, match="no more calls for about 10 minutes"):
        _pace().was_busy(began_s=0.0, now_s=0.0, retry_after_s=600.0)


def test_a_server_that_is_busy_for_too_long_pauses_the_run() -> None:
    pace = _pace()

    with pytest.raises(AskingPaused, match="too busy for 5 minutes"):
        for turn in range(100):
            pace.was_busy(began_s=turn * 10.0, now_s=turn * 10.0, retry_after_s=1.0)


def test_a_busy_server_that_says_nothing_is_asked_later_each_time() -> None:
    pace = _pace()
    now_s, waits = 0.0, []

    for _ in range(6):
        pace.was_busy(began_s=now_s, now_s=now_s, retry_after_s=None)
        waits.append(pace.hold_until_s - now_s)
        now_s = pace.hold_until_s

    assert waits[0] < 1.0
    assert waits[-1] > 5.0
    assert max(waits) < MOST_WAIT_S


def test_rejections_in_a_row_end_the_asking() -> None:
    pace = _pace()
    for _ in range(BREAKER - 1):
        pace.was_rejected("It was rejected.")

    with pytest.raises(AskingFailed, match="5 texts in a row"):
        pace.was_rejected("It was rejected.")
