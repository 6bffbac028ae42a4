"""The deep tier without torch: what takes part, in which order, and whether a gain is chance."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from classifiers.ml.deep.comparing import compare
from classifiers.ml.deep.recipe import Recipe, by_turns, choose_within, plan
from classifiers.ml.deep.states import read_states
from classifiers.ml.deep.upper import UpperDamaged, UpperSession
from classifiers.ml.encoder import OnnxEncoder, TokenStates, load_encoder


@dataclass
class _Words:
    """A state a word: the text's first number, then the word's place."""

    asked: list[int] = field(default_factory=list)

    def encode_with_states(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[TokenStates]]:
        self.asked.append(len(texts))
        states = [np.array([[int(text[0]), place] for place in range(len(text.split()))]) for text in texts]
        return np.zeros((len(texts), 6), dtype=np.float32), [(each.astype(np.float16),) for each in states]


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_plan_reads_each_text_once_an_epoch() -> None:
    recipe = Recipe(epochs=3, batch_texts=4)

    batches = plan(np.array([0, 1] * 5), np.full(10, 7), recipe=recipe)

    assert [len(batch) for batch in batches] == [4, 3, 3] * 3
    for at in (0, 3, 6):
        assert sorted(np.concatenate(batches[at : at + 3]).tolist()) == list(range(10))


def test_the_same_arguments_give_the_same_plan_and_another_seed_another() -> None:
    y, lengths = np.array([0, 1] * 20), np.full(40, 7)

    first, again, other = (plan(y, lengths, recipe=Recipe(seed=seed)) for seed in (0, 0, 1))

    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(("most", "epochs"), [(10_000, 8), (350, 3), (100, 1)])
def test_many_tokens_are_read_less_often(most: int, epochs: int) -> None:
    recipe = Recipe(epochs=8, batch_texts=10, most_tokens=most)

    batches = plan(np.array([0, 1] * 5), np.full(10, 10), recipe=recipe)

    assert len(batches) == epochs


def test_where_not_all_fit_a_share_of_each_label_is_read() -> None:
    y = np.array([0] * 900 + [1] * 90 + [2] * 10)

    chosen = choose_within(y, np.full(1_000, 10), most_tokens=3_000, rng=_rng())

    counts = np.bincount(y[chosen])
    assert counts.sum() == 300
    assert counts[2] == 10
    assert counts[1] >= 20
    assert np.array_equal(chosen, np.unique(chosen))


def test_one_text_is_read_however_long_it_is() -> None:
    assert len(choose_within(np.array([0, 1]), np.array([50, 50]), most_tokens=1, rng=_rng())) == 1


def test_every_row_has_its_turn() -> None:
    order = by_turns(np.array([0] * 50 + [1] * 3), rng=_rng())

    assert sorted(order.tolist()) == list(range(53))


def test_states_lie_in_the_order_of_the_texts_and_are_cut() -> None:
    texts = ["0 a b c", "1 a", "2 a b"]

    states = read_states(texts, order=np.array([2, 0, 1]), encoder=_Words(), text_tokens=3, most_tokens=99)

    assert states.rows.tolist() == [0, 1, 2]
    assert states.lengths.tolist() == [3, 2, 3]
    tokens, lengths = states.take(np.array([1, 2]))
    assert tokens.tolist() == [[1, 0], [1, 1], [2, 0], [2, 1], [2, 2]]
    assert lengths.tolist() == [2, 3]


def test_states_beyond_the_limit_are_not_held() -> None:
    texts = ["0 a b", "1 a b", "2 a b"]

    states = read_states(texts, order=np.array([2, 0, 1]), encoder=_Words(), text_tokens=9, most_tokens=6)

    assert states.rows.tolist() == [0, 2]


def test_few_whole_texts_are_in_memory_at_once_and_progress_is_told() -> None:
    encoder, told = _Words(), []

    read_states(
        ["0 a"] * 130,
        order=np.arange(130),
        encoder=encoder,
        text_tokens=9,
        most_tokens=999,
        on_progress=told.append,
    )

    assert max(encoder.asked) <= 64
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_the_same_answers_gain_nothing() -> None:
    y = np.array([0, 1] * 30)

    found = compare(y, 1 - y, 1 - y, label_count=2, rng=_rng())

    assert (found.gain, found.noise, found.is_won) == (0.0, 0.0, False)


def test_a_gain_on_all_examples_is_more_than_chance() -> None:
    y = np.array([0, 1] * 30)

    found = compare(y, 1 - y, y, label_count=2, rng=_rng())

    assert (found.gain, found.lowest, found.is_won) == (1.0, 1.0, True)


def test_a_gain_on_one_example_in_a_hundred_is_chance() -> None:
    y = np.array([0, 1] * 50)
    first, second = y.copy(), y.copy()
    first[:3] = 1 - first[:3]
    second[2:4] = 1 - second[2:4]

    found = compare(y, first, second, label_count=2, rng=_rng())

    assert 0 < found.gain < found.noise
    assert not (found.is_won or found.is_lost)


def test_a_loss_is_not_won() -> None:
    y = np.array([0, 1] * 30)

    found = compare(y, y, 1 - y, label_count=2, rng=_rng())

    assert (found.gain, found.is_won, found.is_lost) == (-1.0, False, True)


def test_nothing_cannot_be_compared() -> None:
    nothing = np.array([], dtype=np.int64)

    with pytest.raises(ValueError, match="nothing to compare"):
        compare(nothing, nothing, nothing, label_count=2, rng=_rng())


@pytest.mark.parametrize("content", [b"", b"not a graph", b"\x08\x08"], ids=["empty", "text", "cut"])
def test_layers_that_cannot_be_read_are_damaged(content: bytes) -> None:
    with pytest.raises(UpperDamaged, match="Train it again"):
        UpperSession(content)


@pytest.mark.slow
def test_what_serves_imports_no_torch() -> None:
    code = "import sys, classifiers.ml.deep.upper; print('torch' in sys.modules, 'sklearn' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.split() == ["False", "False"]


@pytest.fixture(scope="module")
def encoder(encoder_folder: Path) -> OnnxEncoder:
    return load_encoder(encoder_folder)


@pytest.mark.slow
def test_token_states_come_with_the_same_features(encoder: OnnxEncoder) -> None:
    texts = ["Is the pram still there?", "ok", "the lamp is nice " * 100]

    features, states = encoder.encode_with_states(texts)

    assert np.array_equal(features, encoder.encode(texts))
    assert [len(windows) for windows in states] == [1, 1, 2]
    assert all(window.dtype == np.float16 and window.shape[1] == 384 for windows in states for window in windows)
    lowest = np.concatenate(states[2]).astype(np.float32).mean(axis=0)
    assert np.allclose(lowest / np.linalg.norm(lowest), features[2, :384], atol=1e-3)


@pytest.mark.slow
def test_no_texts_have_no_token_states(encoder: OnnxEncoder) -> None:
    features, states = encoder.encode_with_states([])

    assert (features.shape, states) == ((0, 1152), [])
