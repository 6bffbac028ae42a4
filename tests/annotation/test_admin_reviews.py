"""The result of a run: look, confirm, change, word the rules better, ask again, see what flipped."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from annotation.models import Annotation, AnnotationRun, AnnotationState, Pick
from classifiers.models import Classifier, Decision, DecisionSource, Example, ExampleState, Label
from classifiers.services import decisions, guidelines
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
_POSTS = {
    "annotation_confirm": "classifiers.change_example",
    "annotation_surest": "classifiers.change_example",
    "annotation_wording": "classifiers.change_classifier",
}


@pytest.fixture
def classifier() -> Classifier:
    made: Classifier = ClassifierFactory()
    LabelFactory(classifier=made, number=0, name="Fine", description="Anything else.", color="#009e73")
    LabelFactory(classifier=made, number=1, name="Spam", description="Sells something.", color="#d55e00")
    return made


@pytest.fixture
def boss() -> Client:
    return staff.login()


def _label(classifier: Classifier, number: int) -> Label:
    return classifier.labels.get(number=number)


def _run(classifier: Classifier, **values: Any) -> AnnotationRun:
    values = {"state": RunState.SUCCEEDED, "guidelines": guidelines.record(classifier.pk)} | values
    made: AnnotationRun = AnnotationRunFactory(classifier=classifier, **values)
    return made


def _suggest(run: AnnotationRun, text: str, *, number: int, confidence: float = 0.9, reason: str = "") -> Annotation:
    """Return what the run said of a text, with the suggestion that followed."""
    example = Example.objects.filter(classifier=run.classifier, text=text).first()
    example = example or ExampleFactory(classifier=run.classifier, text=text)
    label = _label(run.classifier, number)
    decisions.decide(example.pk, label_id=label.pk, source=DecisionSource.LLM, confidence=confidence, reason=reason)
    made: Annotation = AnnotationFactory(run=run, example=example, label=label, confidence=confidence, reason=reason)
    return made


def _open(boss: Client, run: AnnotationRun, **query: Any) -> Any:
    response = boss.get(staff.page(run.classifier, "annotation_run", run_id=run.pk), query)
    assert response.status_code == 200
    return response


def _post(boss: Client, run: AnnotationRun, name: str, **fields: Any) -> str:
    response = boss.post(staff.page(run.classifier, name, run_id=run.pk), fields, follow=True)
    assert response.status_code == 200
    return staff.said(response)


def _row(annotation: Annotation, *, label: Label | None = None) -> dict[str, Any]:
    """Return the fields of a row as the page has them, with another label chosen where one is given."""
    example = Example.objects.get(pk=annotation.example_id)
    row = {
        "shown": annotation.pk,
        f"seen_{annotation.pk}": example.label_id or "",
        f"label_{annotation.pk}": (label.pk if label else example.label_id) or "",
    }
    return row | ({f"open_{annotation.pk}": "1"} if example.state == ExampleState.SUGGESTED else {})


def _texts(response: Any) -> list[str]:
    return [row.annotation.example.text for row in response.context["rows"]]


def test_each_text_shows_its_label_how_sure_and_why(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier, annotated=1)
    _suggest(run, "Buy <b>pills</b>", number=1, confidence=0.97, reason="It sells <i>something</i>.")

    shown = staff.said(_open(boss, run))

    assert "Buy &lt;b&gt;pills" in shown
    assert '<span title="97 %">very sure</span>' in shown
    assert "It sells &lt;i&gt;something" in shown
    assert "<b>pills" not in shown


def test_the_least_sure_come_first(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier)
    for confidence in (0.9, 0.5, 0.7):
        _suggest(run, f"Text {confidence}", number=0, confidence=confidence)

    assert _texts(_open(boss, run)) == ["Text 0.5", "Text 0.7", "Text 0.9"]


def test_texts_come_fifty_a_page(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier)
    label = _label(classifier, 0)
    for _ in range(51):
        AnnotationFactory(run=run, label=label)

    first, second, third = (_open(boss, run, page=number) for number in (1, 2, 3))

    assert (len(_texts(first)), len(_texts(second)), len(_texts(third))) == (50, 1, 0)
    assert "Page 2" in staff.said(first)
    assert "There are no more." in staff.said(third)


def test_what_was_not_annotated_says_why(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier, refused=1)
    AnnotationFactory(run=run, state=AnnotationState.REFUSED, problem="The answer was <cut> off.")
    _suggest(run, "Labelled", number=0)

    response = _open(boss, run, show="refused")

    assert "The answer was &lt;cut&gt; off." in staff.said(response)
    assert "Labelled" not in _texts(response)


def test_only_what_waits_or_one_label_can_be_shown(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier)
    _suggest(run, "Waits", number=0)
    done = _suggest(run, "Done", number=1)
    decisions.decide(done.example_id, label_id=done.label_id, source=DecisionSource.PERSON)

    assert _texts(_open(boss, run, show="open")) == ["Waits"]
    assert _texts(_open(boss, run, label="1")) == ["Done"]


@pytest.mark.parametrize(
    "query", [{"show": "x"}, {"label": "x"}, {"label": "9" * 40}, {"page": "-1"}, {"page": "9" * 18}]
)
def test_a_strange_address_shows_what_there_is(boss: Client, classifier: Classifier, query: dict[str, str]) -> None:
    _open(boss, _run(classifier), **query)


def test_one_suggestion_is_confirmed_and_the_others_wait(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier)
    one, other = _suggest(run, "One", number=1), _suggest(run, "Other", number=1)

    shown = _post(boss, run, "annotation_confirm", one=one.pk, **_row(one) | _row(other))

    assert "1 suggestion confirmed." in shown
    assert Example.objects.get(pk=one.example_id).state == ExampleState.CONFIRMED
    assert Example.objects.get(pk=other.example_id).state == ExampleState.SUGGESTED
    decision = Decision.objects.get(source=DecisionSource.PERSON)
    assert decision.user is not None


def test_a_label_can_be_changed_to_another(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier)
    annotation = _suggest(run, "One", number=1)

    shown = _post(boss, run, "annotation_confirm", one=annotation.pk, **_row(annotation, label=_label(classifier, 0)))

    example = Example.objects.get(pk=annotation.example_id)
    assert "1 label changed." in shown
    assert (example.label, example.state) == (_label(classifier, 0), ExampleState.CONFIRMED)
    assert "People say otherwise" in shown


def test_all_that_are_shown_are_settled_as_they_stand(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier)
    agreed, changed, decided = (_suggest(run, text, number=1) for text in ("Agreed", "Changed", "Decided"))
    decisions.decide(decided.example_id, label_id=decided.label_id, source=DecisionSource.PERSON)
    rows = [_row(agreed), _row(changed, label=_label(classifier, 0)), _row(decided)]
    fields = {name: value for row in rows for name, value in row.items()} | {"shown": [row["shown"] for row in rows]}

    shown = _post(boss, run, "annotation_confirm", all="", **fields)

    assert "1 suggestion confirmed. 1 label changed." in shown
    assert Example.objects.filter(state=ExampleState.CONFIRMED).count() == 3
    assert Example.objects.get(text="Changed").label == _label(classifier, 0)


def test_what_was_suggested_otherwise_meanwhile_is_not_confirmed(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier)
    annotation = _suggest(run, "One", number=1)
    fields = _row(annotation)
    decisions.decide(annotation.example_id, label_id=_label(classifier, 0).pk, source=DecisionSource.LLM)

    shown = _post(boss, run, "annotation_confirm", all="", **fields)

    assert "There was nothing to confirm" in shown
    assert Example.objects.get(pk=annotation.example_id).state == ExampleState.SUGGESTED


@pytest.mark.parametrize("value", ["", "x", "9" * 30, "0"])
def test_a_label_that_is_none_settles_nothing(boss: Client, classifier: Classifier, value: str) -> None:
    run = _run(classifier)
    annotation = _suggest(run, "One", number=1)

    _post(boss, run, "annotation_confirm", one=annotation.pk, **_row(annotation) | {f"label_{annotation.pk}": value})

    assert Example.objects.get(pk=annotation.example_id).state == ExampleState.SUGGESTED


def test_the_label_or_text_of_another_classifier_settles_nothing(boss: Client, classifier: Classifier) -> None:
    run, foreign_run = _run(classifier), _run(ClassifierFactory())
    LabelFactory(classifier=foreign_run.classifier, number=1)
    other = LabelFactory(classifier=foreign_run.classifier, number=0)
    annotation, foreign = _suggest(run, "One", number=1), _suggest(foreign_run, "Two", number=1)

    _post(boss, run, "annotation_confirm", one=annotation.pk, **_row(annotation, label=foreign.label))
    _post(boss, run, "annotation_confirm", one=foreign.pk, **_row(foreign, label=_label(classifier, 0)))
    _post(boss, run, "annotation_confirm", one=foreign.pk, **_row(foreign, label=other))

    assert not Decision.objects.filter(source=DecisionSource.PERSON).exists()


def test_all_above_a_floor_are_confirmed_and_the_page_says_how_many_there_are(
    boss: Client, classifier: Classifier
) -> None:
    run = _run(classifier)
    for confidence in (0.96, 0.9, 0.6):
        _suggest(run, f"Text {confidence}", number=1, confidence=confidence)
    before = staff.said(_open(boss, run))

    shown = _post(boss, run, "annotation_surest", floor="90")

    assert "at least 95 % sure: 1 text<" in before
    assert "at least 90 % sure: 2 texts<" in before
    assert "2 suggestions confirmed." in shown
    assert Example.objects.get(state=ExampleState.SUGGESTED).text == "Text 0.6"


@pytest.mark.parametrize("floor", ["", "x", "50", "0"])
def test_a_floor_that_is_not_offered_confirms_nothing(boss: Client, classifier: Classifier, floor: str) -> None:
    run = _run(classifier)
    _suggest(run, "One", number=1)

    assert "Choose from which confidence on" in _post(boss, run, "annotation_surest", floor=floor)
    assert Example.objects.get().state == ExampleState.SUGGESTED


def test_after_confirming_one_is_where_one_was(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier)
    annotation = _suggest(run, "One", number=1)
    address = staff.page(classifier, "annotation_confirm", run_id=run.pk)

    response = boss.post(f"{address}?show=open&label=1&page=1", {"one": annotation.pk, **_row(annotation)})

    assert response["Location"].endswith("?show=open&label=1&page=1#texts")


def _describe(run: AnnotationRun, *descriptions: str) -> dict[str, str]:
    labels = run.classifier.labels.order_by("number")
    return {f"description_{label.pk}": text for label, text in zip(labels, descriptions, strict=True)}


def test_a_better_wording_is_saved_under_a_new_number(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier)

    shown = _post(boss, run, "annotation_wording", save="", **_describe(run, "Anything else.", "Sells or begs."))

    assert "The wording is saved." in shown
    assert _label(classifier, 1).description == "Sells or begs."
    assert list(classifier.guidelines.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert "which followed number 1" in shown
    assert AnnotationRun.objects.count() == 1


def test_with_one_click_the_wording_is_saved_and_the_same_texts_are_annotated_again(
    boss: Client, classifier: Classifier
) -> None:
    run = _run(classifier, text_count=1)
    _suggest(run, "One", number=1)

    _post(boss, run, "annotation_wording", again="", **_describe(run, "Anything else.", "Sells or begs."))

    again = AnnotationRun.objects.latest("pk")
    assert (again.pick, again.repeats, again.state) == (Pick.AGAIN, run, RunState.QUEUED)
    assert again.guidelines.labels[1]["description"] == "Sells or begs."


def test_the_price_of_asking_again_stands_beside_the_button(
    boss: Client, classifier: Classifier, settings: Any
) -> None:
    settings.OPENAI_API_KEY = "k"
    run = _run(classifier, text_count=1)
    _suggest(run, "One", number=1)

    shown = staff.said(_open(boss, run))

    assert "Asking again: 1 call" in shown
    assert "Save and run again on the same 1 text<" in shown


def test_too_long_a_description_is_told_at_its_field_and_nothing_typed_is_lost(
    boss: Client, classifier: Classifier
) -> None:
    run = _run(classifier)

    shown = _post(boss, run, "annotation_wording", save="", **_describe(run, "A better rule.", "x" * 4_001))

    assert "A description has at most 4,000 characters." in shown
    assert "A better rule." in shown
    assert _label(classifier, 0).description == "Anything else."


def test_who_may_not_start_a_run_only_saves_the_wording(classifier: Classifier) -> None:
    run = _run(classifier, text_count=1)
    _suggest(run, "One", number=1)

    _post(staff.login("classifiers.change_classifier"), run, "annotation_wording", again="", **_describe(run, "A", "B"))

    assert _label(classifier, 1).description == "B"
    assert AnnotationRun.objects.count() == 1


def _repeated(boss: Client, classifier: Classifier) -> AnnotationRun:
    """Return a second run on two texts, of which one got another label after a new wording."""
    first = _run(classifier)
    _suggest(first, "Flips", number=1, confidence=0.6, reason="It names a price.")
    _suggest(first, "Stays", number=1, reason="It sells pills.")
    _post(boss, first, "annotation_wording", save="", **_describe(first, "Prices of one's own things.", "Sells pills."))
    second = _run(classifier, repeats=first, pick=Pick.AGAIN)
    _suggest(second, "Flips", number=0, confidence=0.96, reason="It is one's own thing.")
    _suggest(second, "Stays", number=1, reason="It sells pills still.")
    return second


def test_a_second_run_shows_what_flipped_with_both_reasons_and_the_wording(
    boss: Client, classifier: Classifier
) -> None:
    response = _open(boss, _repeated(boss, classifier))

    shown = staff.said(response)
    assert "1 text has another label than in run" in shown
    assert [turned.flip.example.text for turned in response.context["flips"]] == ["Flips"]
    assert "Before, by wording 1" in shown
    assert "It names a price." in shown
    assert "Now, by wording 2" in shown
    assert "It is one&#x27;s own thing." in shown
    assert "described anew" in shown
    assert "Prices of one&#x27;s own things." in shown


def test_a_second_run_that_changed_nothing_says_so(boss: Client, classifier: Classifier) -> None:
    first = _run(classifier)
    second = _run(classifier, repeats=first, pick=Pick.AGAIN)
    for run in (first, second):
        _suggest(run, "Stays", number=1)

    shown = staff.said(_open(boss, second))

    assert "No text has another label than in run" in shown
    assert "Both runs followed the same wording, number 1." in shown


def test_agreement_with_people_is_shown_for_each_label(boss: Client, classifier: Classifier) -> None:
    run = _run(classifier)
    for confirmed in (0, 1, 1):
        example = LabelledExampleFactory(classifier=classifier, label=_label(classifier, confirmed))
        AnnotationFactory(run=run, example=example, label=_label(classifier, 1))

    response = _open(boss, run)

    assert (response.context["agreement"].agreed, response.context["agreement"].compared) == (2, 3)
    assert "Of 3 texts that people have labelled too, 2 have the same label." in staff.said(response)


def test_who_may_only_look_sees_the_result_and_no_buttons(classifier: Classifier) -> None:
    run = _run(classifier, text_count=1)
    _suggest(run, "One", number=1, confidence=0.96)

    shown = staff.said(_open(staff.login(_VIEW), run))

    assert "One" in shown
    for words in ("Confirm", "Save the wording", "run again"):
        assert f">{words}" not in shown


def test_a_page_takes_as_many_queries_for_many_texts_as_for_few(
    boss: Client, classifier: Classifier, django_assert_max_num_queries: Any
) -> None:
    run = _run(classifier, text_count=60)
    for number in range(60):
        _suggest(run, f"Text {number}", number=number % 2)
    boss.get(staff.page(classifier, "annotation_run", run_id=run.pk))

    with django_assert_max_num_queries(50):
        _open(boss, run)


def _address(classifier: Classifier, name: str) -> str:
    return staff.page(classifier, name, run_id=_run(classifier).pk)


@pytest.mark.parametrize("name", _POSTS)
def test_who_may_only_look_changes_nothing(classifier: Classifier, name: str) -> None:
    assert staff.login(_VIEW).post(_address(classifier, name)).status_code == 403


@pytest.mark.parametrize("name", _POSTS)
def test_who_may_do_one_thing_is_let_through(classifier: Classifier, name: str) -> None:
    assert staff.login(_POSTS[name]).post(_address(classifier, name)).status_code == 302


@pytest.mark.parametrize("name", _POSTS)
def test_what_changes_something_is_not_done_by_looking(classifier: Classifier, name: str) -> None:
    assert staff.login().get(_address(classifier, name)).status_code == 405


@pytest.mark.parametrize("name", _POSTS)
def test_a_run_of_another_classifier_is_not_found(classifier: Classifier, name: str) -> None:
    foreign = AnnotationRunFactory(state=RunState.SUCCEEDED)

    assert staff.login().post(staff.page(classifier, name, run_id=foreign.pk)).status_code == 404
