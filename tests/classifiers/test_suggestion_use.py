"""Whether suggestions are learnt from, and how sure they must be."""

from __future__ import annotations

import pytest

from classifiers.services import suggestion_use
from classifiers.services.suggestion_use import BadFloor
from tests.factories import ClassifierFactory

pytestmark = pytest.mark.django_db


def test_the_setting_is_kept_for_this_classifier_alone() -> None:
    classifier, other = ClassifierFactory(), ClassifierFactory()

    is_changed = suggestion_use.change(classifier.pk, trains_on_suggestions=False, floor=0.9)

    classifier.refresh_from_db()
    other.refresh_from_db()
    assert is_changed
    assert (classifier.trains_on_suggestions, classifier.suggestion_floor) == (False, 0.9)
    assert (other.trains_on_suggestions, other.suggestion_floor) == (True, 0.7)


@pytest.mark.parametrize(("use", "floor", "is_changed"), [(True, 0.7, False), (False, 0.7, True), (True, 0.8, True)])
def test_it_says_whether_anything_is_another_than_before(use: bool, floor: float, is_changed: bool) -> None:
    classifier = ClassifierFactory()

    assert suggestion_use.change(classifier.pk, trains_on_suggestions=use, floor=floor) is is_changed


@pytest.mark.parametrize("floor", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_floor_that_is_no_share_is_refused(floor: float) -> None:
    classifier = ClassifierFactory()

    with pytest.raises(BadFloor, match="0 to 100 %"):
        suggestion_use.change(classifier.pk, trains_on_suggestions=True, floor=floor)
    classifier.refresh_from_db()
    assert classifier.suggestion_floor == 0.7
