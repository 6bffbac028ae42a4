"""What a training is given: what it learns from, what it's measured on, and what is only looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from classifiers.importing.fingerprint import text_key
from classifiers.ml.encoder import EncoderManifest
from classifiers.models import Classifier, Embedding, Example, ExampleState
from classifiers.services import encoders, training_material
from classifiers.services.training_material import Material
from moderation.runs import RunError
from tests import encoders as fake_encoders
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory, LabelledExampleFactory

pytestmark = pytest.mark.django_db


def _classifier(*, each: int = 3) -> Classifier:
    """Return a classifier with the labels 0 and 4 and examples of both."""
    classifier = ClassifierFactory()
    for number, name in ((4, "Advert"), (0, "Fine")):
        label = LabelFactory(classifier=classifier, number=number, name=name)
        for place in range(each):
            LabelledExampleFactory(classifier=classifier, label=label, text=f"{name} text {place}")
    return classifier


def _store_features(texts: list[str], *, encoder: EncoderManifest) -> dict[str, np.ndarray]:
    """Keep features of a text that are easily known again; return them by the texts."""
    rows = np.random.default_rng(0).standard_normal((len(texts), encoder.dimension)).astype("<f2")
    Embedding.objects.bulk_create(
        Embedding(text_key=text_key(text), encoder_id=encoder.id, vector=row.tobytes())
        for text, row in zip(texts, rows, strict=True)
    )
    return dict(zip(texts, rows, strict=True))


@pytest.fixture
def encoder(settings: Any, tmp_path: Path) -> EncoderManifest:
    fake_encoders.use(settings, tmp_path / "encoders")
    return encoders.get_manifest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def _read(path: Path) -> Any:
    return json.loads(path.read_bytes()) if path.suffix == ".json" else np.load(path, allow_pickle=False)


def _texts(material: Material, keys: Any) -> list[str]:
    return sorted(material.texts[key] for key in keys)


def test_golden_examples_are_measured_on_and_not_learnt_from() -> None:
    classifier = _classifier()
    Example.objects.filter(text="Advert text 1").update(is_golden=True)

    material = training_material.gather(classifier)

    assert "Advert text 1" not in _texts(material, material.snapshot.keys)
    assert len(material.snapshot.keys) == 5
    assert material.golden is not None
    assert _texts(material, material.golden.keys) == ["Advert text 1"]
    assert material.golden.label_numbers == (4,)


def test_without_a_golden_set_there_is_none() -> None:
    assert training_material.gather(_classifier()).golden is None


def test_texts_without_a_label_are_looked_at_but_not_those_set_aside_or_of_others() -> None:
    classifier = _classifier()
    ExampleFactory(classifier=classifier, text="Nobody has looked at this")
    ExampleFactory(classifier=classifier, text="Set aside, its label taken away", is_golden=True)
    ExampleFactory(text="Of another classifier")

    material = training_material.gather(classifier)

    assert _texts(material, material.unlabelled) == ["Nobody has looked at this"]
    assert "Set aside, its label taken away" not in material.texts.values()


def test_of_many_texts_without_a_label_the_same_are_looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_material, "MOST_UNLABELLED", 5)
    classifier = _classifier()
    for number in range(12):
        ExampleFactory(classifier=classifier, text=f"Unlabelled {number}")

    first = training_material.gather(classifier).unlabelled
    # The rows' order in the table isn't what decides.
    Example.objects.filter(text="Unlabelled 0").delete()
    ExampleFactory(classifier=classifier, text="Unlabelled 0")
    second = training_material.gather(classifier).unlabelled

    assert list(first) == list(second) == sorted(text_key(f"Unlabelled {number}") for number in range(12))[:5]


def test_at_most_a_thousand_texts_without_a_label_are_looked_at() -> None:
    classifier = _classifier()
    ExampleFactory(classifier=classifier, text="One to see that they are asked for")

    with CaptureQueriesContext(connection) as queries:
        training_material.gather(classifier)

    assert any("LIMIT 1000" in query["sql"] for query in queries)


def test_labels_are_in_the_order_of_their_numbers_with_their_descriptions() -> None:
    classifier = _classifier()
    classifier.labels.filter(number=4).update(description="  Offers and calls to buy.\n")
    classifier.labels.filter(number=0).update(description=" ")

    material = training_material.gather(classifier)

    assert list(material.labels) == [{"number": 0, "name": "Fine"}, {"number": 4, "name": "Advert"}]
    sentence = "Advert: Offers and calls to buy."
    assert list(material.guides) == ["", text_key(sentence)]
    assert material.texts[text_key(sentence)] == sentence


def test_a_classifier_without_labelled_examples_is_refused() -> None:
    classifier = _classifier()
    Example.objects.update(label=None, state=ExampleState.UNLABELLED)

    with pytest.raises(RunError, match="no labelled examples any more"):
        training_material.gather(classifier)


def test_all_that_the_child_reads_is_written_in_one_order(encoder: EncoderManifest, folder: Path) -> None:
    classifier = _classifier()
    Example.objects.filter(text="Fine text 2").update(state=ExampleState.SUGGESTED, confidence=0.99)
    Classifier.objects.update(trains_on_suggestions=True, suggestion_floor=0.9)
    Example.objects.filter(text="Advert text 0").update(is_golden=True)
    ExampleFactory(classifier=classifier, text="Without a label")
    classifier.labels.filter(number=0).update(description="All that is allowed.")
    material = training_material.gather(classifier)
    vectors = _store_features(list(material.texts.values()), encoder=encoder)

    material.write(folder, encoder=encoder, seed=3)

    texts = _read(folder / "texts.json")
    assert [text_key(text) for text in texts] == sorted(text_key(text) for text in texts)
    assert len(texts) == 5
    assert np.array_equal(_read(folder / "vectors.npy"), np.stack([vectors[text] for text in texts]))
    assert _read(folder / "y.npy").tolist() == [int(text.startswith("Advert")) for text in texts]
    assert _read(folder / "confirmed.npy").tolist() == [text != "Fine text 2" for text in texts]
    assert _read(folder / "ids.npy").tolist() == [Example.objects.get(text=text).pk for text in texts]
    assert _read(folder / "golden.json") == ["Advert text 0"]
    assert np.array_equal(_read(folder / "golden.npy"), [vectors["Advert text 0"]])
    assert _read(folder / "golden_y.npy").tolist() == [1]
    assert _read(folder / "pool.json") == ["Without a label"]
    assert np.array_equal(_read(folder / "pool.npy"), [vectors["Without a label"]])
    guides = _read(folder / "descriptions.npy")
    assert np.array_equal(guides[0], vectors["Fine: All that is allowed."])
    assert not guides[1].any()
    job = _read(folder / "job.json")
    assert job["labels"] == [{"number": 0, "name": "Fine"}, {"number": 4, "name": "Advert"}]
    assert (job["encoder_id"], job["layer_count"], job["seed"], job["is_ranking"]) == (encoder.id, 3, 3, False)
    assert job["data_sha256"] == material.snapshot.sha256


def test_what_is_not_there_is_not_written(encoder: EncoderManifest, folder: Path) -> None:
    material = training_material.gather(_classifier())
    _store_features(list(material.texts.values()), encoder=encoder)

    material.write(folder, encoder=encoder, seed=0)

    assert sorted(path.name for path in folder.iterdir()) == [
        "confirmed.npy",
        "ids.npy",
        "job.json",
        "texts.json",
        "vectors.npy",
        "y.npy",
    ]


def test_texts_are_written_as_serving_sees_them(encoder: EncoderManifest, folder: Path) -> None:
    # A letter from another alphabet and one of no width: spelling is learnt from what they stand for.
    classifier = _classifier()
    Example.objects.filter(text="Fine text 0").update(text="Frе\u200be mоney")
    material = training_material.gather(classifier)
    rows = np.zeros((1, encoder.dimension), dtype="<f2")
    Embedding.objects.bulk_create(
        Embedding(text_key=key, encoder_id=encoder.id, vector=rows.tobytes()) for key in material.texts
    )

    material.write(folder, encoder=encoder, seed=0)

    assert "Free money" in _read(folder / "texts.json")
