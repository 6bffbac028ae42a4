"""Where a classifier stands: true numbers in sentences, and one step to take now."""

from __future__ import annotations

from typing import Any

import pytest

from classifiers.models import Classifier, ExampleState, Version
from classifiers.services import steps
from classifiers.services.steps import Mark, Standing
from moderation.runs import RunState
from tests import staff
from tests.factories import (
    AnalyzerSettingFactory,
    ClassifierFactory,
    DoneVersionFactory,
    ExampleFactory,
    LabelFactory,
    LabelledExampleFactory,
    VersionFactory,
)

SUGGESTED_TOO = {
    "number": 2,
    "macro_f1": 0.844,
    "example_count": 30,
    "suggested_count": 10,
    "state": RunState.SUCCEEDED,
}
LIVE = Version(number=2, macro_f1=0.844, example_count=30, state=RunState.SUCCEEDED)


def _standing(**values: Any) -> Standing:
    nothing: dict[str, Any] = {
        "label_count": 0,
        "is_locked": False,
        "counts": {},
        "problems": ("It needs labels.",),
        "live": None,
        "latest": None,
        "project_count": 0,
    }
    return Standing(**nothing | values)


def _sentence(code: str, **values: Any) -> str:
    return next(step.sentence for step in steps.walk(_standing(**values)) if step.code == code)


def _marks(**values: Any) -> list[Mark]:
    return [step.mark for step in steps.walk(_standing(**values))]


def test_the_steps_come_in_the_order_of_the_work() -> None:
    walked = steps.walk(_standing())

    assert [(step.number, step.code) for step in walked] == list(
        enumerate(("labels", "data", "annotate", "train", "review", "use"), 1)
    )


D, N, L = Mark.DONE, Mark.NOW, Mark.LATER


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ({}, [N, L, L, L, L, L]),
        ({"label_count": 2}, [D, N, L, L, L, L]),
        ({"label_count": 2, "counts": {None: 20}}, [D, D, N, L, L, L]),
        ({"label_count": 2, "counts": {1: 20}, "problems": ()}, [D, D, D, N, L, L]),
        ({"label_count": 2, "counts": {1: 20}, "problems": (), "live": LIVE}, [D, D, D, D, N, L]),
        ({"label_count": 2, "counts": {1: 20}, "problems": (), "live": LIVE, "project_count": 1}, [D] * 6),
    ],
    ids=["new", "labels", "data", "labelled", "trained", "in use"],
)
def test_the_first_step_that_is_not_done_is_the_one_to_take_now(values: dict[str, Any], marks: list[Mark]) -> None:
    assert _marks(**values) == marks


@pytest.mark.parametrize(
    ("code", "values", "sentence"),
    [
        ("labels", {}, "No labels yet: what should a text be sorted into?"),
        ("labels", {"label_count": 1}, "1 label; a classifier needs at least two."),
        ("labels", {"label_count": 3}, "3 labels."),
        ("labels", {"label_count": 11}, "11 labels; fewer are easier to tell apart."),
        ("labels", {"label_count": 3, "is_locked": True}, "3 labels, fixed since the first training."),
        ("data", {}, "No examples yet."),
        ("data", {"counts": {None: 1}}, "1 example; training needs at least 20."),
        ("data", {"counts": {None: 1000}}, "1,000 examples, none labelled."),
        ("data", {"counts": {None: 1000, 5: 200}}, "1,200 examples: 200 confirmed."),
        (
            "data",
            {"counts": {None: 252, 1: 300, 2: 60}, "suggested": {2: 60}},
            "612 examples: 300 confirmed, 60 suggested.",
        ),
        (
            "annotate",
            {"counts": {None: 252, 1: 300, 2: 60}, "suggested": {2: 60}},
            "360 of 612 examples labelled, 60 of them by suggestions.",
        ),
        (
            "annotate",
            {"counts": {1: 30}, "suggested": {1: 10}},
            "All of the 30 examples labelled, 10 of them by suggestions.",
        ),
        (
            "train",
            {"counts": {1: 30}, "suggested": {1: 20}, "sure": {1: 5}, "problems": ()},
            "Ready to train on 15 examples, 5 of them suggestions.",
        ),
        (
            "train",
            {"live": Version(**SUGGESTED_TOO), "counts": {1: 90}, "suggested": {1: 55}, "sure": {}},
            "Version 2 is live, trained on 30 examples, 10 of them suggestions; 5 more are labelled now.",
        ),
        (
            "review",
            {"live": Version(**SUGGESTED_TOO, scores={"measured_on": "CONFIRMED", "measured_count": 20})},
            "F1 0.84, measured on 20 confirmed texts that it hadn't seen.",
        ),
        (
            "review",
            {"live": Version(**SUGGESTED_TOO, scores={"measured_on": "ALL", "measured_count": 30})},
            "F1 0.84, measured on suggestions, too, as few are confirmed.",
        ),
        ("annotate", {}, "Nothing to label yet."),
        ("annotate", {"counts": {None: 252, 1: 300, 2: 60}}, "360 of 612 examples labelled."),
        ("annotate", {"counts": {1: 30}}, "All of the 30 examples labelled."),
        ("train", {}, "Needs labelled examples."),
        ("train", {"counts": {1: 5}}, "Needs a few more labelled examples."),
        ("train", {"counts": {1: 30}, "problems": ()}, "Ready to train on 30 examples."),
        ("train", {"latest": Version(state=RunState.QUEUED)}, "A training waits for a worker."),
        ("train", {"latest": Version(state=RunState.RUNNING, progress=0.4)}, "Training now: 40 %."),
        (
            "train",
            {"latest": Version(state=RunState.FAILED, error="There was no room.")},
            "The last training failed. There was no room.",
        ),
        ("train", {"live": LIVE, "latest": LIVE, "counts": {1: 30}}, "Version 2 is live, trained on 30 examples."),
        (
            "train",
            {"live": LIVE, "latest": LIVE, "counts": {1: 45, None: 3}},
            "Version 2 is live, trained on 30 examples; 15 more are labelled now.",
        ),
        ("review", {}, "There is a score after the first training."),
        ("review", {"live": LIVE}, "F1 0.84, measured on texts that it hadn't seen."),
        ("use", {}, "It can answer after the first training."),
        ("use", {"live": LIVE}, "No project runs it yet."),
        ("use", {"live": LIVE, "project_count": 1}, "1 project runs it."),
        ("use", {"live": LIVE, "project_count": 2}, "2 projects run it."),
    ],
)
def test_each_state_is_said_in_a_sentence(code: str, values: dict[str, Any], sentence: str) -> None:
    assert _sentence(code, **values) == sentence


@pytest.mark.parametrize(("counts", "percent"), [({}, 0), ({1: 999, None: 1}, 99), ({1: 5}, 100)])
def test_all_is_labelled_only_when_nothing_is_left(counts: dict[int | None, int], percent: int) -> None:
    assert _standing(counts=counts).labelled_percent == percent


@pytest.mark.django_db
def test_the_numbers_are_those_of_the_classifier_alone() -> None:
    classifier = ClassifierFactory(key="mine")
    label = LabelFactory(classifier=classifier)
    LabelledExampleFactory.create_batch(2, classifier=classifier, label=label)
    LabelledExampleFactory(classifier=classifier, label=label, state=ExampleState.SUGGESTED, confidence=0.9)
    LabelledExampleFactory(classifier=classifier, label=label, state=ExampleState.SUGGESTED, confidence=0.1)
    ExampleFactory(classifier=classifier)
    AnalyzerSettingFactory(analyzer="mine")
    AnalyzerSettingFactory(analyzer="mine", is_enabled=False)
    staff.filled()

    standing = steps.measure(classifier)

    assert (standing.label_count, dict(standing.counts), standing.project_count) == (1, {label.pk: 4, None: 1}, 1)
    assert (standing.confirmed_count, standing.suggested_count, standing.sure_count, standing.unsure_count) == (
        2,
        2,
        1,
        1,
    )
    assert (standing.learnt_from_count, standing.unlabelled_count, standing.example_count) == (3, 1, 5)
    assert (standing.live, standing.latest, standing.is_locked) == (None, None, False)


@pytest.mark.django_db
def test_the_latest_training_is_the_one_with_the_highest_number() -> None:
    classifier = ClassifierFactory()
    live = DoneVersionFactory(classifier=classifier, number=1)
    running = VersionFactory(classifier=classifier, number=2)
    Classifier.objects.filter(pk=classifier.pk).update(live_version=live)
    classifier.refresh_from_db()

    standing = steps.measure(classifier)

    assert (standing.live, standing.latest, standing.training) == (live, running, running)
