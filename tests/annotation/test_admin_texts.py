"""Labelling one text after the other, and looking at what was labelled."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Answer, Lease, QueueCode
from annotation.services import submissions
from classifiers.models import Classifier, Decision, DecisionSource, Example, ExampleState
from tests import staff
from tests.factories import (
    AnswerFactory,
    ClassifierFactory,
    DecisionFactory,
    ExampleFactory,
    LabelFactory,
    LabelledExampleFactory,
    UserFactory,
)
from tests.labelling import suggest

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("encoder_folder")]

_PAGE, _TURN = "annotate_texts", "annotate_turn"


@pytest.fixture
def boss() -> Client:
    return staff.login()


def _classifier(*, waiting: int, labels: int = 2) -> tuple[Classifier, list[Example]]:
    classifier = ClassifierFactory()
    for number in range(labels):
        LabelFactory(classifier=classifier, number=number)
    return classifier, ExampleFactory.create_batch(waiting, classifier=classifier)


def _open(boss: Client, classifier: Classifier, **query: Any) -> Any:
    return boss.get(staff.page(classifier, _PAGE), query)


def _shown(response: Any) -> Example:
    found: Example = response.context["card"].example
    return found


def _send(boss: Client, example: Example, *, to: str = _PAGE, query: str = "", **fields: Any) -> Any:
    """Send a form as it stands on the page, with some fields changed; without a script, then follow."""
    given = {"do": "save", "example": example.pk, "mark": submissions.mark_of(example.text), **fields}
    return boss.post(f"{staff.page(example.classifier, to)}{query}", given, follow=to == _PAGE)


def test_the_oldest_text_without_a_label_comes_first_and_is_the_person_s(boss: Client) -> None:
    classifier, examples = _classifier(waiting=2)
    LabelledExampleFactory(classifier=classifier, label=classifier.labels.first())

    response = _open(boss, classifier)

    assert _shown(response) == examples[0]
    assert Lease.objects.get().example == examples[0]
    assert response.context["card"].turn.why in staff.said(response)


def test_a_label_is_saved_and_the_next_text_shown(boss: Client) -> None:
    classifier, examples = _classifier(waiting=2)
    label = classifier.labels.last()

    response = _send(boss, examples[0], label=label.pk)

    decision = Decision.objects.get()
    assert (decision.example, decision.label, decision.source) == (examples[0], label, DecisionSource.PERSON)
    assert decision.user is not None
    assert _shown(response) == examples[1]
    assert "<b>1</b> of 2 labelled" in staff.said(response)
    assert f"Saved as {label}." in staff.said(response)


def test_what_was_selected_when_the_text_appeared_is_noted(boss: Client) -> None:
    classifier, [example] = _classifier(waiting=1)
    first, second = classifier.labels.all()

    _send(boss, example, label=second.pk, preselected=first.pk)

    assert Answer.objects.get().preselected == first


def test_a_suggestion_is_selected_already(boss: Client) -> None:
    classifier, [example] = _classifier(waiting=1)
    label = classifier.labels.last()
    suggest(example, label=label, confidence=0.6)

    card = _open(boss, classifier, queue=QueueCode.CONFIRM).context["card"]

    assert [choice.is_selected for choice in card.choices] == [False, True]
    assert card.turn.why == f"Suggested by the offline annotator: {label}, 60 % sure."


def test_the_first_ten_labels_have_a_key_and_many_can_be_searched(boss: Client) -> None:
    classifier, _ = _classifier(waiting=1, labels=11)

    response = _open(boss, classifier)

    keys = [choice.key for choice in response.context["card"].choices]
    assert keys == ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0", ""]
    assert "data-hr-find" in staff.said(response)


def test_a_skipped_text_makes_way_and_has_no_label(boss: Client) -> None:
    _, examples = _classifier(waiting=2)

    response = _send(boss, examples[0], do="skip")

    assert _shown(response) == examples[1]
    assert Answer.objects.get().label is None
    assert not Decision.objects.exists()


def test_undoing_goes_back_text_by_text_to_the_first(boss: Client) -> None:
    classifier, examples = _classifier(waiting=3)
    for example in examples[:2]:
        _send(boss, example, label=classifier.labels.first().pk)

    shown = [_shown(_send(boss, examples[2], do="undo")) for _ in range(2)]

    assert shown == [examples[1], examples[0]]
    assert not Example.objects.filter(label__isnull=False).exists()
    assert "nothing left to undo" in staff.said(_send(boss, examples[2], do="undo"))


def test_a_corrected_text_is_saved_with_its_label(boss: Client) -> None:
    classifier, [example] = _classifier(waiting=1)

    _send(boss, example, label=classifier.labels.first().pk, text="Corrected, said\r\nin two lines")

    example.refresh_from_db()
    assert (example.text, example.state) == ("Corrected, said\nin two lines", ExampleState.CONFIRMED)


def test_a_text_is_saved_alone_and_stays_before_the_person(boss: Client) -> None:
    _, [example, _] = _classifier(waiting=2)

    response = _send(boss, example, do="text", text="Corrected")

    assert _shown(response).text == "Corrected"
    assert _shown(response) == example
    assert not Answer.objects.exists()


def test_line_ends_as_browsers_send_them_are_no_correction(boss: Client) -> None:
    classifier = ClassifierFactory()
    label = LabelFactory(classifier=classifier)
    example = ExampleFactory(classifier=classifier, text="one\ntwo")

    _send(boss, example, label=label.pk, text="one\r\ntwo")

    example.refresh_from_db()
    assert (example.text, example.text_changed_at) == ("one\ntwo", None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("Taken", "among the examples already"), (" ", "The text is blank"), ("a\x00b", "NUL"), ("x" * 100_001, "limit")],
    ids=["taken", "blank", "nul", "long"],
)
def test_a_text_that_cannot_be_kept_loses_nothing(boss: Client, text: str, sentence: str) -> None:
    classifier, [example] = _classifier(waiting=1)
    ExampleFactory(classifier=classifier, text="Taken")
    label = classifier.labels.last()

    response = _send(boss, example, label=label.pk, text=text)

    card = response.context["card"]
    assert sentence in staff.said(response)
    assert (card.example, card.text, card.is_edited) == (example, text, True)
    assert [choice.is_selected for choice in card.choices] == [False, True]
    assert not Decision.objects.exists()


def test_a_label_for_another_text_than_the_one_that_is_there_now_is_not_kept(boss: Client) -> None:
    classifier, [example] = _classifier(waiting=1)

    response = _send(boss, example, label=classifier.labels.first().pk, mark=submissions.mark_of("What I had read"))

    assert "Somebody has changed this text" in staff.said(response)
    assert not Decision.objects.exists()


@pytest.mark.parametrize("label", ["", "x", "999999"])
def test_saving_without_a_label_of_the_classifier_changes_nothing(boss: Client, label: str) -> None:
    _, [example] = _classifier(waiting=1)

    response = _send(boss, example, label=label)

    assert not Decision.objects.exists()
    assert "Choose one of the labels" in staff.said(response)
    assert _shown(response) == example


def test_another_classifier_s_label_changes_nothing(boss: Client) -> None:
    _, [example] = _classifier(waiting=1)

    _send(boss, example, label=LabelFactory().pk)

    assert not Decision.objects.exists()


@pytest.mark.parametrize("doing", ["save", "skip", "text"])
def test_another_classifier_s_example_cannot_be_labelled_here(boss: Client, doing: str) -> None:
    classifier, _ = _classifier(waiting=1)
    foreign = ExampleFactory()

    response = boss.post(
        staff.page(classifier, _PAGE),
        {"do": doing, "example": foreign.pk, "label": classifier.labels.first().pk, "text": "Mine"},
    )

    assert "isn&#x27;t there any more" in staff.said(response)
    assert not Answer.objects.exists()
    assert not Example.objects.filter(text="Mine").exists()


def test_the_end_of_second_opinions_leads_to_where_their_share_is_set(boss: Client) -> None:
    classifier, _ = _classifier(waiting=1)

    response = _open(boss, classifier, queue=QueueCode.OVERLAP)

    assert "No share of texts is set" in response.context["end"]
    assert f'href="{staff.page(classifier, "disagreements")}"' in staff.said(response)


def test_saving_twice_is_one_answer(boss: Client) -> None:
    classifier, [example] = _classifier(waiting=1)

    for _ in range(2):
        _send(boss, example, label=classifier.labels.first().pk)

    assert Answer.objects.count() == 1


@pytest.mark.parametrize(
    ("labels", "labelled", "sentence"),
    [(2, 0, "no texts yet"), (2, 1, "label")],
)
def test_an_empty_queue_says_what_to_do_next(boss: Client, labels: int, labelled: int, sentence: str) -> None:
    classifier, _ = _classifier(waiting=0, labels=labels)
    for _ in range(labelled):
        LabelledExampleFactory(classifier=classifier, label=classifier.labels.first())

    response = _open(boss, classifier)

    assert sentence in response.context["end"]
    assert response.context["end"] in staff.said(response)


def test_one_certain_text_can_be_asked_for(boss: Client) -> None:
    classifier, examples = _classifier(waiting=3)

    assert _shown(_open(boss, classifier, example=examples[2].pk)) == examples[2]


def test_a_text_that_another_person_has_before_them_gives_way_to_the_next(boss: Client) -> None:
    classifier, examples = _classifier(waiting=2)
    _open(staff.login(), classifier)

    response = _open(boss, classifier, example=examples[0].pk)

    assert _shown(response) == examples[1]


@pytest.mark.parametrize("code", QueueCode.values)
def test_every_queue_opens(boss: Client, code: str) -> None:
    classifier, examples = _classifier(waiting=2)

    response = _open(boss, classifier, queue=code, near=examples[0].pk, label=0)

    assert response.status_code == 200
    assert [tab.is_here for tab in response.context["tabs"]].count(True) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"queue": "NONSENSE"},
        {"queue": QueueCode.NEAR, "near": "999999"},
        {"queue": QueueCode.LABEL, "label": "7"},
        {"queue": QueueCode.LABEL, "label": "٣"},
        {"example": "9" * 40},
    ],
    ids=["queue", "near", "label", "digits", "example"],
)
def test_a_nonsense_place_starts_with_the_most_useful(boss: Client, query: dict[str, str]) -> None:
    classifier, examples = _classifier(waiting=1)

    response = _open(boss, classifier, **query)

    assert _shown(response) == examples[0]
    assert [tab.name for tab in response.context["tabs"] if tab.is_here] == ["Most useful"]


def test_another_classifier_s_text_is_nothing_to_be_near_to(boss: Client) -> None:
    classifier, _ = _classifier(waiting=1)

    response = _open(boss, classifier, queue=QueueCode.NEAR, near=ExampleFactory().pk)

    assert [tab.name for tab in response.context["tabs"] if tab.is_here] == ["Most useful"]


@pytest.mark.parametrize("name", [_PAGE, "disagreements"])
def test_everything_that_a_house_can_hold_is_shown_as_text(boss: Client, name: str) -> None:
    classifier = staff.filled()
    shown = []

    for example in classifier.examples.all():
        response = boss.get(staff.page(classifier, name), {"example": example.pk})
        shown.append(staff.said(response))
        assert response.status_code == 200

    assert not any("<script>alert" in page or "<b>bold" in page for page in shown)


def test_who_may_only_look_takes_no_text_away() -> None:
    classifier, _ = _classifier(waiting=1)

    response = _open(staff.login("classifiers.view_classifier"), classifier)

    assert "You may look at this classifier" in staff.said(response)
    assert not Lease.objects.exists()


def test_a_second_opinion_is_given_without_seeing_the_first(boss: Client) -> None:
    classifier, [example] = _classifier(waiting=1)
    boss.post(staff.page(classifier, "overlap"), {"percent": 100})
    first = classifier.labels.first()
    AnswerFactory(example=example, label=first, user=UserFactory())
    DecisionFactory(example=example, label=first)
    Example.objects.filter(pk=example.pk).update(label=first, state=ExampleState.CONFIRMED)

    response = _open(boss, classifier, queue=QueueCode.OVERLAP)

    assert _shown(response) == example
    _send(boss, example, query="?queue=OVERLAP", label=classifier.labels.last().pk)
    undone = _send(boss, example, query="?queue=OVERLAP", do="undo")
    assert _shown(undone) == example
    assert "Its history" not in staff.said(response) + staff.said(undone)
    assert Example.objects.get().label == first


def test_the_script_is_given_the_next_text_beside_those_that_it_holds(boss: Client) -> None:
    classifier, examples = _classifier(waiting=4)

    response = _send(boss, examples[0], to=_TURN, label=classifier.labels.first().pk, holding=[examples[1].pk])

    assert response.status_code == 200
    assert _shown(response) == examples[2]
    assert "Saved as Label 0." in staff.said(response)
    assert "<b>1</b> of 4 labelled" in staff.said(response)
    assert "<html" not in staff.said(response)


def test_the_script_is_given_no_text_where_it_has_enough_but_keeps_what_it_holds(boss: Client) -> None:
    classifier, examples = _classifier(waiting=2)
    _open(boss, classifier)
    before = Lease.objects.get().until_at

    response = _send(boss, examples[0], to=_TURN, do="keep", holding=[examples[0].pk], enough=1, tabs=1)

    assert "card" not in response.context
    assert Lease.objects.get().until_at > before
    assert response.context["tabs"]


def test_the_script_is_told_in_a_sentence_what_could_not_be_saved(boss: Client) -> None:
    _, [example] = _classifier(waiting=1)

    response = _send(boss, example, to=_TURN, label=LabelFactory().pk)

    assert not Answer.objects.exists()
    assert "<p data-hr-problem>Choose one of the labels first.</p>" in staff.said(response)


def test_an_undone_text_comes_before_the_one_that_is_shown(boss: Client) -> None:
    classifier, examples = _classifier(waiting=2)
    _send(boss, examples[0], label=classifier.labels.first().pk)

    response = _send(boss, examples[1], to=_TURN, do="undo", holding=[examples[1].pk])

    assert _shown(response) == examples[0]
    assert 'data-hr-goes="front"' in staff.said(response)


def test_saving_and_the_next_text_take_a_few_dozen_queries(boss: Client, django_assert_max_num_queries: Any) -> None:
    classifier, examples = _classifier(waiting=3, labels=3)
    _open(boss, classifier)

    with django_assert_max_num_queries(60):
        _send(boss, examples[0], to=_TURN, label=classifier.labels.first().pk, holding=[examples[1].pk])


def _save(boss: Client, example: Example, label_id: int | str) -> Any:
    inline = {"decisions-TOTAL_FORMS": 0, "decisions-INITIAL_FORMS": 0}
    address = reverse("admin:classifiers_example_change", args=[example.pk])
    return boss.post(address, {"text": example.text, "label": label_id, **inline})


def test_a_label_changed_on_the_example_s_page_is_a_person_s_decision(boss: Client) -> None:
    classifier, examples = _classifier(waiting=1)
    label = classifier.labels.last()

    response = _save(boss, examples[0], label.pk)

    examples[0].refresh_from_db()
    assert response.status_code == 302
    assert (examples[0].label, examples[0].state) == (label, ExampleState.CONFIRMED)
    assert Decision.objects.get().source == DecisionSource.PERSON


def test_a_label_taken_away_leaves_the_example_unlabelled(boss: Client) -> None:
    example = LabelledExampleFactory()

    _save(boss, example, "")

    example.refresh_from_db()
    assert (example.label, example.state) == (None, ExampleState.UNLABELLED)


def test_saving_without_a_change_adds_no_decision(boss: Client) -> None:
    example = LabelledExampleFactory()

    _save(boss, example, example.label.pk)

    assert not Decision.objects.exists()


def test_another_classifier_s_label_is_no_choice_on_the_example_s_page(boss: Client) -> None:
    example = LabelledExampleFactory()

    response = _save(boss, example, LabelFactory().pk)

    assert response.status_code == 200
    assert not Decision.objects.exists()


def test_the_example_s_page_lists_its_decisions_and_offers_its_text(boss: Client) -> None:
    decision = DecisionFactory(example__text="hello", reason="It greets.", source=DecisionSource.LLM)

    page = staff.said(boss.get(reverse("admin:classifiers_example_change", args=[decision.example.pk])))

    assert "It greets." in page
    assert "Language model" in page
    assert 'name="text"' in page


@pytest.mark.parametrize(
    ("term", "found"),
    [("win a phone", 1), ("  win   a phone ", 1), ("phone", 1), ("PHONE", 1), ("", 2), ("nothing", 0)],
)
def test_examples_are_found_by_their_text(boss: Client, term: str, found: int) -> None:
    ExampleFactory(text="win a phone")
    ExampleFactory(text="hello")

    response = boss.get(reverse("admin:classifiers_example_changelist"), {"q": term})

    assert len(response.context["cl"].result_list) == found


def test_examples_can_be_filtered_by_classifier_and_state(boss: Client) -> None:
    classifier, examples = _classifier(waiting=1)
    LabelledExampleFactory(classifier=classifier, label=classifier.labels.first())
    ExampleFactory()

    response = boss.get(
        reverse("admin:classifiers_example_changelist"),
        {"classifier__id__exact": classifier.pk, "state__exact": "UNLABELLED"},
    )

    assert list(response.context["cl"].result_list) == examples
