"""The offline annotator's judgement on vectors made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from annotation import offline
from annotation.asking import LabelRule
from annotation.offline import Known

FINE, SPAM = LabelRule(0, "Fine", "Anything else."), LabelRule(1, "Spam", "Sells something.")
GUIDES = np.eye(3, dtype=np.float32)[:2]


def _unit(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _known(X: NDArray[np.float32], y: list[int], *, labels: tuple[LabelRule, ...] = (FINE, SPAM)) -> Known:
    hits = np.zeros((len(y), len(labels)), dtype=np.bool_)
    return Known(labels=labels, guides=GUIDES, X=X, y=np.array(y, dtype=np.int64), hits=hits)


def _nothing(labels: tuple[LabelRule, ...] = (FINE, SPAM)) -> Known:
    return _known(np.zeros((0, 3), dtype=np.float32), [], labels=labels)


def _crowd(count: int, *, seed: int = 0, noise: float = 0.3) -> tuple[NDArray[np.float32], list[int]]:
    """Return rows of which the odd ones lie along the third axis: nothing that a description tells."""
    rng = np.random.default_rng(seed)
    y = [place % 2 for place in range(count)]
    rows = np.array([[1.0, 1.0, 2.0 if label else -2.0] for label in y])
    return _unit(rows + noise * rng.standard_normal(rows.shape)), y


def _no_hits(count: int) -> NDArray[np.bool_]:
    return np.zeros((count, 2), dtype=np.bool_)


def test_without_confirmed_examples_the_closest_description_decides() -> None:
    model = offline.learn(_nothing())

    [first, second] = offline.judge(model, X=_unit(np.array([[9.0, 1, 0], [1, 2, 0]])), hits=_no_hits(2))

    assert (first.label, second.label) == (0, 1)
    assert first.confidence > second.confidence
    assert second.reason == "Closest to the description of “Spam”. Next “Fine”."


def test_a_label_without_a_description_goes_by_its_name_and_says_so() -> None:
    model = offline.learn(_nothing(labels=(FINE, LabelRule(1, "Spam", " "))))

    [judgement] = offline.judge(model, X=GUIDES[1:], hits=_no_hits(1))

    assert judgement.reason.startswith("Closest to the name “Spam”, which has no description.")


def test_names_alone_make_it_less_sure_than_descriptions() -> None:
    query = _unit(np.array([[1.0, 2, 0]]))
    bare = (LabelRule(0, "Fine"), LabelRule(1, "Spam"))

    described, named = (
        offline.judge(offline.learn(_nothing(labels=labels)), X=query, hits=_no_hits(1))[0]
        for labels in ((FINE, SPAM), bare)
    )

    assert described.label == named.label == 1
    assert described.confidence > named.confidence


def test_a_text_equally_close_to_all_is_as_unsure_as_can_be() -> None:
    model = offline.learn(_nothing())

    [judgement] = offline.judge(model, X=_unit(np.array([[1.0, 1, 1]])), hits=_no_hits(1))

    assert judgement.label == 0
    assert judgement.confidence == pytest.approx(0.5)


def test_quoted_words_of_a_description_speak_for_its_label() -> None:
    model = offline.learn(_nothing())
    X = _unit(np.array([[1.0, 1, 1]]))

    [judgement] = offline.judge(model, X=X, hits=np.array([[False, True]]))

    assert judgement.label == 1
    assert judgement.reason.startswith("It has words that the description of “Spam” quotes.")


def test_seeds_are_found_as_whole_words_whatever_their_case() -> None:
    labels = (FINE, LabelRule(1, "Spam", 'Asks for money: “bank transfer”, "c++", „Überweisung“.'))

    hits = offline.find_seeds(["BANK TRANSFER now", "bank transfers", "in C++!", "per Überweisung"], labels=labels)

    assert hits.tolist() == [[False, True], [False, False], [False, True], [False, True]]


def test_confirmed_examples_correct_what_descriptions_get_wrong() -> None:
    X, y = _crowd(20)
    model = offline.learn(_known(X, y))

    [fine, spam] = offline.judge(model, X=_unit(np.array([[1.0, 1, -2], [1, 1, 2]])), hits=_no_hits(2))

    assert (fine.label, spam.label) == (0, 1)
    assert spam.reason == "Of the 10 confirmed examples most like it, 10 are “Spam”. Next “Fine”."


def test_the_more_is_confirmed_the_surer_it_is() -> None:
    query = _unit(np.array([[1.0, 1, 2]]))

    sure = [
        offline.judge(offline.learn(_known(*_crowd(count))), X=query, hits=_no_hits(1))[0].confidence
        for count in (2, 8, 64)
    ]

    assert sure == sorted(sure)
    assert sure[-1] > 0.9


def test_a_confirmed_example_is_judged_as_if_it_had_not_been_seen() -> None:
    X, y = _crowd(40)
    wrong = [*y[:-1], 1 - y[-1]]
    model = offline.learn(_known(X, wrong))

    [seen] = offline.judge(model, X=X[-1:], hits=_no_hits(1), own=np.array([39]))

    assert seen.label == y[-1]
    assert "10 are" in seen.reason


def test_leaving_one_out_in_closed_form_is_what_leaving_it_out_gives() -> None:
    X, y = _crowd(12, noise=2.0)
    model = offline.learn(_known(X, y))

    for row in range(12):
        others = [place for place in range(12) if place != row]
        # The weights of the labels are those of all: the closed form knows no others.
        alone = _scores_without(X, y, row=row, others=others)
        assert model.held_out[row] == pytest.approx(alone, abs=1e-6)


def _scores_without(X: NDArray[np.float32], y: list[int], *, row: int, others: list[int]) -> NDArray[np.float64]:
    def prior(rows: NDArray[np.float32]) -> NDArray[np.float64]:
        logits = 20.0 * rows @ GUIDES.T
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    known = X[others]
    target = np.eye(2)[[y[place] for place in others]]
    alpha = np.linalg.solve(known @ known.T + np.eye(len(others)), target - prior(known))
    return (prior(X[row : row + 1]) + X[row] @ known.T @ alpha)[0]


def test_how_many_it_agrees_on_tells_a_learnable_rule_from_noise() -> None:
    X, y = _crowd(60)
    noise = np.random.default_rng(1).integers(0, 2, 60).tolist()

    assert offline.learn(_known(X, y)).agreed >= 58
    assert offline.learn(_known(X, noise)).agreed <= 42


def test_confidence_on_noise_stays_low() -> None:
    X, _ = _crowd(100)
    noise = np.random.default_rng(1).integers(0, 2, 100).tolist()
    model = offline.learn(_known(X, noise))

    judgements = offline.judge(model, X=X, hits=_no_hits(100), own=np.arange(100))

    assert np.mean([judgement.confidence for judgement in judgements]) < 0.75


@pytest.mark.parametrize("count", [0, 1, 2, 19, 20, 31, 32])
def test_shares_sum_to_one_whatever_is_known(count: int) -> None:
    X, y = _crowd(count) if count else (np.zeros((0, 3), dtype=np.float32), [])
    model = offline.learn(_known(X, y))

    shares = offline.scores(model, X=_crowd(5, seed=9)[0], hits=_no_hits(5))

    assert shares.sum(axis=1) == pytest.approx(np.ones(5))
    assert (shares > 0).all()


def test_one_label_alone_may_have_examples() -> None:
    X, _ = _crowd(30)
    model = offline.learn(_known(X, [1] * 30))

    assert offline.judge(model, X=X[:1], hits=_no_hits(1))[0].label == 1


def test_the_same_known_examples_give_the_same_answers() -> None:
    X, y = _crowd(50)

    first, second = (offline.scores(offline.learn(_known(X, y)), X=X, hits=_no_hits(50)).tobytes() for _ in range(2))

    assert first == second
