"""`POST /classifiers/{key}/predict` of a version that also goes by how words are spelled."""

from __future__ import annotations

import numpy as np
import pytest
from django.conf import settings

from classifiers import predictor
from classifiers.ml.artifact import load_artifact
from classifiers.ml.model import predict_proba
from classifiers.ml.ngrams import NGrams
from classifiers.models import Version
from moderation.text import normalize
from tests.clients import client_for, project_with
from tests.factories import ClassifierFactory
from tests.live_versions import go_live

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("encoder_folder")]

PATH = "/api/v1/classifiers/message-check/predict"
_TEXTS = [
    "Hello there",
    "HELLO THERE",
    "win £1000\u2028now 🙂",
    "Tab\tand\r\nline \xa0 break",
    "wіn £1000",  # A Cyrillic letter.
    "naïve e\u0301",
]


def _live(*, factor: float = 1.0) -> Version:
    """Make a version live in whose eyes pounds and capitals are about payment."""
    grams = (" ", "£", "win", "H", "T", "🙂", "é")
    weights = factor * np.array([[0.1, 9.0, 5.0, 3.0, 3.0, -4.0, 2.0], [-0.1, 0, 0, 0, 0, 0, 0]], dtype=np.float32)
    idf = np.linspace(1, 3, len(grams), dtype=np.float32)
    return go_live(
        ClassifierFactory(key="message-check"), ngrams=NGrams(grams=grams, idf=idf, weights=weights.astype(np.float32))
    )


def test_the_answer_is_the_models_own() -> None:
    version = _live()
    folder = settings.ARTIFACTS_DIR / version.artifact_path
    model = load_artifact(folder, expected_sha256=version.artifact_sha256).model

    results = client_for(project_with("message-check")).post(PATH, {"texts": _TEXTS}).json()["results"]

    contents = [normalize(text).content for text in _TEXTS]
    expected = predict_proba(model, predictor.embed(contents), texts=contents)
    found = [[result["label_scores"]["Payment"], result["label_scores"]["Greeting"]] for result in results]
    assert np.allclose(found, expected, atol=2e-6)


def test_spelling_changes_the_answer() -> None:
    client = client_for(project_with("message-check"))
    _live(factor=100.0)

    results = client.post(PATH, {"texts": ["Hello, nice to meet you", "hello, nice to meet you"]}).json()["results"]

    # But for capitals, both say the same: the encoder doesn't see these.
    assert [result["label"] for result in results] == ["Payment", "Greeting"]


def test_what_looks_like_a_letter_is_read_as_it() -> None:
    client = client_for(project_with("message-check"))
    _live()

    latin, cyrillic = client.post(PATH, {"texts": ["win it", "wіn it"]}).json()["results"]

    assert latin == cyrillic


def test_a_text_is_answered_alike_alone_and_among_others() -> None:
    client = client_for(project_with("message-check"))
    _live()

    among = client.post(PATH, {"texts": _TEXTS}).json()["results"]

    alone = [client.post(PATH, {"text": text}).json() for text in _TEXTS]
    assert [result["label"] for result in alone] == [result["label"] for result in among]
    # Sums of float32 numbers are a little different for one row and for many.
    assert np.allclose([result["score"] for result in alone], [result["score"] for result in among], atol=5e-6)
