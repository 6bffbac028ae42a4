"""The golden set: what is proposed for it, what can be set aside, and what counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from classifiers import tasks
from classifiers.models import Classifier, DecisionSource, Example, ExampleState, Label
from classifiers.services import copying, decisions, examples, golden, training_sets, undoing
from classifiers.services.copying import Taken, Wish
from classifiers.services.golden import BadWish, Proposal
from tests.factories import (
    ClassifierFactory,
    ExampleFactory,
    LabelFactory,
    LabelledExampleFactory,
    NearDuplicateFactory,
    NearDuplicateRunFactory,
)

pytestmark = pytest.mark.django_db


def _labels(*counts: int) -> list[Label]:
    """Return the labels of a new classifier, each with as many confirmed examples."""
    classifier = ClassifierFactory()
    labels = [LabelFactory(classifier=classifier, number=number) for number in range(len(counts))]
    for label, count in zip(labels, counts, strict=True):
        LabelledExampleFactory.create_batch(count, classifier=classifier, label=label)
    return labels


def _propose(classifier: Classifier, *, per_label: int = 20, seed: int = 0) -> Proposal:
    return golden.propose(classifier.pk, per_label=per_label, rng=np.random.default_rng(seed))


def _confirmed(label: Label, **values: Any) -> Example:
    """Return an example that got its label by a person's decision."""
    example = ExampleFactory(classifier=label.classifier, **values)
    return decisions.decide(example.pk, label_id=label.pk, source=DecisionSource.PERSON)


def _is_golden(example: Example) -> bool:
    return golden.marked(example.classifier_id).filter(pk=example.pk).exists()


@pytest.mark.parametrize(("there", "given"), [(4, None), (5, 1), (9, 1), (10, 2), (14, 2), (15, 3), (16, 3), (40, 3)])
def test_a_label_gives_a_fifth_of_its_examples_and_no_more_than_wanted(there: int, given: int | None) -> None:
    [label] = _labels(there)

    proposal = _propose(label.classifier, per_label=3)

    assert (proposal.given, len(proposal.ids)) == ({label.pk: given} if given else {}, given or 0)


def test_a_proposal_is_balanced_whatever_the_labels_have() -> None:
    common, rare = _labels(40, 15)

    proposal = _propose(common.classifier, per_label=3)

    assert proposal.given == {common.pk: 3, rare.pk: 3}
    assert Example.objects.filter(pk__in=proposal.ids, label=rare).count() == 3


def test_a_proposal_fills_up_what_is_there() -> None:
    [label] = _labels(50)
    ids = list(Example.objects.values_list("pk", flat=True)[:7])
    golden.set_aside(label.classifier_id, ids=ids)

    proposal = _propose(label.classifier, per_label=9)

    assert proposal.given == {label.pk: 2}
    assert not set(proposal.ids) & set(ids)


def test_a_label_with_more_than_is_wanted_gives_none_and_takes_none_back() -> None:
    [label] = _labels(50)
    golden.set_aside(label.classifier_id, ids=list(Example.objects.values_list("pk", flat=True)[:7]))

    assert _propose(label.classifier, per_label=5).ids == ()


def test_the_same_seed_draws_the_same_and_another_one_others() -> None:
    [label] = _labels(100)

    first, again, other = (_propose(label.classifier, seed=seed).ids for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_only_confirmed_examples_of_this_classifier_are_proposed() -> None:
    [label] = _labels(10)
    LabelledExampleFactory.create_batch(10, classifier=label.classifier, label=label, state=ExampleState.SUGGESTED)
    ExampleFactory.create_batch(10, classifier=label.classifier)
    _labels(20)

    proposal = _propose(label.classifier)

    assert proposal.given == {label.pk: 2}
    assert set(Example.objects.filter(pk__in=proposal.ids).values_list("state", "classifier")) == {
        (ExampleState.CONFIRMED, label.classifier_id)
    }


def test_a_text_with_near_duplicates_is_not_proposed_unless_it_is_the_last_of_them() -> None:
    [label] = _labels(6)
    alone, *grouped, left = Example.objects.order_by("pk")
    run = NearDuplicateRunFactory(classifier=label.classifier)
    for example in grouped:
        NearDuplicateFactory(run=run, example=example, group=1)
    NearDuplicateFactory(run=run, example=left, group=2)

    drawn = {pk for seed in range(20) for pk in _propose(label.classifier, seed=seed).ids}

    assert drawn == {alone.pk, left.pk}
    assert _propose(label.classifier).left_out == 4


def test_where_all_have_near_duplicates_nothing_is_proposed() -> None:
    [label] = _labels(5)
    run = NearDuplicateRunFactory(classifier=label.classifier)
    for example in Example.objects.all():
        NearDuplicateFactory(run=run, example=example)

    assert _propose(label.classifier) == Proposal(ids=(), given={}, left_out=5)


@pytest.mark.parametrize("per_label", [-1, 0, golden.MOST_PER_LABEL + 1])
def test_a_number_that_makes_no_sense_is_refused(per_label: int) -> None:
    with pytest.raises(BadWish, match="from 1 to 200"):
        _propose(ClassifierFactory(), per_label=per_label)


def test_only_own_examples_with_a_confirmed_label_can_be_set_aside() -> None:
    [label] = _labels(2)
    suggested = LabelledExampleFactory(classifier=label.classifier, label=label, state=ExampleState.SUGGESTED)
    unlabelled, foreign = ExampleFactory(classifier=label.classifier), LabelledExampleFactory()
    confirmed = list(Example.objects.filter(label=label, state=ExampleState.CONFIRMED).values_list("pk", flat=True))

    changed = golden.set_aside(label.classifier_id, ids=[*confirmed, suggested.pk, unlabelled.pk, foreign.pk, 999_999])

    assert changed == 2
    assert set(Example.objects.filter(is_golden=True).values_list("pk", flat=True)) == set(confirmed)


def test_setting_aside_or_giving_back_twice_changes_nothing_more() -> None:
    [label] = _labels(3)
    ids = list(Example.objects.values_list("pk", flat=True))

    aside = [golden.set_aside(label.classifier_id, ids=ids) for _ in range(2)]
    back = [golden.give_back(label.classifier_id, ids=ids[:2]) for _ in range(2)]

    assert (aside, back, golden.count_by_label(label.classifier_id)) == ([3, 0], [2, 0], {label.pk: 1})


def test_all_can_be_given_back_and_only_those_of_this_classifier() -> None:
    [label], [other] = _labels(3), _labels(1)
    for each in (label, other):
        golden.set_aside(each.classifier_id, ids=list(Example.objects.values_list("pk", flat=True)))

    assert golden.give_all_back(label.classifier_id) == 3
    assert golden.count_by_label(other.classifier_id) == {other.pk: 1}


def test_more_than_one_chunk_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "_CHUNK", 2)
    [label] = _labels(5)

    assert golden.set_aside(label.classifier_id, ids=list(Example.objects.values_list("pk", flat=True))) == 5


def test_an_example_whose_label_is_undone_does_not_count_and_is_not_learnt_from() -> None:
    [label] = _labels(1)
    example = _confirmed(label)
    golden.set_aside(label.classifier_id, ids=[example.pk])

    undoing.undo_last(example.pk, now=timezone.now())
    decisions.decide(example.pk, label_id=label.pk, source=DecisionSource.LLM, confidence=1.0)

    assert golden.count_by_label(label.classifier_id) == {}
    assert training_sets.take_golden(label.classifier_id) is None
    assert example.pk not in training_sets.take(label.classifier_id)[0].example_ids


def test_an_example_that_is_labelled_again_counts_with_its_new_label() -> None:
    label, other = _labels(0, 0)
    example = _confirmed(label)
    golden.set_aside(label.classifier_id, ids=[example.pk])

    decisions.decide(example.pk, label_id=other.pk, source=DecisionSource.PERSON)

    assert golden.count_by_label(label.classifier_id) == {other.pk: 1}


def test_a_corrected_text_is_measured_on_as_it_is_now() -> None:
    [label] = _labels(0)
    example = _confirmed(label)
    golden.set_aside(label.classifier_id, ids=[example.pk])

    examples.change_text(example.pk, text="put another way")

    taken = training_sets.take_golden(label.classifier_id)
    assert taken is not None
    assert list(taken[1].values()) == ["put another way"]


def test_the_list_shows_first_what_does_not_count_and_then_goes_by_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "PAGE", 3)
    first, second = _labels(0, 0)
    marked = [
        LabelledExampleFactory(classifier=first.classifier, label=second, is_golden=True),
        LabelledExampleFactory(classifier=first.classifier, label=first, is_golden=True),
        LabelledExampleFactory(classifier=first.classifier, label=first, state=ExampleState.SUGGESTED, is_golden=True),
        ExampleFactory(classifier=first.classifier, is_golden=True),
    ]

    pages = [golden.page(first.classifier_id, number=number) for number in (1, 2)]

    assert [list(page.examples) for page in pages] == [[marked[3], marked[2], marked[1]], [marked[0]]]
    assert [page.has_next for page in pages] == [True, False]


def test_a_copy_of_the_classifier_keeps_what_is_set_aside() -> None:
    [label] = _labels(2)
    example = _confirmed(label, text="golden")
    golden.set_aside(label.classifier_id, ids=[example.pk])
    lost = _confirmed(label)
    golden.set_aside(label.classifier_id, ids=[lost.pk])
    decisions.decide(lost.pk, label_id=None, source=DecisionSource.PERSON)

    copy = copying.start(label.classifier_id, wish=Wish(name="Copy", taken=Taken.ALL))
    tasks.copy_examples(copy.run.pk)

    assert [each.text for each in golden.marked(copy.classifier.pk)] == ["golden"]
    assert _is_golden(example)
