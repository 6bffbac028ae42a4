"""Live versions with adapted layers: the same answers everywhere, one pass of the encoder, and damage that is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from classifiers import predictor
from classifiers.analyzer import ClassifierProvider
from classifiers.ml.deep.upper import UpperSession
from classifiers.ml.encoder import OnnxEncoder
from classifiers.ml.model import Upper, predict_proba
from classifiers.models import Version
from classifiers.services import encoders, explanations, trials
from moderation.text import normalize
from tests.clients import client_for, project_with
from tests.factories import ClassifierFactory
from tests.live_versions import go_live
from tests.upper_layers import BLOCKS, HIDDEN, graph, upper

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("encoder_folder")]

_LONG = "Is the lamp still there, and could I pick it up on Sunday? " * 60
# Between prototypes that are so near one another neither label is beyond doubt.
_NEAR = {"Payment": "Please pay me by bank transfer", "Greeting": "Please pay me by bank card"}
_BOTH = "Please pay me by cheque"
_TEXTS = ("Send the money to me", "Hello there", "ℎello\u200b thère", _LONG)


def _by_hand(version: Version, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return each label's probability for each text, by the model and the adapted layers alone."""
    model = predictor.load(version).model
    assert model.upper is not None
    contents = [normalize(text).content for text in texts]
    vectors, states = encoders.get_encoder().encode_with_states(contents)
    features = UpperSession(model.upper.content).encode(states)
    X = vectors.astype(np.float16).astype(np.float32)
    return predict_proba(model, X, texts=contents, upper_features=features)


def _shares(scores: Sequence[dict[str, float]]) -> list[list[float]]:
    return [[each["Payment"], each["Greeting"]] for each in scores]


def test_it_answers_over_http_what_its_parts_say() -> None:
    version = go_live(ClassifierFactory(key="deep"), upper=upper())
    client = client_for(project_with("deep"))

    response = client.post("/api/v1/classifiers/deep/predict", {"texts": list(_TEXTS)})

    results = response.json()["results"]
    expected = _by_hand(version, _TEXTS)
    assert response.status_code == 200
    assert _shares([result["label_scores"] for result in results]) == pytest.approx(expected.round(6), abs=2e-6)
    assert [result["label"] for result in results] == [("Payment", "Greeting")[row.argmax()] for row in expected]


def test_the_adapted_layers_count() -> None:
    go_live(ClassifierFactory(key="fast"), prototypes=_NEAR)
    go_live(ClassifierFactory(key="deep"), prototypes=_NEAR, upper=upper())

    found = ClassifierProvider().analyze(["fast", "deep"], texts=[_BOTH])

    [fast], [deep] = found["fast"], found["deep"]
    assert abs(fast.label_scores["Payment"] - deep.label_scores["Payment"]) > 0.01


def test_a_text_is_answered_alike_alone_and_among_others() -> None:
    go_live(ClassifierFactory(key="deep"), upper=upper())

    among = ClassifierProvider().analyze(["deep"], texts=_TEXTS)["deep"]

    assert among == [ClassifierProvider().analyze(["deep"], texts=[text])["deep"][0] for text in _TEXTS]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the texts that the encoder reads from now on; it reads them as ever."""
    texts: list[str] = []
    windows = OnnxEncoder._windows

    def listen(self: OnnxEncoder, text: str) -> list[NDArray[np.float32]]:
        texts.append(text)
        return windows(self, text)

    monkeypatch.setattr(OnnxEncoder, "_windows", listen)
    return texts


def test_beside_a_fast_one_and_another_deep_one_the_text_is_read_once(read: list[str]) -> None:
    fast = go_live(ClassifierFactory(key="fast"))
    deep = go_live(ClassifierFactory(key="deep"), upper=upper())
    other = go_live(ClassifierFactory(key="other"), upper=upper(graph(seed=7)))
    client = client_for(project_with("fast", "deep", "other"))
    read.clear()

    body = client.post("/api/v1/moderate/text", {"value": "Pay me in cash"}).json()

    assert read == ["Pay me in cash"]
    for version in (deep, other):
        [shares] = _shares([body[version.classifier.key]["label_scores"]])
        assert shares == pytest.approx(_by_hand(version, ["Pay me in cash"])[0], abs=2e-6)
    [alone] = ClassifierProvider().analyze(["fast"], texts=["Pay me in cash"])["fast"]
    assert body[fast.classifier.key]["label_scores"] == alone.label_scores


def test_a_fast_one_alone_keeps_no_token_states() -> None:
    artifact = predictor.load(go_live(ClassifierFactory()))

    assert predictor.read(_TEXTS, artifacts=[artifact]).states is None


def test_features_that_are_stored_are_enough_to_ask_it() -> None:
    version = go_live(ClassifierFactory(), upper=upper())
    contents = [normalize(text).content for text in _TEXTS]
    features = predictor.Features(predictor.embed(contents))

    proba = predictor.probabilities(predictor.load(version), features, texts=contents)

    assert np.array_equal(proba, _by_hand(version, _TEXTS))


def test_the_test_run_and_its_explanation_say_the_same_as_the_api() -> None:
    version = go_live(classifier := ClassifierFactory(key="deep"), prototypes=_NEAR, upper=upper())
    classifier.refresh_from_db()
    [expected] = ClassifierProvider().analyze(["deep"], texts=[_BOTH])["deep"]

    explanation = explanations.explain(version, text=_BOTH)

    assert explanation.finding == expected == trials.predict(classifier, text=_BOTH)
    contributions = [word.contribution for word in explanation.weighed.words]
    assert len(contributions) == len(_BOTH.split())
    # What a word weighs is what the adapted layers make of the text without it, too.
    place = ("Payment", "Greeting").index(explanation.label)
    whole, without = _by_hand(version, [_BOTH, _BOTH.removeprefix("Please ")])[:, place]
    odds = [np.log(share / (1 - share)) for share in (whole, without)]
    assert contributions[0] == pytest.approx(odds[0] - odds[1], abs=0.01)


_DIMENSION = (1 + BLOCKS) * HIDDEN
_NONSENSE = {
    "no ONNX": lambda: upper(b"This is no graph."),
    "nothing": lambda: upper(b""),
    "a graph cut in two": lambda: upper(graph()[:5_000]),
    "an output of three halves of a block": lambda: upper(_uneven()),
    "layers of another encoder": lambda: upper(graph(hidden=32), dimension=96),
    "a head for fewer layers": lambda: upper(graph(blocks=1)),
    "a head for more layers": lambda: upper(dimension=_DIMENSION + HIDDEN),
}


def _uneven() -> bytes:
    import onnx

    model = onnx.load_from_string(graph())
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_value = 576
    content: bytes = model.SerializeToString()
    return content


@pytest.mark.parametrize("make", _NONSENSE.values(), ids=_NONSENSE.keys())
def test_nonsense_whose_hash_fits_is_said_and_fails_alone(make: Any) -> None:
    planted: Upper = make()
    broken = go_live(ClassifierFactory(key="broken"), upper=planted)
    go_live(ClassifierFactory(key="deep"), upper=upper())

    found = ClassifierProvider().analyze(["broken", "deep"], texts=_TEXTS[:2])

    assert ["Train it again." in str(finding.error) for finding in found["broken"]] == [True, True]
    assert [finding.error for finding in found["deep"]] == [None, None]
    with pytest.raises(trials.NotTried, match="Train it again"):
        explanations.explain(broken, text=_TEXTS[0])


def test_nonsense_is_no_fault_of_the_server_s_over_http() -> None:
    go_live(ClassifierFactory(key="broken"), upper=upper(b"This is no graph."))
    client = client_for(project_with("broken"))

    one = client.post("/api/v1/classifiers/broken/predict", {"text": "Hello"})
    all_of_them = client.post("/api/v1/moderate/text", {"value": "Hello"})

    assert one.status_code == 503
    assert "adapted layers are damaged" in one.json()["message"]
    assert all_of_them.status_code == 200
    assert "adapted layers are damaged" in str(all_of_them.json())


def test_more_adapted_versions_than_are_kept_in_memory_all_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor, "_ADAPTED_KEPT", 2)
    keys = [f"deep-{number}" for number in range(4)]
    for number, key in enumerate(keys):
        go_live(ClassifierFactory(key=key), upper=upper(graph(seed=number)))

    twice = [ClassifierProvider().analyze(keys, texts=["Hello"]) for _ in range(2)]

    assert twice[0] == twice[1]
    assert [finding.error for [finding] in twice[0].values()] == [None] * 4
    assert len(predictor._sessions._by_content) == 2


def test_versions_beyond_the_memory_that_is_kept_answer_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each is larger than that: only the last one asked stays.
    monkeypatch.setattr(predictor, "_MOST_BYTES", 1)
    monkeypatch.setattr(predictor, "_artifacts", predictor._Artifacts())
    keys = ["first", "second"]
    for key in keys:
        go_live(ClassifierFactory(key=key), prototypes={"Greeting": "Hello", "Other": f"The {key} of two"})

    twice = [ClassifierProvider().analyze(keys, texts=["Hello"]) for _ in range(2)]

    assert twice[0] == twice[1]
    assert [finding.error for [finding] in twice[0].values()] == [None] * 2
    assert len(predictor._artifacts._by_sha256) == 1
