"""The home of the step: two doors, and how far each has come."""

from __future__ import annotations

from typing import Any

import pytest

from annotation.models import AnnotationSetting
from classifiers.models import Classifier
from moderation.runs import RunState
from tests import staff
from tests.factories import (
    AnnotationFactory,
    AnnotationRunFactory,
    ClassifierFactory,
    ExampleFactory,
    LabelFactory,
    LabelledExampleFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

_VIEW = "classifiers.view_classifier"


@pytest.fixture
def classifier() -> Classifier:
    made: Classifier = ClassifierFactory()
    LabelFactory(classifier=made, number=0, name="Fine")
    LabelFactory(classifier=made, number=1, name="Spam")
    ExampleFactory.create_batch(3, classifier=made)
    return made


@pytest.fixture
def llm(settings: Any) -> None:
    settings.OPENAI_API_KEY = "k"
    settings.OPENAI_MODEL = "some-model"


def _home(classifier: Classifier, *permissions: str) -> str:
    return staff.said(staff.login(*permissions).get(staff.page(classifier, "annotate")))


def test_counts_show_what_people_confirmed_and_what_a_machine_suggested(classifier: Classifier) -> None:
    label = classifier.labels.get(number=1)
    LabelledExampleFactory.create_batch(2, classifier=classifier, label=label)
    LabelledExampleFactory(classifier=classifier, label=label, state="SUGGESTED", confidence=0.7)

    shown = " ".join(_home(classifier).split())

    assert '<dt>confirmed by people</dt><dd class="hr-good">2</dd>' in shown
    assert "<dt>suggested by a machine</dt><dd>1</dd>" in shown
    assert '<dt>without a label</dt><dd class="hr-quiet">3</dd>' in shown


def test_without_a_key_the_offline_annotator_labels_and_the_page_says_how_to_change_that(
    classifier: Classifier,
) -> None:
    shown = _home(classifier)

    assert "The offline annotator" in shown
    assert "No text leaves the house." in shown
    assert "OPENAI_API_KEY" in shown


def test_a_language_model_is_named_with_the_place_to_which_texts_are_sent(
    classifier: Classifier, llm: None, settings: Any
) -> None:
    settings.OPENAI_BASE_URL = "https://user:secret@models.example:8443/v1"

    shown = _home(classifier)

    assert "some-model" in shown
    assert "models.example:8443" in shown
    assert "secret" not in shown


def test_the_allowance_that_is_left_is_shown_with_the_day_on_which_it_starts_anew(
    classifier: Classifier, llm: None
) -> None:
    AnnotationSetting.objects.create(classifier=classifier, monthly_limit=190)

    shown = _home(classifier)

    assert '<strong class="hr-strong">190</strong> calls left this month.' in shown
    assert "It starts anew on 1 " in shown


def test_trust_is_told_from_texts_that_people_have_labelled_too(classifier: Classifier, llm: None) -> None:
    fine, spam = classifier.labels.order_by("number")
    run = AnnotationRunFactory(classifier=classifier, model="some-model", state=RunState.SUCCEEDED)
    for label in (fine, fine, spam):
        example = LabelledExampleFactory(classifier=classifier, label=fine)
        AnnotationFactory(run=run, example=example, label=label)

    shown = _home(classifier)

    assert "It agreed with people on 2 of 3 texts (66 %)." in shown
    assert "too few to rely on" in shown


def test_before_anything_is_known_it_says_so(classifier: Classifier, llm: None) -> None:
    assert "How far it can be trusted isn&#x27;t known yet" in _home(classifier)


def test_a_run_under_way_shows_its_bar_and_can_be_stopped(classifier: Classifier) -> None:
    run = AnnotationRunFactory(classifier=classifier, state=RunState.RUNNING, progress=0.4, step="4 of 10 texts")

    shown = _home(classifier)

    assert staff.page(classifier, "annotation_progress", run_id=run.pk) in shown
    assert 'form="hr-pause"' in shown
    assert 'form="hr-cancel"' in shown


def test_the_last_runs_are_listed(classifier: Classifier) -> None:
    runs = AnnotationRunFactory.create_batch(6, classifier=classifier, state=RunState.SUCCEEDED)

    shown = _home(classifier)

    assert staff.page(classifier, "annotation_run", run_id=runs[-1].pk) in shown
    assert staff.page(classifier, "annotation_run", run_id=runs[0].pk) not in shown


def test_the_door_for_people_leads_to_each_queue(classifier: Classifier) -> None:
    shown = _home(classifier)

    assert f"{staff.page(classifier, 'annotate_texts')}?queue=CONFIRM" in shown
    assert staff.page(classifier, "mistakes") in shown
    assert staff.page(classifier, "disagreements") in shown


def test_who_may_only_look_is_offered_no_run(classifier: Classifier) -> None:
    shown = _home(classifier, _VIEW)

    assert "Try it on" not in shown
    assert "Look at the texts" in shown


def test_without_texts_the_page_leads_to_the_data() -> None:
    classifier = ClassifierFactory()

    assert "There are no texts yet." in _home(classifier)


def test_the_page_takes_as_many_queries_for_many_texts_as_for_few(
    classifier: Classifier, django_assert_max_num_queries: Any
) -> None:
    ExampleFactory.create_batch(60, classifier=classifier)
    AnnotationRunFactory.create_batch(6, classifier=classifier, state=RunState.SUCCEEDED)
    client = staff.login()
    client.get(staff.page(classifier, "annotate"))

    with django_assert_max_num_queries(50):
        client.get(staff.page(classifier, "annotate"))
