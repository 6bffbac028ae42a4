"""Where a classifier stands on its way: the six steps, each with its state in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from classifiers.models import Classifier, Version
from classifiers.services import labels, training, training_sets
from classifiers.services.training_sets import Counts
from moderation.runs import OPEN_STATES, RunState
from moderation.services import project_analyzers


class Mark(StrEnum):
    DONE = "done"
    NOW = "now"
    LATER = "later"


@dataclass(frozen=True)
class Standing:
    """The numbers from which the steps' states follow.

    `counts` has examples by label id, None for unlabelled; `suggested` has those of them whose label only a machine
    gave, `sure` those of the suggested that a training learns from, `golden` those that are set aside to measure on;
    `learnt_from` has what a training learns from in all.
    """

    label_count: int
    is_locked: bool
    counts: Mapping[int | None, int]
    problems: tuple[str, ...]
    live: Version | None
    latest: Version | None
    project_count: int
    suggested: Mapping[int, int] = field(default_factory=dict)
    sure: Mapping[int, int] = field(default_factory=dict)
    golden: Mapping[int, int] = field(default_factory=dict)
    learnt_from: Mapping[int, int] = field(default_factory=dict)

    @property
    def example_count(self) -> int:
        return sum(self.counts.values())

    @property
    def unlabelled_count(self) -> int:
        return self.counts.get(None, 0)

    @property
    def labelled_count(self) -> int:
        return self.example_count - self.unlabelled_count

    @property
    def suggested_count(self) -> int:
        return sum(self.suggested.values())

    @property
    def confirmed_count(self) -> int:
        return self.labelled_count - self.suggested_count

    @property
    def sure_count(self) -> int:
        return sum(self.sure.values())

    @property
    def unsure_count(self) -> int:
        return self.suggested_count - self.sure_count

    @property
    def golden_count(self) -> int:
        return sum(self.golden.values())

    @property
    def learnt_from_count(self) -> int:
        return self.confirmed_count - self.golden_count + self.sure_count

    @property
    def labelled_percent(self) -> int:
        # Rounded down: 100 % is only said when nothing is left.
        return 100 * self.labelled_count // max(self.example_count, 1)

    @property
    def training(self) -> Version | None:
        return self.latest if self.latest is not None and self.latest.is_open else None


@dataclass(frozen=True)
class Step:
    """One step: `sentence` says where it stands, `action` what can be done there."""

    code: str
    number: int
    title: str
    action: str
    sentence: str
    mark: Mark


def measure(classifier: Classifier) -> Standing:
    """Return the numbers of the classifier at this moment."""
    counts = training_sets.count(classifier)
    return Standing(
        label_count=classifier.labels.count(),
        is_locked=classifier.has_locked_labels,
        counts=_by_label(counts),
        suggested=counts.suggested,
        sure=counts.sure,
        golden=counts.golden,
        learnt_from={label_id: counts.learnt_from(label_id) for label_id in {*counts.confirmed, *counts.sure}},
        problems=tuple(training.problems(classifier, counts=counts)),
        live=classifier.live_version,
        latest=classifier.versions.order_by("-number").first(),
        project_count=len(project_analyzers.projects_with(classifier.key)),
    )


def _by_label(counts: Counts) -> dict[int | None, int]:
    label_ids = {*counts.confirmed, *counts.suggested}
    labelled: dict[int | None, int] = {label_id: counts.labelled(label_id) for label_id in label_ids}
    return labelled | ({None: counts.unlabelled} if counts.unlabelled else {})


def walk(standing: Standing) -> tuple[Step, ...]:
    """Return the six steps in order. The first that isn't done is the one to take now."""
    is_trained = standing.live is not None
    train = "Follow it" if standing.training else "Train again" if is_trained else "Train"
    rows = (
        (
            "labels",
            "Labels",
            "Edit labels" if standing.label_count else "Define labels",
            _labels(standing),
            standing.label_count >= 2,
        ),
        ("data", "Data", "Add data", _data(standing), standing.example_count >= training.MIN_EXAMPLES),
        ("annotate", "Annotate", "Label examples", _annotate(standing), not standing.problems),
        ("train", "Train", train, _train(standing), is_trained),
        ("review", "Review", "Review", _review(standing), is_trained and standing.project_count > 0),
        ("use", "Use", "Use it", _use(standing), is_trained and standing.project_count > 0),
    )
    first_open = next((index for index, row in enumerate(rows) if not row[-1]), len(rows))
    return tuple(
        Step(code=code, number=index + 1, title=title, action=action, sentence=sentence, mark=mark)
        for index, (code, title, action, sentence, is_done) in enumerate(rows)
        for mark in [Mark.NOW if index == first_open else Mark.DONE if is_done else Mark.LATER]
    )


def counted(count: int, noun: str) -> str:
    """Return the number with its noun, in the plural where it needs one.

    >>> counted(1, "label"), counted(1200, "example")
    ('1 label', '1,200 examples')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def learnt_from(count: int, *, suggested: int) -> str:
    """Return on how many examples a version is trained, and how many of them are suggestions.

    >>> learnt_from(320, suggested=200), learnt_from(320, suggested=0)
    ('320 examples, 200 of them suggestions', '320 examples')
    """
    return f"{counted(count, 'example')}, {suggested:,} of them suggestions" if suggested else counted(count, "example")


def _labels(standing: Standing) -> str:
    if standing.label_count == 0:
        return "No labels yet: what should a text be sorted into?"
    if standing.label_count == 1:
        return "1 label; a classifier needs at least two."
    said = counted(standing.label_count, "label")
    if standing.is_locked:
        return f"{said}, fixed since the first training."
    return f"{said}; fewer are easier to tell apart." if standing.label_count > labels.MANY_LABELS else f"{said}."


def _data(standing: Standing) -> str:
    if not standing.example_count:
        return "No examples yet."
    said = counted(standing.example_count, "example")
    if standing.example_count < training.MIN_EXAMPLES:
        return f"{said}; training needs at least {training.MIN_EXAMPLES}."
    if not standing.labelled_count:
        return f"{said}, none labelled."
    suggested = f", {standing.suggested_count:,} suggested" if standing.suggested_count else ""
    return f"{said}: {standing.confirmed_count:,} confirmed{suggested}."


def _annotate(standing: Standing) -> str:
    if not standing.example_count:
        return "Nothing to label yet."
    suggested = f", {standing.suggested_count:,} of them by suggestions" if standing.suggested_count else ""
    if not standing.unlabelled_count:
        return f"All of the {counted(standing.example_count, 'example')} labelled{suggested}."
    return f"{standing.labelled_count:,} of {counted(standing.example_count, 'example')} labelled{suggested}."


def _train(standing: Standing) -> str:
    latest, live = standing.latest, standing.live
    if latest is not None and latest.state == RunState.RUNNING:
        return f"Training now: {latest.percent} %."
    if latest is not None and latest.state in OPEN_STATES:
        return "A training waits for a worker."
    if latest is not None and latest.state in (RunState.FAILED, RunState.DEAD):
        return f"The last training failed. {latest.error}"
    if live is not None:
        return _since(standing, live=live)
    if standing.problems:
        return "Needs a few more labelled examples." if standing.labelled_count else "Needs labelled examples."
    return f"Ready to train on {learnt_from(standing.learnt_from_count, suggested=standing.sure_count)}."


def _since(standing: Standing, *, live: Version) -> str:
    trained_on = learnt_from(live.example_count, suggested=live.suggested_count)
    said = f"Version {live.number} is live, trained on {trained_on}"
    more = standing.learnt_from_count - live.example_count
    return f"{said}; {more:,} more are labelled now." if more > 0 else f"{said}."


def _review(standing: Standing) -> str:
    if standing.live is None:
        return "There is a score after the first training."
    said = f"F1 {standing.live.macro_f1:.2f}, measured on"
    if not standing.live.suggested_count:
        return f"{said} texts that it hadn't seen."
    if standing.live.is_measured_on_confirmed:
        return f"{said} {standing.live.measured_count:,} confirmed texts that it hadn't seen."
    return f"{said} suggestions, too, as few are confirmed."


def _use(standing: Standing) -> str:
    if standing.live is None:
        return "It can answer after the first training."
    if not standing.project_count:
        return "No project runs it yet."
    return "1 project runs it." if standing.project_count == 1 else f"{standing.project_count} projects run it."
