"""The Train page: what stands in the way, one button, and what came of it."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django_q.models import OrmQ

from classifiers.models import Classifier, DecisionSource, ExampleState, Version
from classifiers.services import decisions
from moderation.runs import RunState
from tests import staff
from tests.factories import ClassifierFactory, DoneVersionFactory, LabelFactory, LabelledExampleFactory, VersionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def boss() -> Client:
    return staff.login()


def _trainable() -> Classifier:
    classifier = ClassifierFactory()
    staff.trainable(classifier)
    return classifier


def test_what_stands_in_the_way_is_said_and_no_button_offered(boss: Client) -> None:
    page = staff.said(boss.get(staff.page(ClassifierFactory(), "train")))

    assert "A classifier needs at least two labels." in page
    assert "Train on" not in page


def test_the_button_says_on_how_many_examples(boss: Client) -> None:
    assert "Train on 20 examples" in staff.said(boss.get(staff.page(_trainable(), "train")))


def test_the_button_starts_one_training_and_locks_the_labels(
    boss: Client, django_capture_on_commit_callbacks: object
) -> None:
    classifier = _trainable()

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        response = boss.post(staff.page(classifier, "train"))

    classifier.refresh_from_db()
    version = Version.objects.get()
    assert response["Location"] == staff.page(classifier, "train")
    assert (version.number, version.state, version.requested_by is None) == (1, RunState.QUEUED, False)
    assert (classifier.has_locked_labels, OrmQ.objects.count()) == (True, 1)


def test_a_double_click_starts_no_second_training(boss: Client) -> None:
    classifier = _trainable()
    boss.post(staff.page(classifier, "train"))

    response = boss.post(staff.page(classifier, "train"), follow=True)

    assert Version.objects.count() == 1
    assert "already under way" in staff.said(response)


def test_a_training_that_cannot_start_says_why(boss: Client) -> None:
    classifier = ClassifierFactory()

    response = boss.post(staff.page(classifier, "train"), follow=True)

    assert "A classifier needs at least two labels." in staff.said(response)
    assert not Version.objects.exists()


def test_a_running_training_shows_its_bar_and_closes_the_button(boss: Client) -> None:
    classifier = _trainable()
    VersionFactory(classifier=classifier, state=RunState.RUNNING, progress=0.42, step="Reading text 42 of 100")

    page = staff.said(boss.get(staff.page(classifier, "train")))

    # Only its bar, which is kept fresh: in the list below its state would soon be wrong.
    assert "There was no training yet." in page
    assert 'value="42"' in page
    assert "Reading text 42 of 100" in page
    assert 'type="submit" disabled' in page


@pytest.mark.parametrize(("state", "mark"), [(RunState.RUNNING, "data-hr-poll"), (RunState.FAILED, "data-hr-finished")])
def test_the_bar_alone_says_whether_the_training_goes_on(boss: Client, state: RunState, mark: str) -> None:
    version = VersionFactory(state=state)

    part = staff.said(boss.get(staff.page(version.classifier, "train_progress", version_id=version.pk)))

    assert mark in part
    assert "<html" not in part


def test_a_waiting_training_can_be_cancelled(boss: Client) -> None:
    version = VersionFactory()

    for _ in range(2):
        boss.post(staff.page(version.classifier, "train_cancel", version_id=version.pk))

    version.refresh_from_db()
    assert version.state == RunState.CANCELLED


def test_past_trainings_stand_with_their_score_or_their_sentence(boss: Client) -> None:
    classifier = ClassifierFactory()
    DoneVersionFactory(classifier=classifier, number=1, macro_f1=0.847, example_count=1234)
    VersionFactory(classifier=classifier, number=2, state=RunState.DEAD, error="The worker stopped, 3 times.")

    page = staff.said(boss.get(staff.page(classifier, "train")))

    assert "0.85" in page
    assert "1,234" in page
    assert "The worker stopped, 3 times." in page


def _suggest(classifier: Classifier, *confidences: float) -> None:
    label = classifier.labels.first()
    for confidence in confidences:
        LabelledExampleFactory(classifier=classifier, label=label, state=ExampleState.SUGGESTED, confidence=confidence)


def test_confirmed_examples_and_suggestions_are_counted_apart(boss: Client) -> None:
    classifier = _trainable()
    _suggest(classifier, 0.9, 0.8, 0.1)

    page = staff.said(boss.get(staff.page(classifier, "train")))

    for number, words in ((20, "confirmed examples"), (2, "suggestions"), (1, "suggestions left out")):
        assert f"<dt>{words}</dt><dd" in page
        assert f">{number}</dd>" in page.split(f"<dt>{words}</dt>")[1][:40]
    assert "Train on 22 examples" in page
    assert "+ 3 suggested" in page


def test_what_is_learnt_from_can_be_set_and_stands_in_the_history(boss: Client) -> None:
    classifier = _trainable()
    _suggest(classifier, 0.9, 0.8)

    response = boss.post(staff.page(classifier, "train_suggestions"), {"use": "on", "floor": "85"}, follow=True)

    classifier.refresh_from_db()
    said = "Suggestions that are at least 85 % sure are learnt from."
    assert (classifier.trains_on_suggestions, classifier.suggestion_floor) == (True, 0.85)
    assert f"{said} It counts from the next training on." in staff.said(response)
    assert "Train on 21 examples" in staff.said(response)
    assert 'name="floor" value="85"' in staff.said(response)
    assert said in LogEntry.objects.get().change_message


def test_suggestions_can_be_left_out_altogether(boss: Client) -> None:
    classifier = _trainable()
    _suggest(classifier, 1.0)

    response = boss.post(staff.page(classifier, "train_suggestions"), {"floor": "70"}, follow=True)

    classifier.refresh_from_db()
    assert (classifier.trains_on_suggestions, classifier.suggestion_floor) == (False, 0.7)
    assert "No suggestion is learnt from." in staff.said(response)
    assert "Train on 20 examples" in staff.said(response)


def test_the_same_setting_again_is_no_change(boss: Client) -> None:
    boss.post(staff.page(_trainable(), "train_suggestions"), {"use": "on", "floor": "70"})

    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("floor", ["", "x", "-1", "101", "nan", "1e999"])
def test_a_floor_that_is_no_percentage_is_said_on_the_form(boss: Client, floor: str) -> None:
    classifier = _trainable()

    response = boss.post(staff.page(classifier, "train_suggestions"), {"floor": floor})

    classifier.refresh_from_db()
    assert (response.status_code, classifier.trains_on_suggestions, classifier.suggestion_floor) == (200, True, 0.7)
    assert 'class="hr-error" role="alert"' in staff.said(response)


def test_who_may_not_change_it_reads_what_is_learnt_from() -> None:
    classifier = ClassifierFactory(suggestion_floor=0.8)
    visitor = staff.login("classifiers.view_classifier")

    page = staff.said(visitor.get(staff.page(classifier, "train")))

    assert "Suggestions of 80 % and more are learnt from." in page
    assert visitor.post(staff.page(classifier, "train_suggestions"), {"floor": "1"}).status_code == 403


def test_past_trainings_say_how_many_suggestions_they_learnt_from(boss: Client) -> None:
    version = DoneVersionFactory(example_count=320, suggested_count=200)

    assert "(200 suggested)" in staff.said(boss.get(staff.page(version.classifier, "train")))


def test_the_deep_tier_is_switched_on_and_off_and_that_stands_in_the_history(boss: Client) -> None:
    classifier = _trainable()

    on = boss.post(staff.page(classifier, "train_deep"), {"deep": "on"}, follow=True)
    again = boss.post(staff.page(classifier, "train_deep"), {"deep": "on"}, follow=True)
    classifier.refresh_from_db()
    assert classifier.tries_deep
    assert "Trainings also try the deep tier. It counts from the next training on." in staff.said(on)
    assert "Deep tier: tried, too" in staff.said(again)
    off = boss.post(staff.page(classifier, "train_deep"), follow=True)

    classifier.refresh_from_db()
    assert not classifier.tries_deep
    assert "Also try the deep tier" in staff.said(off)
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == [
        "Trainings also try the deep tier.",
        "Trainings leave the deep tier out.",
    ]


def test_who_may_not_change_the_classifier_may_not_switch_the_deep_tier() -> None:
    classifier = _trainable()
    visitor = staff.login("classifiers.view_classifier", "classifiers.add_version")

    page = staff.said(visitor.get(staff.page(classifier, "train")))

    assert "Deep tier: left out" in page
    assert "Also try the deep tier" not in page
    assert visitor.post(staff.page(classifier, "train_deep"), {"deep": "on"}).status_code == 403


@pytest.mark.parametrize(
    ("deep", "said"),
    [
        ({"tried": True, "kept": True, "gain": 0.031, "noise": 0.01, "serving_ms": 2.1}, "kept, F1 +0.03"),
        ({"tried": True, "kept": False, "gain": 0.002, "noise": 0.01}, "tried, didn’t win"),
    ],
)
def test_past_trainings_say_what_became_of_the_deep_tier(boss: Client, deep: dict[str, object], said: str) -> None:
    version = DoneVersionFactory(settings={"deep": deep})

    assert said in staff.said(boss.get(staff.page(version.classifier, "train")))


def test_with_fewer_than_twenty_examples_page_and_button_refuse(boss: Client) -> None:
    classifier = ClassifierFactory()
    staff.trainable(classifier, each=9)

    page = staff.said(boss.get(staff.page(classifier, "train")))
    answer = boss.post(staff.page(classifier, "train"), follow=True)

    assert "Training needs at least 20 labelled examples; there are 18." in page
    assert "Train on" not in page
    assert "Training needs at least 20 labelled examples; there are 18." in staff.said(answer)
    assert not Version.objects.exists()


def test_what_changed_since_the_live_version_is_said(boss: Client) -> None:
    classifier = _trainable()
    version = DoneVersionFactory(classifier=classifier, number=4)
    Classifier.objects.filter(pk=classifier.pk).update(live_version=version)
    before = staff.said(boss.get(staff.page(classifier, "train")))
    for example in classifier.examples.all()[:3]:
        decisions.decide(example.pk, label_id=classifier.labels.last().pk, source=DecisionSource.PERSON)

    after = staff.said(boss.get(staff.page(classifier, "train")))

    assert "Nothing has changed since version 4 was trained." in before
    assert "3 changes to labels and texts since version 4 was trained." in after


def test_of_many_short_labels_the_rarest_are_named_and_the_others_counted(boss: Client) -> None:
    classifier = ClassifierFactory()
    for number in range(8):
        label = LabelFactory(classifier=classifier, number=number, name=f"Topic {number}")
        LabelledExampleFactory.create_batch(number + 3, classifier=classifier, label=label)

    page = staff.said(boss.get(staff.page(classifier, "train")))

    assert "“Topic 5” has 8 examples; 20 are" in page
    assert "“Topic 6” has" not in page
    assert "And 2 more labels with few examples." in page
