"""What a text looks like: to the live version, or before there is one to its neighbors and the descriptions."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from annotation.models import QueueCode
from annotation.services import answers, readings
from annotation.services.readings import Reading
from classifiers import predictor
from classifiers.analyzer import ClassifierProvider
from classifiers.models import Classifier, DecisionSource, Embedding, Example
from classifiers.services import decisions, encoders
from moderation.text import normalize
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory, LabelledExampleFactory, UserFactory
from tests.live_versions import PROTOTYPES, go_live
from tests.upper_layers import upper

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("encoder_folder")]

_NOW = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)
_LAMPS = (
    "Is the lamp still there?",
    "Is this lamp still for sale?",
    "I'd like to have the lamp",
    "Does the lamp work?",
)
_PAY = ("Pay me by bank transfer", "Send the money to my account", "Wire the money outside of the site", "Pay in cash")


def _read(example: Example) -> Reading:
    classifier = Classifier.objects.select_related("live_version").get(pk=example.classifier_id)
    return readings.read(classifier, example, now=_NOW)


def _known(label: Any, texts: tuple[str, ...]) -> None:
    """Give the label confirmed examples whose features are stored."""
    for text in texts:
        example = LabelledExampleFactory(classifier=label.classifier, label=label, text=text)
        [row] = predictor.embed([normalize(text).content])
        Embedding.objects.create(
            text_key=example.text_key, encoder_id=encoders.get_manifest().id, vector=row.astype("<f2").tobytes()
        )


def test_the_live_version_says_which_label_fits_in_words_and_numbers() -> None:
    version = go_live(ClassifierFactory())
    example = ExampleFactory(classifier=version.classifier, text=PROTOTYPES["Payment"])

    reading = _read(example)

    assert reading.source == f"live version {version.number}"
    assert reading.preselected is not None
    assert reading.preselected.name == "Payment"
    assert [(row.label.name, row.words) for row in reading.rows] == [("Payment", "very likely"), ("Greeting", "hardly")]
    assert sum(row.score for row in reading.rows) == pytest.approx(1)
    assert reading.rows[0].percent == round(100 * reading.rows[0].score)


def test_a_live_version_with_adapted_layers_says_what_the_api_says() -> None:
    go_live(classifier := ClassifierFactory(key="deep"), upper=upper())
    example = ExampleFactory(classifier=classifier, text="Please pay me by cheque, and hello to you")

    reading = _read(example)

    [finding] = ClassifierProvider().analyze(["deep"], texts=[example.text])["deep"]
    assert finding.label_scores is not None
    assert {row.label.name: row.score for row in reading.rows} == pytest.approx(finding.label_scores, abs=1e-5)


def test_damaged_adapted_layers_leave_it_to_the_neighbors() -> None:
    go_live(classifier := ClassifierFactory(), upper=upper(b"This is no graph."))

    assert _read(ExampleFactory(classifier=classifier)).source.startswith("nothing yet")


def test_before_there_is_a_model_a_text_is_like_its_neighbors() -> None:
    classifier = ClassifierFactory()
    lamp, pay = (LabelFactory(classifier=classifier, number=n, name=name) for n, name in enumerate(("Lamp", "Pay")))
    _known(lamp, _LAMPS)
    _known(pay, _PAY)

    reading = _read(ExampleFactory(classifier=classifier, text="Is the lamp for sale?"))

    assert reading.source == "8 confirmed examples"
    assert reading.preselected == lamp
    assert reading.rows[0].words == "like 4 Lamp examples"
    assert reading.rows[0].score > 0.7


def test_without_any_example_the_descriptions_are_compared() -> None:
    classifier = ClassifierFactory()
    LabelFactory(classifier=classifier, number=0, name="Lamp", description="The text asks about a lamp.")
    LabelFactory(classifier=classifier, number=1, name="Pay", description="Somebody wants money by bank transfer.")

    reading = _read(ExampleFactory(classifier=classifier, text="Pay me by bank transfer"))

    assert reading.source == "label descriptions"
    assert reading.preselected is not None
    assert reading.preselected.name == "Pay"
    assert "description" in reading.rows[0].words


def test_where_nothing_is_known_nothing_is_proposed() -> None:
    label = LabelFactory()

    reading = _read(ExampleFactory(classifier=label.classifier))

    assert (reading.preselected, reading.rows) == (None, ())
    assert reading.source.startswith("nothing yet")


def test_a_label_about_which_nothing_is_known_says_so() -> None:
    classifier = ClassifierFactory()
    lamp = LabelFactory(classifier=classifier, number=0, name="Lamp")
    LabelFactory(classifier=classifier, number=1, name="Pay")
    _known(lamp, _LAMPS)

    reading = _read(ExampleFactory(classifier=classifier, text="Does the lamp work?!"))

    assert [row.words for row in reading.rows] == ["like 4 Lamp examples", "nothing to go by"]


def test_a_text_is_not_compared_with_itself() -> None:
    label = LabelFactory(name="Lamp")
    _known(label, _LAMPS[:1])

    reading = _read(Example.objects.get())

    assert reading.rows == ()


def test_a_suggestion_is_proposed_and_the_rows_say_what_they_rest_on() -> None:
    version = go_live(ClassifierFactory())
    example = ExampleFactory(classifier=version.classifier, text=PROTOTYPES["Payment"])
    greeting = version.classifier.labels.get(name="Greeting")
    decisions.decide(example.pk, label_id=greeting.pk, source=DecisionSource.LLM, confidence=0.6)
    example.refresh_from_db()

    reading = _read(example)

    assert reading.source == f"live version {version.number}"
    assert reading.preselected == greeting
    assert reading.rows[0].label.name == "Payment"


def test_a_version_that_cannot_be_used_leaves_it_to_the_neighbors() -> None:
    version = go_live(ClassifierFactory(), encoder_id="another")
    example = ExampleFactory(classifier=version.classifier)

    assert _read(example).source.startswith("nothing yet")


def test_without_an_encoder_the_screen_still_works(settings: Any, tmp_path: Any) -> None:
    label = LabelFactory(description="About lamps.")
    settings.ENCODERS_DIR = tmp_path

    reading = _read(ExampleFactory(classifier=label.classifier))

    assert reading.rows == ()
    assert "prepare_encoder" in reading.source


def _answered(example: Example, label: Any) -> None:
    answers.label(
        example.pk, label_id=label.pk, by=UserFactory(), queue=QueueCode.USEFUL, preselected_id=None, now=_NOW
    )


def test_what_was_answered_a_moment_ago_is_gone_by_already() -> None:
    classifier = ClassifierFactory()
    lamp, pay = (LabelFactory(classifier=classifier, number=n, name=name) for n, name in enumerate(("Lamp", "Pay")))
    _known(lamp, _LAMPS[:2])
    example = ExampleFactory(classifier=classifier, text="Send me the money by bank transfer, please")
    before = _read(example)
    for text in _PAY[:2]:
        _known(pay, (text,))
        answered = Example.objects.get(text=text)
        _answered(answered, pay)

    after = _read(example)

    assert (before.source, after.source) == ("2 confirmed examples", "4 confirmed examples")
    assert (before.rows[0].words, after.rows[0].words) == ("close to its name", "like 2 Pay examples")


def test_what_came_in_otherwise_is_gone_by_a_minute_later() -> None:
    classifier = ClassifierFactory()
    lamp, pay = (LabelFactory(classifier=classifier, number=n, name=name) for n, name in enumerate(("Lamp", "Pay")))
    _known(lamp, _LAMPS)
    example = ExampleFactory(classifier=classifier, text="Pay me by bank transfer, please")
    _read(example)
    _known(pay, _PAY)

    later = readings.read(classifier, example, now=_NOW + dt.timedelta(minutes=1))

    assert later.preselected == pay
