"""A version's thresholds: set, taken over by the next version, and proposed from prices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from classifiers.models import Classifier, Version
from classifiers.services import thresholds, versions
from classifiers.services.out_of_fold import NoOutOfFold
from classifiers.services.thresholds import BadCosts, BadThresholds, Costs
from tests import held_out_files, staff
from tests.factories import ClassifierFactory, DoneVersionFactory, LabelFactory

pytestmark = pytest.mark.django_db

COSTS = Costs(miss=10, wrong_flag=4, review_minute=3, review_seconds=20, caught=(3,))


@pytest.fixture
def version(request: pytest.FixtureRequest) -> Version:
    classifier = ClassifierFactory()
    LabelFactory(classifier=classifier, number=0, name="Fine")
    LabelFactory(classifier=classifier, number=3, name="Spam")
    return staff.scored(classifier, artifact_sha256=f"{abs(hash(request.node.name)):064x}"[:64])


def test_thresholds_are_kept_by_label_number_and_zero_is_none(version: Version) -> None:
    changed = [thresholds.set_thresholds(version.pk, {3: 0.7, 0: 0.0}) for _ in range(2)]

    version.refresh_from_db()
    assert version.thresholds == {"3": 0.7}
    assert changed == [True, False]
    assert thresholds.by_number(version) == {3: 0.7}


def test_all_thresholds_are_set_at_once(version: Version) -> None:
    thresholds.set_thresholds(version.pk, {0: 0.5, 3: 0.7})
    thresholds.set_thresholds(version.pk, {0: 1})

    version.refresh_from_db()
    assert version.thresholds == {"0": 1.0}


@pytest.mark.parametrize("share", [-0.1, 1.01, float("nan"), float("inf")])
def test_what_is_no_share_is_refused(version: Version, share: float) -> None:
    with pytest.raises(BadThresholds, match="a number from 0 to 1"):
        thresholds.set_thresholds(version.pk, {0: 0.5, 3: share})

    version.refresh_from_db()
    assert version.thresholds == {}


def test_a_label_that_the_version_does_not_have_is_refused(version: Version) -> None:
    with pytest.raises(BadThresholds, match="no label with the number 1"):
        thresholds.set_thresholds(version.pk, {1: 0.5})


def test_the_next_version_takes_over_what_the_live_one_has(version: Version) -> None:
    classifier = Classifier.objects.get(pk=version.classifier_id)
    thresholds.set_thresholds(version.pk, {0: 0.5, 3: 0.7})
    versions.promote(version.pk)

    # The object from before the promotion will do.
    assert thresholds.carried_over(classifier) == {"0": 0.5, "3": 0.7}


def test_a_label_that_is_gone_takes_its_threshold_with_it(version: Version) -> None:
    thresholds.set_thresholds(version.pk, {0: 0.5, 3: 0.7})
    versions.promote(version.pk)
    version.classifier.labels.filter(number=0).delete()

    assert thresholds.carried_over(version.classifier) == {"3": 0.7}


def test_the_first_version_has_nothing_to_take_over(version: Version) -> None:
    thresholds.set_thresholds(version.pk, {0: 0.5})

    assert thresholds.carried_over(version.classifier) == {}


def _held_out(version: Version, **values: Any) -> None:
    proba = [[0.9, 0.1]] * 5 + [[0.6, 0.4], [0.4, 0.6], [0.45, 0.55], [0.1, 0.9]]
    held_out_files.write(version, **{"proba": proba, "y": [0] * 7 + [1] * 2} | values)


def test_only_what_the_scores_count_is_measured(version: Version) -> None:
    _held_out(version, is_measured=[True] * 8 + [False])

    found = thresholds.measured(version)

    assert (found.numbers, len(found.y), found.proba.shape) == ((0, 3), 8, (8, 2))


def test_where_nothing_was_measured_there_is_nothing_to_show(version: Version) -> None:
    _held_out(version, is_measured=[False] * 9)

    with pytest.raises(NoOutOfFold, match="measured on no example"):
        thresholds.measured(version)


def test_what_was_rounded_to_certainty_does_not_pass_a_threshold_of_one(version: Version) -> None:
    _held_out(version, proba=[[1, 0]] * 9)

    assert thresholds.measured(version).proba.max() < 1


def test_all_labels_but_the_most_frequent_are_usually_caught(version: Version) -> None:
    _held_out(version)

    assert thresholds.usually_caught(thresholds.measured(version)) == (3,)


def test_a_proposal_is_compared_with_the_other_ways(version: Version) -> None:
    _held_out(version)

    found = thresholds.propose(thresholds.measured(version), COSTS, now={0: 0.95, 3: 0.95})

    assert found.by_none.cost == pytest.approx(4_000 / 9)
    assert found.by_people.cost == pytest.approx(1_000)
    assert found.by_now.reviews == pytest.approx(1_000)
    assert found.outcome.cost < found.by_none.cost
    assert found.shares.keys() == {0, 3}


def test_prices_are_kept_for_the_next_time(version: Version) -> None:
    thresholds.keep_costs(version.classifier_id, replace(COSTS, caught=(3, 3)), known=(0, 3))

    assert thresholds.kept_costs(Classifier.objects.get(pk=version.classifier_id)) == COSTS
    assert thresholds.kept_costs(DoneVersionFactory().classifier) is None


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"miss": -1}, "A price is a number from 0"),
        ({"wrong_flag": float("nan")}, "A price is a number from 0"),
        ({"review_minute": 2e9}, "A price is a number from 0"),
        ({"review_seconds": 0}, "A review takes more than 0"),
        ({"miss": 0, "wrong_flag": 0}, "Give a price to one"),
        ({"caught": ()}, "at least one label to be caught"),
        ({"caught": (0, 3)}, "at least one that may pass"),
        ({"caught": (7,)}, "Some of these labels aren't there"),
    ],
)
def test_prices_that_lead_nowhere_are_refused(version: Version, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadCosts, match=sentence):
        thresholds.keep_costs(version.classifier_id, replace(COSTS, **values), known=(0, 3))

    assert thresholds.kept_costs(Classifier.objects.get(pk=version.classifier_id)) is None
