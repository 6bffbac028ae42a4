"""Each wording of the labels is kept, tells what it changed, and can be brought back."""

from __future__ import annotations

import pytest
from django.utils import timezone

from classifiers.models import Classifier, Guidelines
from classifiers.services import labels, wordings
from classifiers.services.labels import LabelDraft
from classifiers.services.wordings import NotRestorable
from tests.factories import AdminFactory, ClassifierFactory, LabelFactory

pytestmark = pytest.mark.django_db


def _describe(classifier: Classifier, number: int, description: str, **values: object) -> None:
    labels.change(classifier.pk, number, description=description, **values)  # type: ignore[arg-type]


def _descriptions(classifier: Classifier) -> list[tuple[str, str]]:
    return list(classifier.labels.values_list("name", "description"))


def _history(classifier: Classifier, limit: int = 10) -> list[wordings.Revision]:
    revisions, _ = wordings.history(classifier.pk, limit=limit)
    return revisions


def test_the_wording_of_a_house_that_is_older_than_its_guidelines_is_kept_before_the_first_change() -> None:
    label = LabelFactory(number=0, name="Spam", description="Old.")
    person = AdminFactory()

    _describe(label.classifier, 0, "New.", by=person)

    kept = list(label.classifier.guidelines.order_by("number"))
    assert [(one.number, one.labels[0]["description"], one.user) for one in kept] == [
        (1, "Old.", None),
        (2, "New.", person),
    ]


def test_the_first_labels_of_a_classifier_are_number_one() -> None:
    classifier = ClassifierFactory()

    labels.save(classifier.pk, drafts=[LabelDraft(name="Fine")])

    assert [one.number for one in classifier.guidelines.all()] == [1]


def test_another_color_is_no_new_wording() -> None:
    label = LabelFactory(number=0)
    _describe(label.classifier, 0, "Rule.")

    labels.change(label.classifier_id, 0, color="#000000")

    assert label.classifier.guidelines.count() == 2


def test_the_history_says_newest_first_what_became_of_which_label() -> None:
    classifier = ClassifierFactory()
    labels.save(classifier.pk, drafts=[LabelDraft(name="Fine"), LabelDraft(name="Spam", description="Adverts.")])
    labels.change(classifier.pk, 1, name="Advert", description="For goods.")
    fine = classifier.labels.get(number=0)
    labels.save(classifier.pk, drafts=[LabelDraft(id=fine.pk, name="Fine", is_removed=True)])

    removed, changed, added = _history(classifier)

    assert [change.is_removed for change in removed.changes] == [True]
    assert [(change.number, change.old_name, change.new_name) for change in changed.changes] == [(1, "Spam", "Advert")]
    assert (changed.changes[0].old_description, changed.changes[0].new_description) == ("Adverts.", "For goods.")
    assert (changed.changes[0].is_renamed, changed.changes[0].is_described) == (True, True)
    assert [change.is_added for change in added.changes] == [True, True]
    assert [revision.is_current for revision in (removed, changed, added)] == [True, False, False]


def test_a_part_of_the_history_compares_its_oldest_with_the_one_before() -> None:
    label = LabelFactory(number=0, description="0")
    for text in "123":
        _describe(label.classifier, 0, text)

    newest, before = wordings.history(label.classifier_id, limit=2)
    oldest, end = wordings.history(label.classifier_id, before=before, limit=2)

    changes = [revision.changes[0] for revision in [*newest, *oldest]]
    assert [(change.old_description, change.new_description) for change in changes] == [
        ("2", "3"), ("1", "2"), ("0", "1"), ("", "0"),
    ]  # fmt: skip
    assert (before, end) == (3, None)


def test_an_earlier_wording_comes_back_as_a_new_number() -> None:
    label = LabelFactory(number=0, name="Spam", description="First.")
    person = AdminFactory()
    _describe(label.classifier, 0, "Second.", name="Advert")

    restored = wordings.restore(label.classifier_id, 1, by=person)

    assert _descriptions(label.classifier) == [("Spam", "First.")]
    assert (restored.number, restored.user) == (3, person)


def test_labels_that_came_since_stay_and_those_that_went_stay_away() -> None:
    classifier = ClassifierFactory()
    labels.save(classifier.pk, drafts=[LabelDraft(name="Fine", description="Old."), LabelDraft(name="Gone")])
    fine, gone = classifier.labels.order_by("number")
    labels.save(
        classifier.pk,
        drafts=[LabelDraft(id=gone.pk, name="Gone", is_removed=True), LabelDraft(id=fine.pk, name="Fine")],
    )
    labels.save(classifier.pk, drafts=[LabelDraft(name="Later", description="Stays.")])
    # The new one got the number of the one that went, and with it what was said of that number.
    labels.change(classifier.pk, 1, name="Later", description="Stays.")

    wordings.restore(classifier.pk, 1)

    assert ("Fine", "Old.") in _descriptions(classifier)
    assert classifier.labels.count() == 2


def test_once_locked_only_descriptions_of_labels_with_their_name_come_back() -> None:
    classifier = ClassifierFactory()
    labels.save(classifier.pk, drafts=[LabelDraft(name="Fine", description="1"), LabelDraft(name="Spam")])
    labels.change(classifier.pk, 0, description="2")
    labels.change(classifier.pk, 1, name="Advert", description="2")
    Classifier.objects.filter(pk=classifier.pk).update(labels_locked_at=timezone.now())

    wordings.restore(classifier.pk, 1)

    assert _descriptions(classifier) == [("Fine", "1"), ("Advert", "2")]


def test_a_wording_that_holds_already_is_not_restored() -> None:
    label = LabelFactory(number=0)
    _describe(label.classifier, 0, "New.")

    with pytest.raises(NotRestorable, match="There is nothing to restore"):
        wordings.restore(label.classifier_id, 2)

    assert label.classifier.guidelines.count() == 2


def test_the_wording_of_another_classifier_is_not_there() -> None:
    other = LabelFactory(number=0)
    _describe(other.classifier, 0, "New.")

    with pytest.raises(Guidelines.DoesNotExist):
        wordings.restore(ClassifierFactory().pk, 1)
