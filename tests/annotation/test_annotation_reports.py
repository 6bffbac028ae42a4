"""How a machine did: against people, label by label, and against its own earlier run."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from annotation.models import Annotation, AnnotationRun
from annotation.services import annotation_reports
from classifiers.models import Classifier, ExampleState, Label
from tests.factories import (
    AnnotationFactory,
    AnnotationRunFactory,
    ClassifierFactory,
    ExampleFactory,
    LabelFactory,
    LabelledExampleFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def classifier() -> Classifier:
    found: Classifier = ClassifierFactory()
    for number, name in enumerate(("Fine", "Spam", "Praise")):
        LabelFactory(classifier=found, number=number, name=name)
    return found


def _label(classifier: Classifier, name: str) -> Label:
    return classifier.labels.get(name=name)


def _compare(run: AnnotationRun, *, given: str, confirmed: str, times: int = 1) -> None:
    for _ in range(times):
        example = LabelledExampleFactory(classifier=run.classifier, label=_label(run.classifier, confirmed))
        AnnotationFactory(run=run, example=example, label=_label(run.classifier, given))


def test_agreement_counts_each_label_s_part(classifier: Classifier) -> None:
    run = AnnotationRunFactory(classifier=classifier)
    _compare(run, given="Spam", confirmed="Spam", times=3)
    _compare(run, given="Spam", confirmed="Fine")
    _compare(run, given="Fine", confirmed="Fine", times=4)
    _compare(run, given="Fine", confirmed="Spam", times=2)

    report = annotation_reports.agreement(run)

    fine, spam, praise = report.labels
    assert (report.compared, report.agreed) == (10, 7)
    assert (spam.given, spam.confirmed, spam.both) == (4, 5, 3)
    assert (spam.precision, spam.recall) == (0.75, 0.6)
    assert (fine.precision, fine.recall) == (pytest.approx(4 / 6), 0.8)
    assert (praise.precision, praise.recall) == (None, None)
    # By hand: observed .7, by chance .6 * .5 + .4 * .5 = .5.
    assert report.kappa == pytest.approx(0.4)


def test_only_what_people_confirmed_is_compared(classifier: Classifier) -> None:
    run = AnnotationRunFactory(classifier=classifier)
    spam = _label(classifier, "Spam")
    suggested = LabelledExampleFactory(classifier=classifier, label=spam, state=ExampleState.SUGGESTED)
    AnnotationFactory(run=run, example=suggested, label=spam)
    AnnotationFactory(run=run, label=spam)
    AnnotationFactory(run=run, state="REFUSED", problem="The model refused.")
    _compare(AnnotationRunFactory(classifier=classifier, state="SUCCEEDED"), given="Spam", confirmed="Spam")

    report = annotation_reports.agreement(run)

    assert (report.compared, report.agreed, report.kappa) == (0, 0, None)


def test_a_text_that_was_written_over_since_isn_t_compared(classifier: Classifier) -> None:
    run = AnnotationRunFactory(classifier=classifier)
    _compare(run, given="Spam", confirmed="Fine")
    Annotation.objects.update(text_key="0" * 64)

    assert annotation_reports.agreement(run).compared == 0


def test_agreement_takes_few_questions_however_many_texts(
    classifier: Classifier, django_assert_max_num_queries: Any
) -> None:
    run = AnnotationRunFactory(classifier=classifier)
    _compare(run, given="Spam", confirmed="Fine", times=30)

    with django_assert_max_num_queries(2):
        annotation_reports.agreement(run)


def _again(first: AnnotationRun) -> AnnotationRun:
    return AnnotationRunFactory(classifier=first.classifier, repeats=first, pick="AGAIN")


def _first(classifier: Classifier) -> AnnotationRun:
    return AnnotationRunFactory(classifier=classifier, state="SUCCEEDED")


def test_flips_are_the_texts_that_got_another_label_with_both_reasons(classifier: Classifier) -> None:
    first = _first(classifier)
    second = _again(first)
    fine, spam = _label(classifier, "Fine"), _label(classifier, "Spam")
    same, flipped = ExampleFactory.create_batch(2, classifier=classifier)
    AnnotationFactory(run=first, example=same, label=fine)
    AnnotationFactory(run=second, example=same, label=fine)
    AnnotationFactory(run=first, example=flipped, label=fine, reason="It sounds nice.")
    AnnotationFactory(run=second, example=flipped, label=spam, reason="It links to a shop.")

    [flip] = annotation_reports.flips(second)

    assert (flip.example, flip.before.label, flip.after.label) == (flipped, fine, spam)
    assert (flip.before.reason, flip.after.reason) == ("It sounds nice.", "It links to a shop.")


@pytest.mark.parametrize("is_refused_first", [True, False])
def test_a_text_that_only_one_of_the_runs_labelled_flipped_too(classifier: Classifier, is_refused_first: bool) -> None:
    first = _first(classifier)
    second = _again(first)
    example = ExampleFactory(classifier=classifier)
    refusing, labelling = (first, second) if is_refused_first else (second, first)
    AnnotationFactory(run=refusing, example=example, state="REFUSED", problem="The model refused.")
    AnnotationFactory(run=labelling, example=example, label=_label(classifier, "Spam"))

    assert len(annotation_reports.flips(second)) == 1


def test_what_waits_or_was_written_over_is_no_flip(classifier: Classifier) -> None:
    first = _first(classifier)
    second = _again(first)
    fine, spam = _label(classifier, "Fine"), _label(classifier, "Spam")
    waiting, changed, new = ExampleFactory.create_batch(3, classifier=classifier)
    AnnotationFactory(run=first, example=waiting, label=fine)
    AnnotationFactory(run=second, example=waiting)
    AnnotationFactory(run=first, example=changed, label=fine, text_key="0" * 64)
    AnnotationFactory(run=second, example=changed, label=spam)
    AnnotationFactory(run=second, example=new, label=spam)

    assert annotation_reports.flips(second) == []


def test_a_run_that_repeats_none_has_no_flips(classifier: Classifier) -> None:
    assert annotation_reports.flips(_first(classifier)) == []


def test_trust_follows_the_latest_word_of_the_annotator_in_use(classifier: Classifier, settings: Any) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_MODEL = "some-key", "some-model"
    old, new = _first(classifier), _first(classifier)
    other = AnnotationRunFactory(classifier=classifier, state="SUCCEEDED", model="other-model")
    _compare(old, given="Spam", confirmed="Fine")
    example = Annotation.objects.get().example
    AnnotationFactory(run=new, example=example, label=_label(classifier, "Fine"))
    _compare(new, given="Fine", confirmed="Spam")
    _compare(other, given="Fine", confirmed="Spam", times=5)

    trust = annotation_reports.trust(classifier, now=timezone.now())

    assert trust is not None
    assert (trust.model, trust.agreed, trust.compared, trust.share) == ("some-model", 1, 2, 0.5)
    assert not trust.is_estimate


def test_nothing_compared_is_no_trust(classifier: Classifier, settings: Any) -> None:
    settings.OPENAI_API_KEY = "some-key"

    assert annotation_reports.trust(classifier, now=timezone.now()) is None


def test_the_offline_annotator_without_confirmed_examples_has_no_trust(classifier: Classifier) -> None:
    assert annotation_reports.trust(classifier, now=timezone.now()) is None
