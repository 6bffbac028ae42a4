"""Character n-grams: the same numbers as scikit-learn's, which training counts them with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from classifiers.ml import ngrams
from classifiers.ml.lessons import Lessons, count_ngrams
from classifiers.ml.ngrams import NGrams

# White space that is none to some: separators of files and lines, a space that doesn't break; and two of no width.
_ODD_SPACES = [*" \n\t\x0b\x0c\x1c\x1f\x85\xa0\u2028\u2029\u3000\u200b\ufeff", "  ", "\r\n", " \xa0 "]
_ODD_WORDS = [
    "",
    "a",
    "ab",
    "FREE",
    "free",
    "£1000",
    "naïve",
    "e\u0301",
    "🙂",
    "👩‍👩‍👧",
    "中文",
    "аррlе",
    "\x00",
    "ß",
    "İ",
]
_PIECES = st.sampled_from(_ODD_SPACES + _ODD_WORDS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_TEXTS = st.lists(_PIECES, max_size=8).map("".join)


def _vectorizer() -> TfidfVectorizer:
    return TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), lowercase=False, sublinear_tf=True, dtype=np.float32)


def _ngrams(vectorizer: TfidfVectorizer, *, label_count: int = 3) -> NGrams:
    grams = tuple(vectorizer.get_feature_names_out().tolist())
    weights = np.random.default_rng(0).standard_normal((label_count, len(grams))).astype(np.float32)
    return NGrams(grams=grams, idf=vectorizer.idf_.astype(np.float32), weights=weights)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(learnt=st.lists(_TEXTS, min_size=1, max_size=6), asked=st.lists(_TEXTS, min_size=1, max_size=4))
@example(learnt=["win £1000 now"], asked=["", " ", "1", "WIN", "win\u2028£1000\x1cnow\xa0", "no\u200bw"])
def test_logits_are_those_of_scikit_learn(learnt: list[str], asked: list[str]) -> None:
    vectorizer = _vectorizer().fit(["a known word", *learnt])
    grams = _ngrams(vectorizer)
    texts = [*learnt, *asked]

    logits = grams.logits(texts)

    expected = vectorizer.transform(texts) @ grams.weights.T
    assert logits.dtype == np.float32
    assert np.allclose(logits, expected, atol=1e-5)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(text=_TEXTS)
def test_a_text_is_split_as_scikit_learn_splits_it(text: str) -> None:
    assert list(ngrams.split(text)) == list(_vectorizer().build_analyzer()(text))


@pytest.mark.parametrize("space", _ODD_SPACES)
def test_no_ngram_holds_white_space_but_plain_spaces(space: str) -> None:
    # The artifact ends each n-gram with a line break.
    found = {character for gram in ngrams.split(f"ab{space}cd{space}") for character in gram}

    assert {character for character in found if character.isspace()} == {" "}


def test_exact_values_by_hand() -> None:
    # " a " twice and " b " once: of the known, " a" occurs twice, "b" once.
    grams = NGrams(
        grams=(" a", "b", "never"),
        idf=np.array([1.0, 2.0, 5.0], dtype=np.float32),
        weights=np.array([[1.0, 0.0, 9.0], [0.0, -1.0, 9.0]], dtype=np.float32),
    )
    of_a, of_b = 1 + np.log(2), 2.0
    length = np.hypot(of_a, of_b)

    logits = grams.logits(["a b a", "zz", ""])

    assert np.allclose(logits, [[of_a / length, -of_b / length], [0, 0], [0, 0]], atol=1e-6)


def test_capitals_are_told_apart() -> None:
    grams = NGrams(grams=("W",), idf=np.ones(1, dtype=np.float32), weights=np.ones((1, 1), dtype=np.float32))

    assert grams.logits(["WIN", "win"]).tolist() == [[1.0], [0.0]]


def test_a_text_is_answered_alike_alone_and_among_others() -> None:
    grams = _ngrams(_vectorizer().fit(["is it still there?", "win £1000 now"]))
    texts = ["win it", "there is £", "🙂"]

    together = grams.logits(texts)

    assert [grams.logits([text])[0].tolist() for text in texts] == together.tolist()


def test_of_a_long_text_the_beginning_counts_in_training_and_in_serving() -> None:
    # A word that comes late is unknown, and so is the end of one that the limit cuts.
    beginning = "lamp " * (ngrams.MOST_CHARACTERS // 5 - 1) + "pram "
    texts = [beginning[:-1] + "yzebra " * 50] * 2
    y = np.array([0, 1])
    lessons = Lessons(X=np.zeros((2, 1), dtype=np.float32), y=y, texts=texts, label_count=2, layer_count=1)
    vectorizer = count_ngrams(lessons)

    grams = _ngrams(vectorizer, label_count=2)

    assert {" pram", "pramy", "yzebr"} & set(grams.grams) == {" pram", "pramy"}
    assert np.allclose(grams.logits(texts), vectorizer.transform(texts) @ grams.weights.T, atol=1e-5)
    assert grams.logits(texts).tolist() == grams.logits([texts[0][: ngrams.MOST_CHARACTERS]] * 2).tolist()
