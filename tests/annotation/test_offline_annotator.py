"""The offline annotator at work: texts in, labels out, on this machine alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annotation import asking
from annotation.asking import Answer, AskingFailed, LabelRule, Question
from annotation.models import AnnotationRun, Annotator, Pick
from annotation.services import offline_annotator
from annotation.services.offline_annotator import OfflineAnnotator
from classifiers.models import Classifier, Embedding, Guidelines, Label
from classifiers.services import guidelines
from moderation import runs
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory, LabelledExampleFactory

_NOW = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

FINE = "An ordinary message between people who know each other."
SPAM = "Advertising, prizes and paid services. Call, text or pay now."
QUESTIONS = [
    Question(7, "Shall we have lunch together on Friday?"),
    Question(8, "You have won a prize! Call this number now to claim your money."),
]


@pytest.fixture
def classifier(encoder_folder: Path) -> Classifier:
    made: Classifier = ClassifierFactory()
    LabelFactory(classifier=made, number=0, name="Personal", description=FINE)
    LabelFactory(classifier=made, number=3, name="Spam", description=SPAM)
    return made


@pytest.fixture
def annotator(classifier: Classifier) -> Iterator[OfflineAnnotator]:
    opened = _open(classifier)
    yield opened
    opened.close()


def _rules(classifier: Classifier) -> list[LabelRule]:
    return [LabelRule(label.number, label.name, label.description) for label in classifier.labels.all()]


def _open(classifier: Classifier) -> OfflineAnnotator:
    wording: Guidelines = guidelines.record(classifier.pk)
    run = AnnotationRun.objects.create(
        classifier=classifier, guidelines=wording, annotator=Annotator.OFFLINE, pick=Pick.FIRST
    )
    claim = runs.claim(AnnotationRun, run.pk)
    assert claim is not None
    return OfflineAnnotator(claim, classifier_id=classifier.pk, labels=_rules(classifier))


def _said(annotator: OfflineAnnotator, questions: list[Question]) -> dict[int, Any]:
    replies = [reply for batch in annotator.ask(questions) for reply in batch]
    assert all((reply.calls, reply.prompt_tokens, reply.completion_tokens) == (0, 0, 0) for reply in replies)
    return {reply.question_id: reply.said for reply in replies}


def _confirm(classifier: Classifier, texts: list[str], *, number: int) -> None:
    label = Label.objects.get(classifier=classifier, number=number)
    for text in texts:
        LabelledExampleFactory(classifier=classifier, label=label, text=text)


def test_it_is_an_asker(annotator: OfflineAnnotator) -> None:
    asker: asking.Asker = annotator

    assert callable(asker.ask)


def test_without_any_confirmed_example_the_descriptions_decide(annotator: OfflineAnnotator) -> None:
    said = _said(annotator, QUESTIONS)

    assert [said[7].label_number, said[8].label_number] == [0, 3]
    assert said[8].reason == "Closest to the description of “Spam”. Next “Personal”."
    assert 0.5 < said[8].confidence <= 1.0


def test_confirmed_examples_are_learnt_from(classifier: Classifier, annotator: OfflineAnnotator) -> None:
    # The people of this house take lunch for spam, whatever the descriptions say.
    _confirm(classifier, [f"Shall we have lunch on day {day}?" for day in range(12)], number=3)
    _confirm(classifier, [f"The train to town {town} is late again." for town in range(12)], number=0)

    said = _said(annotator, QUESTIONS)

    assert said[7].label_number == 3
    assert said[7].reason == "Of the 10 confirmed examples most like it, 10 are “Spam”. Next “Personal”."


def test_it_does_not_tell_an_example_the_label_that_people_gave_it(
    classifier: Classifier, annotator: OfflineAnnotator
) -> None:
    _confirm(classifier, [f"Win a prize, number {n}, call now!" for n in range(10)], number=3)
    _confirm(classifier, [f"See you at {n} then, dear." for n in range(10)], number=0)
    _confirm(classifier, ["Win a prize, number 99, call now!"], number=0)

    said = _said(annotator, [Question(1, "Win a prize, number 99, call now!")])

    assert said[1].label_number == 3


def test_suggestions_and_other_classifiers_are_not_learnt_from(
    classifier: Classifier, annotator: OfflineAnnotator
) -> None:
    spam = Label.objects.get(number=3)
    for day in range(12):
        text = f"Shall we have lunch on day {day}?"
        LabelledExampleFactory(classifier=classifier, label=spam, text=text, state="SUGGESTED")
        LabelledExampleFactory(text=text)

    assert _said(annotator, QUESTIONS)[7].label_number == 0


def test_features_are_stored_for_the_next_time(classifier: Classifier, annotator: OfflineAnnotator) -> None:
    _said(annotator, QUESTIONS)
    stored = Embedding.objects.count()

    again = _said(annotator, QUESTIONS)

    assert (stored, Embedding.objects.count()) == (2, 2)
    assert isinstance(again[7], Answer)


def test_two_questions_with_one_text_are_both_answered(annotator: OfflineAnnotator) -> None:
    said = _said(annotator, [Question(1, "Hello there"), Question(2, "Hello  there")])

    assert said[1] == said[2]


def test_once_stopped_it_reads_nothing_more(annotator: OfflineAnnotator) -> None:
    annotator.stop()

    assert _said(annotator, QUESTIONS) == {}


def test_progress_of_the_run_is_not_touched(classifier: Classifier, annotator: OfflineAnnotator) -> None:
    AnnotationRun.objects.update(progress=0.4)

    _said(annotator, QUESTIONS)

    assert AnnotationRun.objects.get().progress == 0.4


def test_a_missing_encoder_is_told_in_a_sentence(annotator: OfflineAnnotator, settings: Any, tmp_path: Path) -> None:
    settings.ENCODERS_DIR = tmp_path

    with pytest.raises(AskingFailed, match="prepare_encoder"):
        _said(annotator, QUESTIONS)


def test_closing_removes_its_files(classifier: Classifier, settings: Any) -> None:
    annotator = _open(classifier)
    _said(annotator, QUESTIONS)
    before = list(settings.WORK_DIR.iterdir())

    annotator.close()

    assert (len(before), list(settings.WORK_DIR.iterdir())) == (1, [])


def test_agreement_is_measured_on_confirmed_examples_whose_features_are_stored(
    classifier: Classifier, annotator: OfflineAnnotator
) -> None:
    _confirm(classifier, [f"Win a prize, number {n}, call now!" for n in range(10)], number=3)
    _confirm(classifier, [f"See you at {n} then, dear." for n in range(10)], number=0)
    ExampleFactory(classifier=classifier)
    before = offline_annotator.measure(classifier, labels=_rules(classifier), now=_NOW)
    _said(annotator, QUESTIONS)

    after = offline_annotator.measure(classifier, labels=_rules(classifier), now=_NOW + dt.timedelta(minutes=1))

    assert (before.agreed, before.total) == (0, 0)
    assert (after.agreed, after.total) == (20, 20)


def test_a_new_wording_is_measured_anew(classifier: Classifier, annotator: OfflineAnnotator) -> None:
    _confirm(classifier, ["Win a prize, call now!"], number=3)
    _said(annotator, QUESTIONS)
    good = offline_annotator.measure(classifier, labels=_rules(classifier), now=_NOW)

    swapped = [LabelRule(0, "Personal", SPAM), LabelRule(3, "Spam", FINE)]
    bad = offline_annotator.measure(classifier, labels=swapped, now=_NOW)

    assert (good.agreed, bad.agreed) == (1, 0)


def test_nothing_can_be_measured_without_an_encoder(classifier: Classifier, settings: Any, tmp_path: Path) -> None:
    _confirm(classifier, ["Win a prize, call now!"], number=3)
    settings.ENCODERS_DIR = tmp_path

    assert offline_annotator.measure(classifier, labels=_rules(classifier), now=_NOW).total == 0
