"""Tuning an encoder, for real and tiny, in a process that may import torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifiers.ml.encoder import load_encoder
from classifiers.ml.tuning.recipe import Recipe, plan
from classifiers.ml.tuning.sets import LabelledSet, SetsUnusable, read_set, sha256_of_sets
from classifiers.ml.tuning.shared import shared_sets

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    root = tmp_path_factory.mktemp("tuning")
    command = [sys.executable, "-m", "tests.classifiers.ml.tuning_script", str(root)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=300, check=True)
    return root, json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_tuning_learns_what_the_sets_teach(tuned: tuple[Path, dict[str, Any]]) -> None:
    _, found = tuned

    first, last = found["losses"]

    # Three times through 160 texts, eight at a time.
    assert found["steps"] == 60
    assert last < 0.75 * first


@pytest.mark.slow
def test_the_same_sets_and_recipe_give_the_same_bytes_and_another_seed_others(
    tuned: tuple[Path, dict[str, Any]],
) -> None:
    _, found = tuned

    assert found["again"] == found["whole"]
    assert found["seed"] != found["whole"]


@pytest.mark.slow
def test_a_tuning_that_was_stopped_goes_on_and_gives_the_same_bytes(tuned: tuple[Path, dict[str, Any]]) -> None:
    _, found = tuned

    stopped = found["interrupted"]

    # The last checkpoint was after the sixth step.
    assert (stopped["first"], stopped["rest"]) == (8, 7)
    assert not stopped["is_left"]
    assert stopped["sha256"] == found["whole"]
    assert not stopped["is_checkpoint_left"]


@pytest.mark.slow
def test_a_tuned_encoder_is_prepared_like_any_other_and_has_an_id_of_its_own(
    tuned: tuple[Path, dict[str, Any]],
) -> None:
    root, found = tuned
    base, whole = (load_encoder(root / "encoders" / name) for name in ("base", "whole"))

    a, b = base.encode(["a b c"]), whole.encode(["a b c"])

    assert found["base encoder"] != found["whole encoder"] == whole.id
    # The first of three layers wasn't touched; the second was.
    changed = np.abs(a - b).reshape(3, 32).max(axis=1)
    assert changed[0] < 0.02
    assert changed[1] > 3 * changed[0]


@pytest.mark.slow
def test_the_layer_that_is_kept_stays_nearer_to_what_it_was(tuned: tuple[Path, dict[str, Any]]) -> None:
    root, _ = tuned
    base, kept, unkept = (load_encoder(root / "encoders" / name) for name in ("base", "whole", "unkept"))
    texts = ["a b c", "x y z", "i o u a e", "b d g"]

    before = base.encode(texts)[:, 64:]
    near, far = (float((each.encode(texts)[:, 64:] * before).sum(axis=1).mean()) for each in (kept, unkept))

    assert near > far
    assert near > 0.9


@pytest.mark.slow
def test_a_base_with_other_weights_is_refused_and_leaves_nothing(tuned: tuple[Path, dict[str, Any]]) -> None:
    _, found = tuned

    assert found["wrong base"] == {"error": "WrongBase", "is_left": False}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("no sets", "It takes folders with a train.csv of text,label each."),
        ("bad columns", "It must be CSV in UTF-8 with the columns text and label."),
        ("one label", "must have at least two labels"),
        ("no such base", "can't be loaded"),
        ("too few layers", "it takes a BERT model of at least 6 layers"),
    ],
)
def test_what_cannot_be_tuned_is_refused(tuned: tuple[Path, dict[str, Any]], case: str, sentence: str) -> None:
    _, found = tuned

    assert sentence in found["refused"][case]


def _set(name: str, count: int) -> LabelledSet:
    return LabelledSet(name, tuple(f"text {n}" for n in range(count)), ("a", "b"), np.arange(count) % 2)


def test_each_text_is_read_once_an_epoch_and_batches_hold_one_set_and_like_lengths() -> None:
    sets = (_set("large", 200), _set("small", 32))
    lengths = [list(range(200)), [5] * 32]

    batches = plan(sets, lengths=lengths, recipe=Recipe(epochs=2, batch_texts=16, most_texts=128))

    rows = [(batch.of, row) for batch in batches for row in batch.rows]
    assert len(rows) == 2 * (128 + 32)
    assert len(set(rows)) == 128 + 32
    spans = [lengths[0][max(batch.rows)] - lengths[0][min(batch.rows)] for batch in batches if batch.of == 0]
    assert max(spans) < 100


def test_a_plan_follows_from_the_seed() -> None:
    sets, lengths = (_set("only", 256),), [list(range(256))]

    first, second, other = (plan(sets, lengths=lengths, recipe=Recipe(seed=seed)) for seed in (0, 0, 1))

    assert first == second != other


def test_sets_are_told_apart_by_texts_and_labels() -> None:
    a, b = _set("a", 4), _set("b", 4)
    flipped = LabelledSet(a.name, a.texts, a.labels, 1 - a.y)

    assert len({sha256_of_sets((each,)) for each in (a, b, flipped)}) == 3
    assert sha256_of_sets((a,)) == sha256_of_sets((_set("a", 4),))


def test_a_test_part_may_not_have_a_label_that_training_lacks(tmp_path: Path) -> None:
    path = tmp_path / "test.csv"
    path.write_text("text,label\none,a\ntwo,c\n", encoding="utf-8")

    with pytest.raises(SetsUnusable, match="none that training lacks"):
        read_set(path, labels=("a", "b"))


def _labelled(name: str, rows: dict[str, str]) -> LabelledSet:
    labels = tuple(sorted(set(rows.values())))
    return LabelledSet(name, tuple(rows), labels, np.array([labels.index(label) for label in rows.values()]))


def test_labels_that_mean_the_same_are_read_together() -> None:
    shared = {"kind": {"films": {"good": "up", "bad": "down"}, "mails": {"glad": "up", "angry": "down"}}}
    films = _labelled("films", {"lovely": "good", "dull": "bad"})
    mails = _labelled("mails", {"hurray": "glad", "grr": "angry", "well": "neutral"})

    [found] = shared_sets((films, mails), shared=shared)

    assert (found.name, found.labels) == ("kind", ("down", "up"))
    assert dict(zip(found.texts, [found.labels[place] for place in found.y], strict=True)) == {
        "lovely": "up",
        "dull": "down",
        "hurray": "up",
        "grr": "down",
    }


def test_a_meaning_that_only_one_set_has_needs_no_head_of_its_own() -> None:
    shared = {"kind": {"films": {"good": "up", "bad": "down"}, "mails": {"glad": "up"}}}

    assert shared_sets((_labelled("films", {"lovely": "good", "dull": "bad"}),), shared=shared) == ()
