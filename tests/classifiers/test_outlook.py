"""What is said before a training: shortages, what is left to settle, how long it takes, what helps most."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from classifiers.models import Classifier, ExampleState
from classifiers.services import estimates, outlook, shortages, steps
from classifiers.services.outlook import Kind, Outlook, Remark
from moderation.runs import RunState
from tests import encoders, staff
from tests.factories import (
    AnswerFactory,
    ClassifierFactory,
    DecisionFactory,
    DoneVersionFactory,
    EmbeddingFactory,
    EmbeddingRunFactory,
    ExampleFactory,
    HeldOutFactory,
    LabelFactory,
    LabelledExampleFactory,
    NearDuplicateFactory,
    NearDuplicateRunFactory,
)

pytestmark = pytest.mark.django_db


def _look(classifier: Classifier) -> Outlook:
    classifier.refresh_from_db()
    return outlook.give(classifier, labels=list(classifier.labels.all()), standing=steps.measure(classifier))


def _remark(ahead: Outlook, kind: Kind) -> Remark:
    [found] = [remark for remark in ahead.remarks if remark.kind == kind]
    return found


def _classifier(*counts: int) -> Classifier:
    classifier = ClassifierFactory()
    for number, count in enumerate(counts):
        label = LabelFactory(classifier=classifier, number=number, name="ABCDEFGH"[number])
        LabelledExampleFactory.create_batch(count, classifier=classifier, label=label)
    return classifier


def _short(*numbers: int) -> list[tuple[str, bool]]:
    classifier = ClassifierFactory()
    labels = [LabelFactory(classifier=classifier, number=n, name="ABCDEFGH"[n]) for n in range(len(numbers))]
    counts = {label.pk: count for label, count in zip(labels, numbers, strict=True) if count}
    return [(each.label.name, each.is_far) for each in shortages.find(labels, counts=counts)]


@pytest.mark.parametrize(
    ("counts", "short"),
    [
        ((20, 20), []),
        ((19, 30), [("A", False)]),
        ((9, 30), [("A", True)]),
        ((0, 30), [("A", True)]),
        # Of two labels a fifth of the mean is more than a tenth of the largest; a twentieth of that is far off.
        ((111, 1000), [("A", False)]),
        ((112, 1000), []),
        ((49, 1000), [("A", True)]),
        # More than a tenth of the largest.
        ((49, 300, 300, 300, 300), [("A", False)]),
        ((50, 300, 300, 300, 300), []),
        # Less than a tenth of the largest, though more than a fifth of the mean.
        ((99, 1000, *[100] * 6), [("A", False)]),
        ((100, 1000, *[100] * 6), []),
        # The rarest first; nothing labelled is no shortage of one label.
        ((5, 100, 3), [("C", True), ("A", True)]),
        ((0, 0), []),
        ((), []),
    ],
)
def test_labels_that_have_too_little_are_found(counts: tuple[int, ...], short: list[tuple[str, bool]]) -> None:
    assert _short(*counts) == short


def test_a_shortage_says_what_it_is_short_of() -> None:
    classifier = ClassifierFactory()
    labels = [LabelFactory(classifier=classifier, number=n, name=name) for n, name in enumerate(("A", "B", "C"))]

    few, rare = shortages.find(labels, counts={labels[0].pk: 1, labels[1].pk: 1200, labels[2].pk: 70})

    assert few.sentence == "“A” has 1 example; 20 are about the least from which it can be told apart."
    assert rare.sentence == "“C” has 70 examples, “B” 1,200: what is that rare is easily missed."


def test_with_nothing_there_the_first_problem_comes_first_and_no_time_is_promised() -> None:
    ahead = _look(ClassifierFactory())

    assert ahead.best == Remark(
        kind=Kind.PROBLEM,
        sentence="A classifier needs at least two labels.",
        action="Define labels",
        view="labels",
        count=2,
    )
    assert (ahead.duration, ahead.remarks, ahead.changed) == ("", (), None)


def test_where_texts_wait_labelling_them_is_the_way_out_of_a_problem() -> None:
    classifier = _classifier(3, 3)
    ExampleFactory.create_batch(2, classifier=classifier)

    best = _look(classifier).best

    assert best is not None
    assert best.sentence == "Training needs at least 20 labelled examples; there are 6. 2 texts wait for a label."
    assert best.view == "annotate"


def test_without_texts_adding_data_is_the_way_out() -> None:
    best = _look(_classifier(3, 3)).best

    assert best is not None
    assert (best.kind, best.view) == (Kind.PROBLEM, "data")


def test_a_label_far_short_comes_before_mistakes() -> None:
    classifier = _classifier(30, 4)
    _mistakes(classifier, 12)

    best = _look(classifier).best

    assert best is not None
    assert (best.kind, best.sentence.startswith("“B” has 4 examples")) == (Kind.SHORTAGE, True)


def _mistakes(classifier: Classifier, count: int) -> None:
    version = DoneVersionFactory(classifier=classifier, number=1)
    Classifier.objects.filter(pk=classifier.pk).update(live_version=version)
    for example in classifier.examples.filter(label__number=0)[:count]:
        HeldOutFactory(
            version=version, example=example, label_number=0, predicted_number=1, near_predicted=3, near_own=0
        )


def test_many_likely_mistakes_come_first_and_few_do_not() -> None:
    many, few = _classifier(30, 30), _classifier(30, 30)
    _mistakes(many, 12)
    _mistakes(few, 9)

    of_many, of_few = _look(many), _look(few)

    assert of_many.best == Remark(
        kind=Kind.MISTAKES, sentence="12 labels may be wrong.", action="Fix them", view="mistakes", count=12
    )
    assert _remark(of_few, Kind.MISTAKES).sentence == "9 labels may be wrong."


def _live(classifier: Classifier, **values: Any) -> None:
    version = staff.scored(classifier, number=1, example_count=60, **values)
    Classifier.objects.filter(pk=classifier.pk).update(live_version=version)


def test_what_the_live_version_s_scores_advise_comes_next() -> None:
    classifier = _classifier(30, 30)
    ExampleFactory.create_batch(7, classifier=classifier)
    _live(classifier)
    version = classifier.versions.get()
    version.scores |= {"gains": [{"number": 1, "more": 60, "gain": 0.04}]}
    version.save()

    best = _look(classifier).best

    assert best is not None
    assert (best.kind, best.view) == (Kind.ADVICE, "data")
    assert best.sentence == "About 60 more “B” would gain about 4 points."


def test_where_much_has_changed_since_training_again_comes_before_old_advice() -> None:
    classifier = _classifier(30, 30)
    _live(classifier, started_at=timezone.now() - dt.timedelta(minutes=1))
    label = classifier.labels.first()
    for example in classifier.examples.all()[:10]:
        DecisionFactory(example=example, label=label)

    best = _look(classifier).best

    assert best is not None
    assert best.sentence == "Train again: 10 changes since version 1 are still to be learnt from."
    assert (best.kind, best.action) == (Kind.CHANGES, "")


def test_texts_without_a_label_come_after_that() -> None:
    classifier = _classifier(30, 30)
    ExampleFactory.create_batch(7, classifier=classifier)

    best = _look(classifier).best

    assert best is not None
    assert (best.kind, best.sentence) == (Kind.UNLABELLED, "7 texts have no label yet and can't be learnt from.")


def test_where_nothing_is_left_nothing_is_asked_for() -> None:
    assert _look(_classifier(30, 30)).best is None


def test_texts_on_which_people_disagree_are_counted() -> None:
    classifier = _classifier(30, 30)
    example = classifier.examples.first()
    for label in classifier.labels.all():
        AnswerFactory(example=example, label=label)

    ahead = _look(classifier)

    remark = _remark(ahead, Kind.CONFLICTS)
    assert (remark.sentence, remark.view) == ("On 1 text people disagree.", "disagreements")
    assert ahead.best == remark


def test_where_people_agree_that_is_said() -> None:
    remark = _remark(_look(_classifier(30, 30)), Kind.CONFLICTS)

    assert (remark.is_fine, remark.sentence) == (True, "There is no text on which people disagree.")


def test_of_likely_mistakes_nothing_is_said_before_anything_could_know_them() -> None:
    assert Kind.MISTAKES not in {remark.kind for remark in _look(_classifier(30, 30)).remarks}


def test_that_nobody_has_looked_for_near_duplicates_is_said() -> None:
    remark = _remark(_look(_classifier(30, 30)), Kind.DUPLICATES)

    assert (remark.is_fine, remark.sentence) == (False, "Nobody has looked for near-duplicates yet.")


def _searched(classifier: Classifier, *, groups: int) -> None:
    run = NearDuplicateRunFactory(classifier=classifier, started_at=timezone.now())
    examples = iter(classifier.examples.all())
    for group in range(1, groups + 1):
        NearDuplicateFactory(run=run, group=group, example=next(examples))
        NearDuplicateFactory(run=run, group=group, example=next(examples))


def test_groups_of_near_duplicates_that_are_left_are_counted() -> None:
    classifier = _classifier(30, 30)
    _searched(classifier, groups=2)
    other = classifier.labels.get(number=0)
    classifier.examples.filter(pk=classifier.examples.first().pk).update(label=other)

    remark = _remark(_look(classifier), Kind.DUPLICATES)

    assert remark.sentence == "2 groups of near-duplicates are left, 1 of them with different labels."


def test_examples_that_came_since_the_last_search_are_counted() -> None:
    classifier = _classifier(30, 30)
    _searched(classifier, groups=0)
    before = _remark(_look(classifier), Kind.DUPLICATES)
    ExampleFactory.create_batch(2, classifier=classifier)
    ExampleFactory()

    after = _remark(_look(classifier), Kind.DUPLICATES)

    assert (before.is_fine, before.sentence) == (True, "No near-duplicates are left.")
    assert after.sentence == "No near-duplicates were left; 2 examples came since the last search."


def test_changes_since_the_live_version_are_counted_once_for_each_text() -> None:
    classifier = _classifier(30, 30)
    old, new, *_ = examples = list(classifier.examples.all())
    label = classifier.labels.first()
    DecisionFactory(example=old, label=label, created_at=timezone.now() - dt.timedelta(hours=2))
    began = timezone.now() - dt.timedelta(hours=1)
    version = DoneVersionFactory(classifier=classifier, number=1, started_at=began, example_count=60)
    for example in examples:
        HeldOutFactory(version=version, example=example)
    Classifier.objects.filter(pk=classifier.pk).update(live_version=version)
    assert _look(classifier).changed == 0

    for _ in range(2):
        DecisionFactory(example=new, label=label)
    DecisionFactory()
    old.delete()

    # One text has another label, one is gone; another classifier's is none of them.
    assert _look(classifier).changed == 2


def test_the_registry_asks_a_source_once() -> None:
    asked: list[int] = []

    def source(classifier: Classifier) -> list[Remark]:
        asked.append(classifier.pk)
        return [Remark(kind=Kind.CONFLICTS, sentence="Something is left.", action="Go", view="data", count=1)]

    outlook.register(source)
    outlook.register(source)
    try:
        ahead = _look(_classifier(30, 30))
    finally:
        outlook._sources.remove(source)

    assert len(asked) == 1
    assert "Something is left." in [remark.sentence for remark in ahead.remarks]


@pytest.fixture
def encoder(settings: Any, tmp_path: Any) -> None:
    encoders.use(settings, tmp_path)


def _seconds(classifier: Classifier, *, examples: int = 1000) -> float:
    return estimates.training_seconds(classifier, examples=examples, labels=2)


@pytest.mark.usefixtures("encoder")
def test_texts_that_are_still_to_be_read_take_time() -> None:
    classifier = _classifier(2, 0)
    alone = _seconds(classifier)
    for example in classifier.examples.all():
        EmbeddingFactory(example=example)

    assert alone - _seconds(classifier) == pytest.approx(2 * 0.002)


@pytest.mark.usefixtures("encoder")
def test_how_fast_this_machine_reads_is_learnt_from_its_last_reading() -> None:
    classifier = _classifier(10, 0)
    usual = _seconds(classifier)
    began = timezone.now()
    EmbeddingRunFactory(computed=1000, started_at=began, finished_at=began + dt.timedelta(seconds=10))

    assert _seconds(classifier) - usual == pytest.approx(10 * (0.010 - 0.002))


@pytest.mark.usefixtures("encoder")
@pytest.mark.parametrize(("took_s", "factor"), [(3.81, 1.0), (7.62, 2.0), (0.1, 0.5), (500, 4.0)])
def test_how_long_it_took_before_is_believed_within_limits(took_s: float, factor: float) -> None:
    classifier = _classifier()
    usual = _seconds(classifier)
    began = timezone.now()
    DoneVersionFactory(
        classifier=classifier,
        example_count=6,
        labels=[{"number": 0, "name": "A"}, {"number": 1, "name": "B"}],
        started_at=began,
        finished_at=began + dt.timedelta(seconds=took_s),
    )

    assert _seconds(classifier) == pytest.approx(factor * usual, rel=0.01)


@pytest.mark.usefixtures("encoder")
@pytest.mark.parametrize(
    ("examples", "labels", "took_s"), [(128, 2, 4), (4_067, 2, 8), (3_016, 2, 6), (2_308, 5, 10), (10_000, 77, 25)]
)
def test_the_estimate_is_near_what_was_measured(examples: int, labels: int, took_s: float) -> None:
    seconds = estimates.training_seconds(_classifier(), examples=examples, labels=labels)

    assert seconds == pytest.approx(took_s, rel=0.2)


@pytest.mark.usefixtures("encoder")
@pytest.mark.parametrize(("examples", "least_s", "most_s"), [(300, 60, 80), (3_000, 200, 280), (100_000, 200, 280)])
def test_the_deep_tier_takes_more_for_more_examples_up_to_a_limit(examples: int, least_s: float, most_s: float) -> None:
    classifier = _classifier()
    usual = _seconds(classifier, examples=examples)
    classifier.tries_deep = True

    assert least_s < _seconds(classifier, examples=examples) - usual < most_s


def test_without_an_encoder_there_is_an_estimate_all_the_same(settings: Any, tmp_path: Any) -> None:
    settings.ENCODERS_DIR = tmp_path / "none"

    assert _seconds(_classifier(), examples=1000) > 2


@pytest.mark.usefixtures("encoder")
def test_what_is_set_aside_or_failed_is_not_learnt_from() -> None:
    classifier = _classifier(30, 30)
    classifier.examples.filter(label__number=0).update(is_golden=True)
    DoneVersionFactory(classifier=classifier, state=RunState.FAILED)

    ahead = _look(classifier)

    assert [each.label.number for each in ahead.shortages] == [0]
    assert ahead.shortages[0].count == 0


def test_the_page_says_it_all() -> None:
    classifier = _classifier(30, 6)
    LabelledExampleFactory(classifier=classifier, label=classifier.labels.first(), state=ExampleState.SUGGESTED)
    _mistakes(classifier, 2)

    page = staff.said(staff.login().get(staff.page(classifier, "train")))

    assert "What would help most" in page
    assert "“B” has 6 examples; 20 are about the least" in page
    assert "2 labels may be wrong." in page
    assert "Nobody has looked for near-duplicates yet." in page
    assert staff.page(classifier, "mistakes") in page
    assert '<span class="hr-strong">a few seconds</span>' in page
