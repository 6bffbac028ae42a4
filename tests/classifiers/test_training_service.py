"""A training as the worker does it: from examples to a live version."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from classifiers import tasks
from classifiers.ml import nearest
from classifiers.ml.artifact import load_artifact
from classifiers.models import Classifier, Embedding, Example, ExampleState, HeldOut, Label, Version
from classifiers.services import encoders, out_of_fold, thresholds, training
from classifiers.services.training import NotTrainable
from moderation import runs
from moderation.runs import RunState
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory, LabelledExampleFactory, VersionFactory

pytestmark = pytest.mark.django_db

_QUESTIONS = ("is the {} still there", "what does the {} cost", "how big is the {}", "can I pick up the {} today")
_OFFERS = ("win a {} now!!!", "free {} for the first 50, click", "cheap {} on our site", "{} from home, earn 500 a day")
_THINGS = ("lamp", "pram", "bike", "sofa", "guitar")


def _classifier(*, each: int = 20) -> Classifier:
    classifier = ClassifierFactory()
    for number, (name, sentences) in enumerate((("Fine", _QUESTIONS), ("Advert", _OFFERS))):
        label = LabelFactory(classifier=classifier, number=number, name=name)
        texts = [sentence.format(thing) for sentence in sentences for thing in _THINGS]
        for text in texts[:each]:
            LabelledExampleFactory(classifier=classifier, label=label, text=text)
    return classifier


def _train(classifier: Classifier) -> Version:
    version = training.start(classifier.pk)
    tasks.train_version(version.pk)
    version.refresh_from_db()
    return version


def _artifact_folders(settings: Any) -> list[Path]:
    return [path for path in settings.ARTIFACTS_DIR.glob("*/*") if path.is_dir()]


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_a_training_ends_in_a_live_version_with_honest_scores(settings: Any) -> None:
    classifier = _classifier()

    version = _train(classifier)

    assert (version.state, version.error) == (RunState.SUCCEEDED, "")
    assert version.macro_f1 > 0.8
    assert version.label_counts == {"0": 20, "1": 20}
    assert version.encoder_id == encoders.get_manifest().id
    artifact = load_artifact(settings.ARTIFACTS_DIR / version.artifact_path, expected_sha256=version.artifact_sha256)
    assert [label.name for label in artifact.manifest.labels] == ["Fine", "Advert"]
    classifier.refresh_from_db()
    assert classifier.live_version_id == version.pk
    assert classifier.has_locked_labels


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_every_example_that_was_trained_on_was_also_held_out() -> None:
    classifier = _classifier()

    version = _train(classifier)

    held_out = HeldOut.objects.filter(version=version)
    assert held_out.count() == 40
    right = sum(row.label_number == row.predicted_number for row in held_out)
    assert right / 40 == pytest.approx(version.scores["accuracy"], abs=1e-6)


def _suggest(classifier: Classifier, *, numbers: tuple[int, ...], each: int, confidence: float | None = 0.9) -> None:
    """Make the first examples of some labels suggestions."""
    for number in numbers:
        ids = Example.objects.filter(classifier=classifier, label__number=number).order_by("pk")[:each].values("pk")
        Example.objects.filter(pk__in=list(ids.values_list("pk", flat=True))).update(
            state=ExampleState.SUGGESTED, confidence=confidence
        )


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_suggestions_are_learnt_from_but_measured_on_are_the_confirmed_examples() -> None:
    classifier = _classifier()
    _suggest(classifier, numbers=(0, 1), each=8)

    version = _train(classifier)

    assert (version.state, version.example_count, version.suggested_count) == (RunState.SUCCEEDED, 40, 16)
    assert (version.is_measured_on_confirmed, version.measured_count) == (True, 24)
    assert sum(sum(row) for row in version.scores["confusion"]) == 24
    counted = set(HeldOut.objects.filter(version=version, is_measured=True).values_list("example__state", flat=True))
    left_out = HeldOut.objects.filter(version=version, is_measured=False)
    assert (counted, left_out.count()) == ({ExampleState.CONFIRMED}, 16)


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_with_few_confirmed_examples_the_scores_count_suggestions_and_say_so() -> None:
    classifier = _classifier()
    _suggest(classifier, numbers=(0, 1), each=16)

    version = _train(classifier)

    assert (version.is_measured_on_confirmed, version.measured_count, version.suggested_count) == (False, 40, 32)
    assert not HeldOut.objects.filter(is_measured=False).exists()


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_the_examples_nearest_to_a_sure_mistake_are_counted() -> None:
    classifier = _classifier()
    wrong = Example.objects.get(text=_OFFERS[0].format("lamp"))
    Example.objects.filter(pk=wrong.pk).update(label=classifier.labels.get(number=0))

    version = _train(classifier)

    row = HeldOut.objects.get(version=version, example=wrong)
    assert (row.label_number, row.predicted_number) == (0, 1)
    assert row.near_predicted > row.near_own
    right = HeldOut.objects.filter(version=version, label_number=F("predicted_number"))
    assert not right.filter(near_predicted__isnull=False).exists()


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_the_golden_set_and_the_descriptions_are_scored_beside() -> None:
    classifier = _classifier()
    ids = Example.objects.filter(text__contains="lamp").values_list("pk", flat=True)
    Example.objects.filter(pk__in=list(ids)).update(is_golden=True)
    classifier.labels.filter(number=1).update(description="Offers, free things, links to a site.")

    version = _train(classifier)

    assert (version.example_count, version.scores["measured_count"]) == (32, 32)
    golden = version.scores["golden"]
    assert (golden["count"], [label["support"] for label in golden["labels"]]) == (8, [4, 4])
    assert not HeldOut.objects.filter(version=version, example__is_golden=True).exists()
    assert 0.0 <= version.scores["descriptions_macro_f1"] <= 1.0


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_texts_without_a_label_are_learnt_from_where_there_are_enough() -> None:
    classifier = _classifier()
    sentences = [*_QUESTIONS, *_OFFERS]
    for number in range(104):
        ExampleFactory(classifier=classifier, text=sentences[number % 8].format(f"thing {number}"))

    version = _train(classifier)

    assert (version.state, version.example_count) == (RunState.SUCCEEDED, 40)
    assert version.settings["pool_count"] == 104
    assert "what 104 texts without a label look like" in version.settings["parts"]


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_what_lies_beside_the_version_is_of_its_examples(settings: Any) -> None:
    classifier = _classifier()

    version = _train(classifier)

    kept, index = out_of_fold.load(version), nearest.load(settings.ARTIFACTS_DIR / version.artifact_path)
    number_of = dict(classifier.examples.values_list("pk", "label__number"))
    assert {int(key): int(y) for key, y in zip(kept.example_ids, kept.y, strict=True)} == number_of
    assert {int(key): int(y) for key, y in zip(index.example_ids, index.y, strict=True)} == number_of
    predicted = dict(HeldOut.objects.filter(version=version).values_list("example_id", "predicted_number"))
    answers = zip(kept.example_ids, kept.proba.argmax(axis=1), strict=True)
    assert {int(key): int(answer) for key, answer in answers} == predicted


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_a_version_begins_with_the_thresholds_of_the_one_before() -> None:
    classifier = _classifier()
    first = _train(classifier)
    thresholds.set_thresholds(first.pk, {1: 0.7})

    second = _train(classifier)

    first.refresh_from_db()
    assert (first.thresholds, second.thresholds) == ({"1": 0.7}, {"1": 0.7})
    classifier.refresh_from_db()
    assert classifier.live_version_id == second.pk


def test_suggestions_that_are_left_out_do_not_make_it_trainable() -> None:
    classifier = _classifier(each=10)
    _suggest(classifier, numbers=(1,), each=9, confidence=0.5)

    assert training.problems(classifier) == [
        "“Advert” needs at least 2 examples; it has 1, beside 9 suggested ones that are left out.",
        "Training needs at least 20 labelled examples; there are 11, beside 9 suggested ones that are left out.",
    ]


def test_what_is_set_aside_as_golden_does_not_make_it_trainable_and_is_said() -> None:
    classifier = _classifier(each=10)
    golden_ids = list(Example.objects.filter(label__number=1).order_by("-pk").values_list("pk", flat=True)[:8])
    Example.objects.filter(pk__in=golden_ids).update(is_golden=True)
    _suggest(classifier, numbers=(1,), each=1, confidence=0.5)

    left_out = "beside 1 suggested one that is left out and 8 set aside as golden"
    assert training.problems(classifier) == [
        f"“Advert” needs at least 2 examples; it has 1, {left_out}.",
        f"Training needs at least 20 labelled examples; there are 11, {left_out}.",
    ]


def test_suggestions_that_are_sure_enough_make_it_trainable() -> None:
    classifier = _classifier(each=10)
    _suggest(classifier, numbers=(0, 1), each=10, confidence=0.7)

    assert training.problems(classifier) == []


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_features_are_computed_once_for_a_text(settings: Any) -> None:
    classifier = _classifier()
    first = _train(classifier)
    stored = dict(Embedding.objects.values_list("text_key", "pk"))

    second = _train(classifier)

    assert dict(Embedding.objects.values_list("text_key", "pk")) == stored
    assert len(stored) == 40
    # The same data, the same bytes: hash and artifact agree though the versions differ.
    assert (second.data_sha256, second.artifact_sha256) == (first.data_sha256, first.artifact_sha256)
    assert len(_artifact_folders(settings)) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_a_training_leaves_no_files_but_the_artifact(settings: Any) -> None:
    _train(_classifier())

    assert list(settings.WORK_DIR.iterdir()) == []
    assert [path.name for path in _artifact_folders(settings)[0].iterdir()]


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_while_a_failed_retraining_ends_the_old_version_stays_live(settings: Any) -> None:
    classifier = _classifier()
    live = _train(classifier)
    settings.TRAINING_TIMEOUT_S = 0

    failed = _train(classifier)

    assert failed.state == RunState.FAILED
    assert "longer than allowed" in failed.error
    classifier.refresh_from_db()
    assert classifier.live_version_id == live.pk
    assert len(_artifact_folders(settings)) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_a_worker_that_lost_its_run_promotes_nothing() -> None:
    classifier = _classifier()
    version = training.start(classifier.pk)
    lost = runs.claim(Version, version.pk)
    assert lost is not None
    Version.objects.filter(pk=version.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    assert runs.claim(Version, version.pk) is not None

    with pytest.raises(runs.RunLost):
        training.carry_out(lost)

    classifier.refresh_from_db()
    assert classifier.live_version_id is None


def test_without_an_encoder_the_run_fails_and_says_what_to_do(settings: Any, tmp_path: Path) -> None:
    settings.ENCODERS_DIR = tmp_path / "none"

    version = _train(_classifier())

    assert version.state == RunState.FAILED
    assert "prepare_encoder" in version.error


def test_examples_that_went_meanwhile_fail_the_run_with_a_sentence(encoder_folder: Path) -> None:
    classifier = _classifier()
    version = training.start(classifier.pk)
    Example.objects.update(label=None, state=ExampleState.UNLABELLED)

    tasks.train_version(version.pk)

    version.refresh_from_db()
    assert version.state == RunState.FAILED
    assert "no labelled examples any more" in version.error


def test_only_one_training_at_a_time() -> None:
    classifier = _classifier()
    training.start(classifier.pk)

    with pytest.raises(NotTrainable, match="under way"):
        training.start(classifier.pk)


def test_versions_are_numbered_within_their_classifier() -> None:
    classifier = _classifier()
    VersionFactory(classifier=classifier, number=4, state=RunState.FAILED)

    assert training.start(classifier.pk).number == 5


def test_too_few_examples_are_refused_with_what_is_missing() -> None:
    classifier = _classifier(each=5)

    with pytest.raises(NotTrainable, match="at least 20 labelled examples; there are 10"):
        training.start(classifier.pk)
    assert not classifier.versions.exists()


def test_a_label_without_examples_is_named() -> None:
    classifier = _classifier()
    LabelFactory(classifier=classifier, number=2, name="Rude")

    with pytest.raises(NotTrainable, match="“Rude” needs at least 2 examples; it has 0"):
        training.start(classifier.pk)


def test_one_label_is_not_enough() -> None:
    classifier = ClassifierFactory()
    LabelFactory(classifier=classifier)

    assert "A classifier needs at least two labels." in training.problems(classifier)


def test_labels_are_locked_by_the_first_training_only_once() -> None:
    classifier = _classifier()
    training.start(classifier.pk)
    classifier.refresh_from_db()
    locked_at = classifier.labels_locked_at
    Version.objects.update(state=RunState.FAILED)

    training.start(classifier.pk)

    classifier.refresh_from_db()
    assert classifier.labels_locked_at == locked_at
    assert Label.objects.filter(classifier=classifier).count() == 2
