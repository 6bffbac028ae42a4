"""Groups of examples that say nearly the same: found, kept, settled."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from classifiers import tasks
from classifiers.models import Classifier, Decision, DecisionSource, Example, KeptApart, NearDuplicate, NearDuplicateRun
from classifiers.services import near_duplicates
from classifiers.services.decisions import ForeignLabel
from classifiers.services.near_duplicates import GROUPS_A_PAGE, MEMBERS_SHOWN, GroupGone, NotSearchable
from moderation.runs import RunState
from tests.factories import (
    ClassifierFactory,
    ExampleFactory,
    LabelFactory,
    LabelledExampleFactory,
    NearDuplicateFactory,
    NearDuplicateRunFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

_CALLS = (
    "Please call 08712402779 immediately, a message waits",
    "Please call 08712402902 immediately, a message waits!",
)
_OTHERS = ("Is the lamp still there?", "What does the pram cost?")


def _group(run: NearDuplicateRun, number: int, *, count: int = 2, labels: Any = ()) -> list[Example]:
    """Give the run a group, whose first examples have these labels."""
    given = [*labels, *[None] * (count - len(labels))]
    rows = []
    for label in given:
        build = ExampleFactory if label is None else LabelledExampleFactory
        extra = {} if label is None else {"label": label}
        rows.append(build(classifier=run.classifier, **extra))
        NearDuplicateFactory(run=run, example=rows[-1], group=number)
    return rows


def _search(classifier: Classifier, *, threshold: float = 0.95) -> NearDuplicateRun:
    run = near_duplicates.start(classifier.pk, threshold=threshold)
    tasks.find_near_duplicates(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.SUCCEEDED, "")
    return run


def _shown(run: NearDuplicateRun) -> list[int]:
    return [group.number for group in near_duplicates.page(run).groups]


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_examples_that_say_nearly_the_same_are_one_group(settings: Any) -> None:
    classifier = ClassifierFactory()
    alike = [ExampleFactory(classifier=classifier, text=text) for text in _CALLS]
    for text in _OTHERS:
        ExampleFactory(classifier=classifier, text=text)
    ExampleFactory(text=_CALLS[0])

    run = _search(classifier)

    assert run.example_count == 4
    assert [list(group.examples) for group in near_duplicates.page(run).groups] == [alike]
    assert list(settings.WORK_DIR.iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_a_new_search_takes_the_place_of_the_last_one() -> None:
    classifier = ClassifierFactory()
    first, second = (ExampleFactory(classifier=classifier, text=text) for text in _CALLS)
    earlier = _search(classifier)
    second.delete()

    run = _search(classifier)

    assert near_duplicates.find_last(classifier.pk) == run
    assert not NearDuplicate.objects.exists()
    assert NearDuplicateRun.objects.filter(pk=earlier.pk).exists()
    assert Example.objects.get() == first


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_a_group_that_was_kept_is_not_shown_by_the_next_search_either() -> None:
    classifier = ClassifierFactory()
    for text in _CALLS:
        ExampleFactory(classifier=classifier, text=text)
    run = _search(classifier)
    near_duplicates.keep_all(run.pk, group=1)

    again = _search(classifier, threshold=0.9)

    assert again.members.count() == 2
    assert _shown(again) == []


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_folder")
def test_an_empty_classifier_has_no_groups() -> None:
    assert near_duplicates.page(_search(ClassifierFactory())).group_count == 0


@pytest.mark.parametrize("threshold", [0.89, 1.0])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with pytest.raises(NotSearchable, match="Choose a likeness"):
        near_duplicates.start(ClassifierFactory().pk, threshold=threshold)


def test_one_search_of_a_classifier_runs_at_a_time() -> None:
    run = near_duplicates.start(ClassifierFactory().pk, threshold=0.9)

    with pytest.raises(NotSearchable, match="already under way"):
        near_duplicates.start(run.classifier_id, threshold=0.9)

    assert near_duplicates.find_open(run.classifier_id) == run
    assert near_duplicates.start(ClassifierFactory().pk, threshold=0.99)


def test_conflicts_come_first_then_the_largest() -> None:
    run = NearDuplicateRunFactory()
    one, other = (LabelFactory(classifier=run.classifier, number=number) for number in range(2))
    _group(run, 1)
    _group(run, 2, count=3, labels=[one, one])
    _group(run, 3, labels=[one, other])

    page = near_duplicates.page(run)

    assert [(group.number, group.size, group.is_conflict) for group in page.groups] == [
        (3, 2, True),
        (2, 3, False),
        (1, 2, False),
    ]
    assert (page.group_count, page.conflict_count, page.has_next) == (3, 1, False)


def test_groups_come_page_by_page() -> None:
    run = NearDuplicateRunFactory()
    for number in range(1, GROUPS_A_PAGE + 2):
        _group(run, number)

    first, second = (near_duplicates.page(run, number=number) for number in (1, 2))

    assert (len(first.groups), first.has_next) == (GROUPS_A_PAGE, True)
    assert ([group.number for group in second.groups], second.has_next) == ([GROUPS_A_PAGE + 1], False)


def test_of_a_large_group_the_labelled_ones_are_shown_first() -> None:
    run = NearDuplicateRunFactory()
    _group(run, 1, count=MEMBERS_SHOWN + 3)
    labelled = LabelledExampleFactory(classifier=run.classifier)
    NearDuplicateFactory(run=run, example=labelled, group=1)

    [group] = near_duplicates.page(run).groups

    assert group.examples[0] == labelled
    assert (len(group.examples), group.hidden_count) == (MEMBERS_SHOWN, 4)


def test_of_a_large_conflict_every_label_is_shown() -> None:
    run = NearDuplicateRunFactory()
    one, other = (LabelFactory(classifier=run.classifier, number=number) for number in range(2))
    _group(run, 1, count=MEMBERS_SHOWN + 3, labels=[*[one] * (MEMBERS_SHOWN + 2), other])

    [group] = near_duplicates.page(run).groups

    assert [example.label for example in group.examples[:3]] == [one, other, one]


def test_keeping_one_deletes_the_others() -> None:
    run = NearDuplicateRunFactory()
    examples, bystander = _group(run, 1, count=3), _group(run, 2)

    deleted = near_duplicates.keep_one(run.pk, group=1, example_id=examples[1].pk)

    assert deleted == 2
    assert set(Example.objects.all()) == {examples[1], *bystander}
    assert _shown(run) == [2]


def test_keeping_one_that_is_not_in_the_group_deletes_nothing() -> None:
    run = NearDuplicateRunFactory()
    _group(run, 1)
    [stranger, _] = _group(run, 2)

    with pytest.raises(GroupGone, match="Nothing was deleted"):
        near_duplicates.keep_one(run.pk, group=1, example_id=stranger.pk)

    assert Example.objects.count() == 4


def test_keeping_all_is_remembered_with_who_said_so() -> None:
    run, person = NearDuplicateRunFactory(), UserFactory()
    examples = _group(run, 1)
    _group(run, 2)

    assert near_duplicates.keep_all(run.pk, group=1, by=person) == 2

    assert _shown(run) == [2]
    assert {(kept.example, kept.user) for kept in KeptApart.objects.all()} == {(each, person) for each in examples}


def test_keeping_all_twice_is_no_error() -> None:
    run = NearDuplicateRunFactory()
    _group(run, 1)
    near_duplicates.keep_all(run.pk, group=1)

    near_duplicates.keep_all(run.pk, group=1)

    assert KeptApart.objects.count() == 2


def test_a_kept_group_that_a_new_example_joins_is_shown_again() -> None:
    run = NearDuplicateRunFactory()
    _group(run, 1)
    near_duplicates.keep_all(run.pk, group=1)

    NearDuplicateFactory(run=run, group=1)

    assert _shown(run) == [1]


def test_two_kept_groups_that_become_one_are_shown_again() -> None:
    run = NearDuplicateRunFactory()
    _group(run, 1)
    _group(run, 2)
    for group in (1, 2):
        near_duplicates.keep_all(run.pk, group=group)

    NearDuplicate.objects.update(group=1)

    assert _shown(run) == [1]


def test_a_label_for_the_group_is_a_person_s_decision_on_each() -> None:
    run, person = NearDuplicateRunFactory(), UserFactory()
    one, other = (LabelFactory(classifier=run.classifier, number=number) for number in range(2))
    examples = _group(run, 1, count=3, labels=[one, other])

    assert near_duplicates.label_all(run.pk, group=1, label_id=other.pk, by=person) == 3

    assert set(Example.objects.values_list("label", "state")) == {(other.pk, "CONFIRMED")}
    decided = Decision.objects.filter(source=DecisionSource.PERSON, user=person)
    assert set(decided.values_list("example", flat=True)) == {example.pk for example in examples}
    assert not near_duplicates.page(run).groups[0].is_conflict


def test_another_classifier_s_label_is_refused() -> None:
    run = NearDuplicateRunFactory()
    _group(run, 1)

    with pytest.raises(ForeignLabel):
        near_duplicates.label_all(run.pk, group=1, label_id=LabelFactory().pk)

    assert not Decision.objects.exists()


@pytest.mark.parametrize("act", ["one", "all", "label"])
def test_a_group_that_was_settled_meanwhile_is_gone(act: str) -> None:
    run = NearDuplicateRunFactory()
    kept, gone = _group(run, 1)
    gone.delete()

    with pytest.raises(GroupGone):
        if act == "one":
            near_duplicates.keep_one(run.pk, group=1, example_id=kept.pk)
        elif act == "all":
            near_duplicates.keep_all(run.pk, group=1)
        else:
            near_duplicates.label_all(run.pk, group=1, label_id=LabelFactory(classifier=run.classifier).pk)

    assert Example.objects.get() == kept


def test_the_database_refuses_what_cannot_be() -> None:
    run = NearDuplicateRunFactory()
    member = NearDuplicateFactory(run=run)

    for make in (
        lambda: NearDuplicateRunFactory(threshold=0.5),
        lambda: NearDuplicateFactory(run=run, example=member.example, group=2),
        lambda: [NearDuplicateRunFactory(classifier=run.classifier, state=RunState.QUEUED) for _ in range(2)],
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            make()


def test_the_database_takes_thresholds_at_both_ends() -> None:
    for threshold in (0.9, 0.99):
        NearDuplicateRunFactory(threshold=threshold)

    assert NearDuplicateRun.objects.count() == 2
