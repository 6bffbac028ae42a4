"""What a training's child process makes of the folder it is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from classifiers.ml import course_work, nearest
from classifiers.ml.artifact import Artifact, load_artifact
from classifiers.ml.evaluation import evaluate
from classifiers.ml.lessons import Lessons
from classifiers.ml.model import predict_proba
from tests import made_up_lessons, training_folders

pytestmark = pytest.mark.slow

_NUMBERS = (0, 4, 7)
_ALWAYS = {
    "accuracy",
    "macro_f1",
    "baseline_macro_f1",
    "interval",
    "labels",
    "confusion",
    "ece",
    "brier",
    "descriptions_macro_f1",
    "curve",
    "gains",
    "measured_on",
    "measured_count",
    "confirmed_count",
    "suggested_count",
}


def _lessons(counts: tuple[int, ...] = (16, 16, 16), *, noise: float = 0.3, **options: Any) -> Lessons:
    # Rounded to half precision, as the features in the folder are.
    lessons = made_up_lessons.lessons(counts, noises=(noise, noise), **options)
    return Lessons(
        X=lessons.X.astype(np.float16).astype(np.float32),
        y=lessons.y,
        texts=lessons.texts,
        label_count=lessons.label_count,
        layer_count=2,
    )


def _carry_out(folder: Path) -> dict[str, Any]:
    course_work.carry_out(folder, on_progress=lambda share, step: None)
    result: dict[str, Any] = json.loads((folder / "result.json").read_bytes())
    return result


def _artifact(folder: Path, result: dict[str, Any]) -> Artifact:
    return load_artifact(folder / "artifact", expected_sha256=result["artifact_sha256"])


def test_scores_and_settings_have_all_that_pages_read(tmp_path: Path) -> None:
    training_folders.write(tmp_path, _lessons(), numbers=_NUMBERS)

    result = _carry_out(tmp_path)

    scores, settings = result["scores"], result["settings"]
    assert scores.keys() == _ALWAYS
    assert [(label["number"], label["name"]) for label in scores["labels"]] == [
        (0, "Label 0"),
        (4, "Label 4"),
        (7, "Label 7"),
    ]
    assert scores["labels"][0].keys() == {"number", "name", "precision", "recall", "f1", "support"}
    assert 0 <= scores["interval"][0] <= scores["macro_f1"] <= scores["interval"][1] <= 1
    assert 0 <= scores["ece"] <= 1 and 0 <= scores["brier"] <= 2
    assert [point.keys() for point in scores["curve"]] == [{"count", "macro_f1"}] * len(scores["curve"])
    assert [point["count"] for point in scores["curve"]] == sorted(point["count"] for point in scores["curve"])
    assert (scores["descriptions_macro_f1"], scores["measured_on"], scores["measured_count"]) == (None, "CONFIRMED", 48)
    assert {"parts", "C", "layers", "dropped", "members", "spelling", "pool_count", "seed"} <= settings.keys()
    assert settings["dropped"] == []
    assert set(settings["layers"]) <= {1, 2}
    assert all(isinstance(part, str) for part in settings["parts"])
    manifest = _artifact(tmp_path, result).manifest
    assert (dict(manifest.scores), dict(manifest.settings)) == (scores, settings)


def test_gains_name_labels_by_their_numbers(tmp_path: Path) -> None:
    # The last label is hard to tell, and has few examples.
    training_folders.write(tmp_path, _lessons((30, 30, 10), noise=0.9), numbers=_NUMBERS)

    gains = _carry_out(tmp_path)["scores"]["gains"]

    assert gains
    assert {gain["number"] for gain in gains} <= set(_NUMBERS)
    assert [gain["gain"] for gain in gains] == sorted((gain["gain"] for gain in gains), reverse=True)
    assert all(gain.keys() == {"number", "more", "gain"} and gain["more"] >= 10 for gain in gains)


def test_what_was_held_out_lies_beside_the_version(tmp_path: Path) -> None:
    lessons = _lessons()
    is_confirmed = np.arange(48) % 16 < 8
    training_folders.write(tmp_path, lessons, numbers=_NUMBERS, is_confirmed=is_confirmed.tolist())

    scores = _carry_out(tmp_path)["scores"]

    kept = safetensors.numpy.load((tmp_path / "artifact" / "held_out.safetensors").read_bytes())
    kinds = {name: (tensor.dtype.name, tensor.shape) for name, tensor in kept.items()}
    assert kinds == {
        "proba": ("float16", (48, 3)),
        "y": ("int16", (48,)),
        "is_measured": ("uint8", (48,)),
        "example_id": ("int64", (48,)),
    }
    assert kept["y"].tolist() == lessons.y.tolist()
    assert kept["is_measured"].astype(bool).tolist() == is_confirmed.tolist()
    assert kept["example_id"].tolist() == list(range(1_001, 1_049))
    predicted = kept["proba"].argmax(axis=1)[is_confirmed]
    assert evaluate(lessons.y[is_confirmed], predicted, label_count=3).macro_f1 == pytest.approx(scores["macro_f1"])
    assert np.array_equal(kept["proba"], np.load(tmp_path / "oof.npy", allow_pickle=False).astype(np.float16))


def test_the_examples_lie_beside_the_version_for_the_nearest_to_be_found(tmp_path: Path) -> None:
    lessons = _lessons()
    training_folders.write(tmp_path, lessons, numbers=_NUMBERS)

    _carry_out(tmp_path)

    index = nearest.load(tmp_path / "artifact")
    # Of the last layer: twelve of the 24 numbers.
    assert index.vectors.shape == (48, 12)
    found = nearest.find(index, lessons.X[[20]], count=1)[0][0]
    assert (found.example_id, found.y) == (1_021, 1)


@pytest.mark.parametrize("is_telling", [False, True], ids=["features", "features and spelling"])
def test_the_golden_set_is_measured_by_the_model_that_will_serve(tmp_path: Path, is_telling: bool) -> None:
    lessons = _lessons((60, 60), noise=1.0, is_telling=is_telling)
    golden = _lessons((15, 5), noise=1.0, is_telling=is_telling, seed=7)
    training_folders.write(tmp_path, lessons, numbers=(0, 4), golden=golden)

    result = _carry_out(tmp_path)

    found = result["scores"]["golden"]
    model = _artifact(tmp_path, result).model
    proba = predict_proba(model, golden.X, texts=golden.texts)
    expected = evaluate(golden.y, proba.argmax(axis=1), label_count=2)
    assert (model.ngrams is not None) == is_telling
    assert found.keys() == {"count", "accuracy", "macro_f1", "baseline_macro_f1", "interval", "labels", "confusion"}
    assert (found["count"], found["macro_f1"]) == (20, pytest.approx(expected.macro_f1, abs=1e-6))
    assert found["confusion"] == [list(row) for row in expected.confusion]
    assert result["scores"]["measured_count"] == 120


def test_a_golden_set_that_lacks_a_label_is_measured_on_what_is_there(tmp_path: Path) -> None:
    training_folders.write(tmp_path, _lessons(), numbers=_NUMBERS, golden=_lessons((3,)))

    golden = _carry_out(tmp_path)["scores"]["golden"]

    assert [label["support"] for label in golden["labels"]] == [3, 0, 0]


def test_a_ranking_has_how_well_its_order_is_kept(tmp_path: Path) -> None:
    training_folders.write(tmp_path, _lessons(), numbers=_NUMBERS, is_ranking=True)

    scores = _carry_out(tmp_path)["scores"]

    assert scores.keys() == _ALWAYS | {"kappa", "spearman"}
    assert 0.5 < scores["kappa"] <= 1 and 0.5 < scores["spearman"] <= 1


@pytest.mark.parametrize(
    ("turned", "score"), [(False, 1.0), (True, 0.0)], ids=["they say what the labels are", "they say the opposite"]
)
def test_descriptions_alone_are_scored_by_the_last_layer(tmp_path: Path, turned: bool, score: float) -> None:
    right, wrong = np.eye(12)[[0, 1]], np.eye(12)[[1, 0]]
    guides = np.concatenate([right, wrong] if turned else [wrong, right], axis=1)
    training_folders.write(tmp_path, _lessons((20, 20)), numbers=(0, 4), guides=guides)

    assert _carry_out(tmp_path)["scores"]["descriptions_macro_f1"] == pytest.approx(score, abs=0.06)


def test_without_any_description_there_is_no_such_score(tmp_path: Path) -> None:
    training_folders.write(tmp_path, _lessons((20, 20)), numbers=(0, 4), guides=np.zeros((2, 24)))

    assert _carry_out(tmp_path)["scores"]["descriptions_macro_f1"] is None


@pytest.mark.parametrize(("count", "kept"), [(99, 0), (120, 120)], ids=["too few", "enough"])
def test_texts_without_a_label_are_learnt_from_where_they_are_enough(tmp_path: Path, count: int, kept: int) -> None:
    pool = made_up_lessons.pool((count - 40, 40), noises=(0.3, 0.3))
    training_folders.write(tmp_path, _lessons((20, 20)), numbers=(0, 4), pool=pool)

    settings = _carry_out(tmp_path)["settings"]

    assert settings["pool_count"] == kept
    assert any(f"{kept} texts without a label" in part for part in settings["parts"]) == bool(kept)


def test_spelling_is_said_and_served(tmp_path: Path) -> None:
    lessons = _lessons((60, 60), noise=1.5, is_telling=True)
    training_folders.write(tmp_path, lessons, numbers=(0, 4))

    result = _carry_out(tmp_path)

    assert result["settings"]["spelling"] > 0
    assert "how words are spelled (character n-grams)" in result["settings"]["parts"]
    model = _artifact(tmp_path, result).model
    blank = np.zeros((2, 24), dtype=np.float32)
    assert predict_proba(model, blank, texts=["lamp !!", "lamp ??"]).argmax(axis=1).tolist() == [0, 1]


def test_the_same_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        pool = made_up_lessons.pool((60, 60), noises=(0.8, 0.8))
        lessons = _lessons((60, 60), noise=0.8, is_telling=True)
        training_folders.write(folder, lessons, numbers=(0, 4), pool=pool, golden=_lessons((5, 5)))
        _carry_out(folder)
        found.append({path.name: path.read_bytes() for path in (folder / "artifact").iterdir()})

    assert found[0].keys() == {
        "manifest.json",
        "weights.safetensors",
        "held_out.safetensors",
        "nearest.safetensors",
    }
    assert found[0] == found[1]


def test_near_duplicates_are_held_out_together(tmp_path: Path) -> None:
    # Each text is there three times with a label of chance: a model that has seen a copy would know it.
    rng = np.random.default_rng(0)
    X = np.repeat(rng.standard_normal((40, 80)), 3, axis=0) + 0.01 * rng.standard_normal((120, 80))
    lessons = Lessons(
        X=X.astype(np.float32),
        y=np.repeat(np.arange(40) % 2, 3),
        texts=["lamp"] * 120,
        label_count=2,
        layer_count=2,
    )
    training_folders.write(tmp_path, lessons, numbers=(0, 4))

    assert _carry_out(tmp_path)["scores"]["macro_f1"] < 0.7


def test_texts_that_are_all_alike_are_no_near_duplicates(tmp_path: Path) -> None:
    # One group of all: it would leave nothing to be measured on.
    lessons = _lessons((20, 20))
    near = Lessons(X=lessons.X + np.float32(10), y=lessons.y, texts=lessons.texts, label_count=2, layer_count=2)
    training_folders.write(tmp_path, near, numbers=(0, 4))

    assert _carry_out(tmp_path)["scores"]["macro_f1"] > 0.9
