"""What each word adds to a label, against probabilities made by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from classifiers.ml import explaining

_ODDS = {"win": 2.0, "now": 0.5, "meeting": -1.0}


class _Model:
    """Adds up what each word is worth; remembers the texts that it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        odds = np.array([sum(_ODDS.get(word, 0.0) for word in text.split()) for text in texts])
        spam = 1 / (1 + np.exp(-odds))
        return np.stack([0.5 * (1 - spam), spam, 0.5 * (1 - spam)], axis=1)


def _weigh(text: str, **values: int) -> dict[str, float]:
    weighed = explaining.weigh(text, label=1, predict=_Model().predict, **values)
    return {text[word.start : word.end]: round(word.contribution, 6) for word in weighed.words}


def test_each_word_has_the_log_odds_that_it_adds() -> None:
    assert _weigh("win it now") == {"win": 2.0, "it": 0.0, "now": 0.5}


def test_a_word_that_speaks_against_the_label_is_negative() -> None:
    assert _weigh("win the meeting") == {"win": 2.0, "the": 0.0, "meeting": -1.0}


def test_a_text_of_one_word_is_compared_with_nothing() -> None:
    assert _weigh("win") == {"win": 2.0}


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000"])
def test_a_text_without_a_word_has_none_and_asks_nothing(text: str) -> None:
    model = _Model()

    weighed = explaining.weigh(text, label=1, predict=model.predict)

    assert (weighed.words, weighed.left_out, model.asked) == ((), 0, [])


def test_words_stand_where_they_are_in_the_text_whatever_is_between_them() -> None:
    text = "  win\n\n a \u2028 lamp!\t"

    weighed = explaining.weigh(text, label=1, predict=_Model().predict)

    assert [text[word.start : word.end] for word in weighed.words] == ["win", "a", "lamp!"]
    assert [word.start for word in weighed.words] == sorted(word.start for word in weighed.words)


def test_a_word_is_left_out_with_the_white_space_behind_it_the_last_with_that_before_it() -> None:
    model = _Model()

    explaining.weigh("one  two\nthree", label=1, predict=model.predict)

    assert model.asked == ["one  two\nthree", "two\nthree", "one  three", "one  two"]


def test_each_text_is_asked_for_once() -> None:
    model = _Model()

    weighed = explaining.weigh("win win win", label=1, predict=model.predict)

    assert model.asked == ["win win win", "win win"]
    assert [round(word.contribution, 6) for word in weighed.words] == [2.0] * 3


def test_of_a_long_text_the_first_words_are_weighed_and_the_others_counted() -> None:
    text = "win " + "a " * 70

    weighed = explaining.weigh(text, label=1, predict=_Model().predict)

    assert (len(weighed.words), weighed.left_out) == (60, 11)
    assert _weigh("win now meeting", most_words=2) == {"win": 2.0, "now": 0.5}


def test_the_log_odds_of_a_sure_label_are_exact_in_four_bytes() -> None:
    proba = np.array([[1.0, 1e-8, 1e-8], [1e-8, 1.0, 0.0]], dtype=np.float32)

    found = explaining.log_odds(proba, label=0)

    assert found.tolist() == pytest.approx([math.log(1 / 2e-8), -math.log(1e8)], rel=1e-4)


def test_the_log_odds_of_certainty_are_a_number() -> None:
    assert np.isfinite(explaining.log_odds(np.array([[1.0, 0.0], [0.0, 1.0]]), label=0)).all()
