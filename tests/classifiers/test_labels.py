"""Labels can change until the first training; then only what no version depends on."""

from __future__ import annotations

import pytest
from django.utils import timezone

from classifiers.models import Classifier, Label
from classifiers.services import labels
from classifiers.services.labels import BadLabels, LabelDraft, LabelsLocked
from tests.factories import ClassifierFactory, LabelFactory, LabelledExampleFactory

pytestmark = pytest.mark.django_db


def _rows(classifier: Classifier) -> list[tuple[int, str]]:
    return list(classifier.labels.values_list("number", "name"))


def _draft(label: Label, **changes: object) -> LabelDraft:
    values = {"id": label.pk, "name": label.name, "description": label.description, "color": label.color}
    return LabelDraft(**values | changes)  # type: ignore[arg-type]


def _locked() -> Label:
    return LabelFactory(classifier=ClassifierFactory(labels_locked_at=timezone.now()), number=0, name="Spam")


def test_new_labels_are_numbered_in_the_order_in_which_they_were_made() -> None:
    classifier = ClassifierFactory()

    labels.save(classifier.pk, drafts=[LabelDraft(name="Fine"), LabelDraft(name="Spam")])
    labels.save(classifier.pk, drafts=[LabelDraft(name="Advert")])

    assert _rows(classifier) == [(0, "Fine"), (1, "Spam"), (2, "Advert")]


def test_a_name_is_kept_without_blanks_around_and_doubled_in_it() -> None:
    classifier = ClassifierFactory()

    labels.save(classifier.pk, drafts=[LabelDraft(name="  very\n bad ")])

    assert _rows(classifier) == [(0, "very bad")]


def test_all_of_a_label_can_change_before_the_training() -> None:
    label = LabelFactory(number=3)

    labels.save(label.classifier_id, drafts=[_draft(label, name="New", description=" Why. ", color="#ABCDEF")])

    label.refresh_from_db()
    assert (label.number, label.name, label.description, label.color) == (3, "New", "Why.", "#abcdef")


def test_two_labels_can_swap_their_names() -> None:
    first = LabelFactory(number=0, name="A")
    second = LabelFactory(classifier=first.classifier, number=1, name="B")

    labels.save(first.classifier_id, drafts=[_draft(first, name="B"), _draft(second, name="A")])

    assert _rows(first.classifier) == [(0, "B"), (1, "A")]


def test_a_label_without_examples_can_be_removed() -> None:
    label = LabelFactory()

    labels.save(label.classifier_id, drafts=[_draft(label, is_removed=True)])

    assert not Label.objects.exists()


def test_a_label_that_examples_have_cannot_be_removed() -> None:
    label = LabelledExampleFactory().label

    with pytest.raises(BadLabels, match="Rename it instead"):
        labels.save(label.classifier_id, drafts=[_draft(label, is_removed=True)])

    assert Label.objects.filter(pk=label.pk).exists()


@pytest.mark.parametrize(
    ("drafts", "sentence"),
    [
        ([LabelDraft(name=" ")], "Give every label a name"),
        ([LabelDraft(name="x" * 61)], "at most 60 characters"),
        ([LabelDraft(name="A"), LabelDraft(name="a")], "Two labels are called"),
        ([LabelDraft(name="A", color="red")], "a color like"),
        ([LabelDraft(name="A", color='#"><b>')], "a color like"),
        ([LabelDraft(name="A", id=10**6)], "was removed meanwhile"),
    ],
    ids=["blank", "too long", "twice but for case", "no color", "markup for a color", "not there"],
)
def test_a_bad_label_is_refused_and_nothing_is_saved(drafts: list[LabelDraft], sentence: str) -> None:
    classifier = ClassifierFactory()

    with pytest.raises(BadLabels, match=sentence):
        labels.save(classifier.pk, drafts=[LabelDraft(name="Good"), *drafts])

    assert _rows(classifier) == []


def test_a_name_of_a_label_that_is_not_in_the_form_is_taken_too() -> None:
    label = LabelFactory(name="Spam")

    with pytest.raises(BadLabels, match="Two labels are called"):
        labels.save(label.classifier_id, drafts=[LabelDraft(name="SPAM")])


def test_a_label_of_another_classifier_is_out_of_reach() -> None:
    foreign = LabelFactory(name="Theirs")

    with pytest.raises(BadLabels):
        labels.save(ClassifierFactory().pk, drafts=[_draft(foreign, name="Ours")])

    foreign.refresh_from_db()
    assert foreign.name == "Theirs"


@pytest.mark.parametrize("changes", [{"name": "Ham"}, {"is_removed": True}], ids=["rename", "remove"])
def test_after_the_first_training_a_label_stays(changes: dict[str, object]) -> None:
    label = _locked()

    with pytest.raises(LabelsLocked, match="has been trained"):
        labels.save(label.classifier_id, drafts=[_draft(label, **changes)])

    assert _rows(label.classifier) == [(0, "Spam")]


def test_after_the_first_training_no_label_is_added() -> None:
    label = _locked()

    with pytest.raises(LabelsLocked):
        labels.save(label.classifier_id, drafts=[LabelDraft(name="Ham")])

    assert _rows(label.classifier) == [(0, "Spam")]


def test_after_the_first_training_description_and_color_can_change() -> None:
    label = _locked()

    labels.save(label.classifier_id, drafts=[_draft(label, description="Better.", color="#112233")])

    label.refresh_from_db()
    assert (label.description, label.color) == ("Better.", "#112233")


def test_the_first_eight_proposed_colors_differ() -> None:
    assert len({labels.propose_color(number) for number in range(8)}) == 8
    assert labels.propose_color(8) == labels.propose_color(0)
