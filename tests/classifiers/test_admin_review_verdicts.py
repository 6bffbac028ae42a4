"""The Review page's figures beside the scores: how far they can be trusted, what would help, how it was made."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from classifiers.admin import curves, recipes, scores, verdicts
from classifiers.models import Classifier, Version
from tests import staff
from tests.factories import ClassifierFactory, HeldOutFactory, LabelFactory

NAMES = ("Fine", "Spam", "Promo")
FULL: dict[str, Any] = {
    "macro_f1": 0.82,
    "baseline_macro_f1": 0.25,
    "descriptions_macro_f1": 0.61,
    "interval": [0.781, 0.852],
    "ece": 0.031,
    "brier": 0.214,
    "curve": [{"count": 120, "macro_f1": 0.71}, {"count": 240, "macro_f1": 0.79}, {"count": 480, "macro_f1": 0.82}],
    "gains": [{"number": 2, "more": 60, "gain": 0.04}],
    "confusion": [[90, 5, 5], [2, 50, 8], [3, 6, 51]],
}


@pytest.fixture
def boss() -> Client:
    return staff.login()


def _scored(*names: str, settings: dict[str, Any] | None = None, **more: Any) -> Version:
    classifier = ClassifierFactory()
    for number, name in enumerate(names or NAMES):
        LabelFactory(classifier=classifier, number=number, name=name)
    version = staff.scored(classifier, settings=settings or {}, macro_f1=0.82)
    version.scores |= more
    for label, row in zip(version.scores["labels"], version.scores["confusion"], strict=True):
        label["support"] = sum(row)
    version.save(update_fields=["scores"])
    return version


def _page(boss: Client, classifier: Classifier) -> Any:
    return boss.get(staff.page(classifier, "review"))


def _links(response: Any) -> dict[str, str]:
    return {name: url for step in response.context["next_steps"] for name, url in step.links}


@pytest.mark.django_db
@pytest.mark.slow
def test_everything_that_was_measured_is_said(boss: Client) -> None:
    settings = {"parts": ["layers", "character n-grams"], "dropped": ["Self-training was left out for time."]}
    version = _scored(settings=settings, **FULL)

    page = staff.said(_page(boss, version.classifier))

    for sentence in (
        "With other examples of the same kind it would lie between 0.78 and 0.85 in 95 of 100 cases.",
        "Going by the label descriptions alone",
        "A perfect 1 is uncommon for real problems",
        "about 87 to 93 % are right",
        "calling all labels equally likely gives 0.67",
        "About 60 more “Promo” would gain about 4 points.",
        "480 examples: F1 0.82",
        "layers, character n-grams",
        "Self-training was left out for time.",
    ):
        assert sentence in page


@pytest.mark.django_db
@pytest.mark.slow
def test_a_version_from_before_is_shown_with_what_it_has(boss: Client) -> None:
    version = _scored(confusion=[[10, 0, 0], [0, 10, 0], [0, 0, 10]])

    page = staff.said(_page(boss, version.classifier))

    assert "95 of 100" not in page
    assert "Calibration error" not in page
    assert "Train it again to see this." in page
    assert "This version has no learning curve" in page
    assert "Nothing stands out." in page


@pytest.mark.django_db
@pytest.mark.slow
def test_advice_leads_to_where_it_can_be_followed(boss: Client) -> None:
    version = _scored(**FULL)
    classifier = version.classifier
    promo = classifier.labels.get(number=2)
    HeldOutFactory(version=version, label_number=1, predicted_number=2)

    response = _page(boss, classifier)

    links = _links(response)
    assert links["Add examples"] == staff.page(classifier, "data")
    assert links["See those it has"].endswith(f"?classifier__id__exact={classifier.pk}&label__id__exact={promo.pk}")
    assert links["Look at the descriptions"] == staff.page(classifier, "labels")
    assert links["See what was mixed up"].endswith(f"?version={version.number}&actual=1&predicted=2#mistakes")
    assert [boss.get(url).status_code for url in links.values()] == [200] * len(links)


@pytest.mark.django_db
@pytest.mark.slow
def test_what_a_label_of_then_is_called_now_makes_no_odds(boss: Client) -> None:
    version = _scored(**FULL)
    version.classifier.labels.get(number=2).delete()

    response = _page(boss, version.classifier)

    assert response.status_code == 200
    assert "See those it has" not in _links(response)


@pytest.mark.django_db
@pytest.mark.slow
def test_of_many_labels_the_most_confused_pairs_are_listed(boss: Client) -> None:
    count = 77
    confusion = [[10 if row == column else 0 for column in range(count)] for row in range(count)]
    for place in range(30):
        confusion[place][place + 1] = 30 - place
    version = _scored(*(f"Intent {number}" for number in range(count)), confusion=confusion)

    response = _page(boss, version.classifier)

    pairs = response.context["pairs"]
    assert (response.context["matrix"], len(pairs)) == ([], 20)
    assert [(pair.actual, pair.predicted, pair.count, pair.total) for pair in pairs[:2]] == [
        (0, 1, 30, 40),
        (1, 2, 29, 39),
    ]
    assert f"?version={version.number}&amp;actual=0&amp;predicted=1#mistakes" in staff.said(response)
    assert "30 of 40, 75 %" in staff.said(response)


def test_few_labels_have_a_matrix_and_no_list() -> None:
    labels = [{"number": number, "name": str(number)} for number in range(20)]
    confusion = [[1] * 20] * 20

    version = Version(scores={"labels": labels, "confusion": confusion})

    assert (len(scores.confusion(version)), scores.confused_pairs(version)) == (20, [])


def test_a_version_without_scores_per_label_has_no_pairs() -> None:
    assert scores.confused_pairs(Version(scores={})) == []


def test_scores_stand_beside_what_has_to_be_beaten() -> None:
    version = Version(macro_f1=0.82, scores=FULL | {"golden": {"count": 40, "macro_f1": 0.79}})

    assert [(bar.name, bar.percent, bar.is_own) for bar in verdicts.bars(version)] == [
        ("This version", 82, True),
        ("This version on the golden set", 79, True),
        ("Going by the label descriptions alone", 61, False),
        ("Always the most frequent label", 25, False),
    ]


@pytest.mark.django_db
@pytest.mark.slow
def test_a_golden_set_has_its_own_figures(boss: Client) -> None:
    golden = {
        "count": 40, "accuracy": 0.8, "macro_f1": 0.79, "baseline_macro_f1": 0.2, "interval": [0.7, 0.86], "labels": []
    }  # fmt: skip
    version = _scored(**FULL, golden=golden)

    page = staff.said(_page(boss, version.classifier))

    assert "This version on the golden set" in page
    assert "F1 on 40 examples that it has never learnt from, 0.70 to 0.86" in page


@pytest.mark.parametrize(
    ("ece", "said"),
    [
        (0.002, "0.00: of the texts that it calls 90 % sure, about 90 % are right."),
        (0.012, "off by 1 point on average. Of the texts that it calls 90 % sure, about 89 to 91 % are right."),
        (0.2, "off by 20 points on average. Of the texts that it calls 90 % sure, about 70 to 100 % are right."),
    ],
)
def test_calibration_is_said_in_words(ece: float, said: str) -> None:
    (sentence,) = verdicts.calibration(Version(labels=[{}, {}], scores={"ece": ece}))

    assert sentence.endswith(said)


def test_a_ranking_says_how_well_it_keeps_the_order() -> None:
    said = verdicts.order(Version(scores={"kappa": 0.712, "spearman": 0.78}))

    assert [sentence.partition(":")[0] for sentence in said] == ["Quadratic weighted kappa 0.71", "Spearman 0.78"]
    assert verdicts.order(Version(scores={})) == []


@pytest.mark.parametrize(
    ("deep", "said"),
    [
        ({"tried": True, "kept": True, "gain": 0.021, "noise": 0.008, "serving_ms": 3.2},
         "kept; it gained 2.1 points of F1. Each text takes about 3 ms more"),
        ({"tried": True, "kept": False, "gain": 0.003, "noise": 0.01},
         "tried and left out; it gained 0.3 points of F1, no more than chance would (1.0)"),
        ({"tried": True, "kept": False}, "tried and left out"),
        ({"tried": False}, None),
        (None, None),
    ],
    ids=["kept", "no gain", "no figures", "not tried", "before"],
)  # fmt: skip
def test_the_deep_tier_says_what_it_gained_and_costs(deep: dict[str, Any] | None, said: str | None) -> None:
    facts = {fact.name: fact.said for fact in recipes.facts(Version(settings={"deep": deep}))}

    assert facts.get("Deep tier") == said


def test_how_it_was_made_is_said_of_versions_from_before_too() -> None:
    version = Version(
        example_count=1_200, encoder_id="old-1", settings={"head": "logistic regression", "C": 3.0, "folds": 5}
    )

    assert [fact.said for fact in recipes.facts(version)] == [
        "1,200 examples", "logistic regression", "3", "5 folds", "old-1"
    ]  # fmt: skip
    assert recipes.dropped(version) == []


def test_layers_are_said_in_numbers() -> None:
    facts = {fact.name: fact.said for fact in recipes.facts(Version(settings={"layers": [2, 4, 6], "C": 0.3}))}

    assert facts["Layers of the encoder"] == "2, 4, 6"
    assert facts["C (the higher, the closer to the examples)"] == "0.3"


def _drawn(*points: tuple[int, float]) -> curves.Chart | None:
    curve = [{"count": count, "macro_f1": score} for count, score in points]
    return curves.draw(Version(scores={"curve": curve}))


def test_each_doubling_takes_the_same_width() -> None:
    chart = _drawn((100, 0.5), (200, 0.6), (400, 0.7))

    assert chart is not None
    assert [(point.x, point.y) for point in chart.points] == [
        ("12.00%", "78.00%"),
        ("52.00%", "46.00%"),
        ("92.00%", "14.00%"),
    ]
    assert [(segment.x1, segment.x2) for segment in chart.segments] == [("12.00%", "52.00%"), ("52.00%", "92.00%")]
    assert [tick.macro_f1 for tick in chart.ticks] == pytest.approx([0.5, 0.6, 0.7])


@pytest.mark.parametrize(
    ("score", "low", "high"), [(0.7, 0.7, 0.8), (1.0, 0.9, 1.0), (0.0, 0.0, 0.1), (0.75, 0.7, 0.8)]
)
def test_a_flat_curve_is_no_mountain(score: float, low: float, high: float) -> None:
    chart = _drawn((100, score), (200, score))

    assert chart is not None
    assert [chart.ticks[0].macro_f1, chart.ticks[-1].macro_f1] == pytest.approx([low, high])


@pytest.mark.parametrize("points", [(), ((100, 0.5),), ((100, 0.5), (100, 0.6)), ((0, 0.5), (100, 0.6))])
def test_fewer_than_two_points_are_no_curve(points: tuple[tuple[int, float], ...]) -> None:
    assert _drawn(*points) is None
