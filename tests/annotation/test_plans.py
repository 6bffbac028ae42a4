"""What a run would take, told before anything is spent."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from annotation.models import AnnotationRun, AnnotationSetting, Annotator, Pick
from annotation.services import plans
from annotation.services.plans import Plan
from classifiers.models import Classifier
from moderation.runs import RunState
from tests.factories import (
    AnnotationFactory,
    AnnotationRunFactory,
    ClassifierFactory,
    ExampleFactory,
    LabelFactory,
    LabelledExampleFactory,
    NearDuplicateFactory,
    NearDuplicateRunFactory,
)

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 10, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _language_model(settings: Any) -> None:
    settings.OPENAI_API_KEY = "some-key"
    settings.OPENAI_MODEL = "some-model"
    settings.LLM_PRICES = {"some-model": (Decimal(1), Decimal(2))}


def _classifier(*, texts: int = 0) -> Classifier:
    classifier = ClassifierFactory()
    for number, name in enumerate(("Fine", "Spam")):
        LabelFactory(classifier=classifier, number=number, name=name)
    ExampleFactory.create_batch(texts, classifier=classifier)
    return classifier


def _plan(
    classifier: Classifier, *, pick: Pick = Pick.FIRST, wanted: int = 10, repeats: AnnotationRun | None = None
) -> Plan:
    return plans.make(classifier, pick=pick, wanted=wanted, repeats=repeats, now=NOW)


def test_a_plan_counts_texts_calls_tokens_and_cost() -> None:
    plan = _plan(_classifier(texts=12))

    assert (plan.annotator, plan.model) == (Annotator.LLM, "some-model")
    assert (plan.text_count, plan.call_count, plan.shared_count) == (10, 10, 0)
    assert 10 * 100 < plan.prompt_tokens < 10 * 1_000
    assert plan.cost == (Decimal(plan.prompt_tokens) + 2 * plan.completion_tokens) / 1_000_000
    assert plan.seconds > 0
    assert (plan.allowance_left, plan.problems) == (None, ())


def test_labelled_texts_aren_t_annotated() -> None:
    classifier = _classifier(texts=3)
    LabelledExampleFactory(classifier=classifier, label=classifier.labels.first())

    assert _plan(classifier, pick=Pick.ALL).text_count == 3


def test_the_texts_of_others_aren_t_annotated() -> None:
    classifier = _classifier(texts=1)
    ExampleFactory.create_batch(3)

    assert _plan(classifier, pick=Pick.ALL).text_count == 1


def test_near_duplicates_are_asked_once() -> None:
    classifier = _classifier(texts=5)
    examples = list(classifier.examples.order_by("pk"))
    search = NearDuplicateRunFactory(classifier=classifier)
    for example in examples[1:4]:
        NearDuplicateFactory(run=search, example=example, group=1)

    plan = _plan(classifier, pick=Pick.ALL)

    assert (plan.text_count, plan.shared_count, plan.call_count) == (5, 2, 3)


def test_a_model_without_a_price_has_no_cost(settings: Any) -> None:
    settings.LLM_PRICES = {}

    assert _plan(_classifier(texts=1)).cost is None


def test_the_offline_annotator_costs_nothing(settings: Any) -> None:
    settings.OPENAI_API_KEY = ""
    settings.ANNOTATIONS_PER_MONTH = 1

    plan = _plan(_classifier(texts=5))

    assert (plan.annotator, plan.model) == (Annotator.OFFLINE, "")
    assert (plan.call_count, plan.prompt_tokens, plan.cost, plan.allowance_left) == (0, 0, Decimal(0), None)
    assert plan.problems == ()


def test_a_local_server_needs_no_key(settings: Any) -> None:
    settings.OPENAI_API_KEY = ""
    settings.OPENAI_BASE_URL = "http://127.0.0.1:11434/v1"

    assert _plan(_classifier(texts=1)).annotator == Annotator.LLM


def test_more_calls_than_are_left_are_a_problem() -> None:
    classifier = _classifier(texts=5)
    AnnotationSetting.objects.create(classifier=classifier, monthly_limit=3)

    plan = _plan(classifier)

    assert plan.allowance_left == 3
    assert plan.problems == (
        "This takes 5 calls, and 3 are left of the allowance until 1 June 2026. Choose fewer texts.",
    )


def test_an_allowance_that_is_used_up_says_until_when() -> None:
    classifier = _classifier(texts=5)
    AnnotationSetting.objects.create(classifier=classifier, monthly_limit=0)

    assert "used up until 1 June 2026" in _plan(classifier).problems[0]


def test_without_texts_there_is_nothing_to_annotate() -> None:
    assert "no texts without a label" in _plan(_classifier()).problems[0]


def test_a_classifier_without_labels_can_t_be_annotated() -> None:
    classifier = ClassifierFactory()
    ExampleFactory(classifier=classifier)

    assert "at least two labels" in _plan(classifier).problems[0]


def test_one_run_at_a_time() -> None:
    classifier = _classifier(texts=1)
    AnnotationRunFactory(classifier=classifier, state=RunState.RUNNING)

    assert "under way" in _plan(classifier).problems[0]


def test_a_repetition_takes_the_same_texts_whatever_their_labels() -> None:
    classifier = _classifier(texts=3)
    run = AnnotationRunFactory(classifier=classifier, state=RunState.SUCCEEDED)
    label = classifier.labels.get(number=1)
    AnnotationFactory(run=run, example=LabelledExampleFactory(classifier=classifier, label=label), label=label)
    AnnotationFactory(run=run)

    assert _plan(classifier, pick=Pick.AGAIN, repeats=run).text_count == 2


def test_a_repetition_needs_a_run_of_this_classifier() -> None:
    classifier = _classifier(texts=3)

    assert _plan(classifier, pick=Pick.AGAIN).problems == ("Choose a run of this classifier to do again.",)
    assert _plan(classifier, pick=Pick.AGAIN, repeats=AnnotationRunFactory()).problems


def test_the_time_follows_the_last_run_at_that_pace() -> None:
    classifier = _classifier(texts=10)
    AnnotationRunFactory(
        classifier=classifier,
        state=RunState.SUCCEEDED,
        attempts=1,
        annotated=100,
        started_at=NOW,
        finished_at=NOW + dt.timedelta(seconds=50),
    )

    assert _plan(classifier).seconds == pytest.approx(5.0)


def test_a_plan_asks_few_questions_of_the_database(django_assert_max_num_queries: Any) -> None:
    classifier = _classifier(texts=30)

    with django_assert_max_num_queries(20):
        _plan(classifier, pick=Pick.ALL)
