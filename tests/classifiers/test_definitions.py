"""What a classifier is called, and by which key it's asked."""

from __future__ import annotations

import pytest

from classifiers.models import Classifier
from classifiers.services import definitions
from classifiers.services.definitions import BadDefinition
from tests.factories import ClassifierFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_new_classifier_has_the_key_that_was_asked_for() -> None:
    person = UserFactory()

    made = definitions.create(name=" Message  check ", key="messages", description=" Why? ", by=person)

    made.refresh_from_db()
    assert (made.name, made.key, made.description, made.created_by) == ("Message check", "messages", "Why?", person)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Message check", "message-check"),
        ("Überprüfung", "uberprufung"),
        ("5 stars", "classifier-5-stars"),
        ("正确", "classifier"),
        ("x", "classifier-x"),
        ("a" * 100, "a" * 50),
    ],
    ids=["plain", "accents", "digit first", "no Latin letter", "one letter", "long"],
)
def test_a_key_is_derived_from_the_name(name: str, key: str) -> None:
    assert definitions.create(name=name, key="", by=None).key == key


@pytest.mark.parametrize("key", ["A", "a", "-a", "a b", "a" * 64, "ü2"])
def test_a_key_that_no_address_could_hold_is_refused(key: str) -> None:
    with pytest.raises(BadDefinition, match="lower-case letter"):
        definitions.create(name="Name", key=key, by=None)


@pytest.mark.parametrize(
    "key", ["email", "taken", "original"], ids=["built-in analyzer", "other classifier", "field of an answer"]
)
def test_a_key_that_an_analyzer_has_is_refused(key: str) -> None:
    ClassifierFactory(key="taken")

    with pytest.raises(BadDefinition, match="is taken") as caught:
        definitions.create(name="Name", key=key, by=None)

    assert caught.value.field == "key"


@pytest.mark.parametrize(
    ("name", "sentence"), [(" ", "Give the classifier a name"), ("x" * 101, "too long"), ("Taken", "already")]
)
def test_a_bad_name_is_refused(name: str, sentence: str) -> None:
    ClassifierFactory(name="Taken")

    with pytest.raises(BadDefinition, match=sentence) as caught:
        definitions.create(name=name, key="new", by=None)

    assert (caught.value.field, Classifier.objects.count()) == ("name", 1)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(BadDefinition, match="what the classifier does"):
        definitions.create(name="Name", key="new", type="ORACLE", by=None)


def test_name_and_description_can_change_and_the_key_stays() -> None:
    classifier = ClassifierFactory(key="stays")

    definitions.describe(classifier.pk, name="New", description="Better.")

    classifier.refresh_from_db()
    assert (classifier.name, classifier.description, classifier.key) == ("New", "Better.", "stays")


def test_a_classifier_cannot_take_another_one_s_name() -> None:
    ClassifierFactory(name="Taken")
    classifier = ClassifierFactory(name="Mine")

    with pytest.raises(BadDefinition, match="already"):
        definitions.describe(classifier.pk, name="Taken", description="")

    classifier.refresh_from_db()
    assert classifier.name == "Mine"
