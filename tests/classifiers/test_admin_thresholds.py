"""The Thresholds page: what a setting would do, applied at a click; and one proposed from prices."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from classifiers.models import Classifier, Version
from classifiers.services import versions
from tests import held_out_files, staff
from tests.factories import ClassifierFactory, LabelFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# A text of each kind: surely fine, unsure, surely spam.
PROBA = [[0.9, 0.1]] * 12 + [[0.6, 0.4]] * 12 + [[0.05, 0.95]] * 12
Y = [0] * 12 + [0, 1] * 6 + [1] * 12
PRICES = {"miss": "5", "wrong_flag": "2", "review_minute": "0.6", "review_seconds": "30", "caught": ["3"]}


@pytest.fixture
def boss() -> Client:
    return staff.login()


@pytest.fixture
def version(request: pytest.FixtureRequest) -> Version:
    classifier = ClassifierFactory()
    LabelFactory(classifier=classifier, number=0, name="Fine")
    LabelFactory(classifier=classifier, number=3, name="Spam")
    made = staff.scored(classifier, number=2, artifact_sha256=f"{abs(hash(request.node.name)):064x}"[:64])
    held_out_files.write(made, proba=PROBA, y=Y)
    return versions.promote(made.pk)


def _get(boss: Client, of: Version, name: str = "thresholds", /, **query: Any) -> Any:
    return boss.get(staff.page(of.classifier, name), query)


def _post(boss: Client, of: Version, name: str = "thresholds", /, **fields: Any) -> Any:
    return boss.post(staff.page(of.classifier, name), {"version": of.number, **fields}, follow=True)


def _figure(page: str, name: str) -> str:
    found = re.search(rf'data-hr-figure="{name}">([^<]*)<', page)
    assert found is not None, page
    return found.group(1)


def test_a_threshold_for_all_labels_shows_what_it_would_do(boss: Client, version: Version) -> None:
    page = staff.said(_get(boss, version, mode="all", all="0.7"))

    assert [_figure(page, name) for name in ("precision", "recall", "undecided")] == ["1.00", "0.67", "33 %"]


def test_one_for_each_label_shows_what_they_would_do(boss: Client, version: Version) -> None:
    response = _get(boss, version, mode="each", t0="0.7", t3="0.3", of="3")

    page = staff.said(response)
    # The unsure ones are all given “Spam” now.
    assert (_figure(page, "precision"), _figure(page, "undecided")) == ("0.83", "0 %")
    assert [round(row.figures.per_1000) for row in response.context["rows"]] == [333, 667]
    assert "The threshold of “Spam”" in page


def test_the_figures_alone_are_the_same_as_on_the_page(boss: Client, version: Version) -> None:
    query = {"mode": "all", "all": "0.7", "version": version.number}

    page, figures = (staff.said(_get(boss, version, name, **query)) for name in ("thresholds", "threshold_figures"))

    assert _figure(figures, "precision") == _figure(page, "precision")
    assert "<html" not in figures


def test_without_a_query_the_setting_that_holds_is_shown(boss: Client, version: Version) -> None:
    Version.objects.update(thresholds={"0": 0.7, "3": 0.3})

    response = _get(boss, version)

    assert response.context["tried"].is_each
    assert _figure(staff.said(response), "precision") == "0.83"
    assert "Version 2 has <bdi>“Fine” from 0.7, “Spam” from 0.3</bdi>." in staff.said(response)


@pytest.mark.parametrize("value", ["", "x", "-0.1", "1.5", "nan", "inf", "1" * 5_000])
@pytest.mark.parametrize("name", ["thresholds", "threshold_figures"])
@pytest.mark.parametrize("mode", ["all", "each"])
def test_what_is_no_threshold_is_said(boss: Client, version: Version, name: str, mode: str, value: str) -> None:
    response = _get(boss, version, name, mode=mode, all=value, t0=value)

    assert response.status_code == 200
    assert "A threshold is a number from 0 to 1" in staff.said(response)


def test_a_decimal_comma_is_understood(boss: Client, version: Version) -> None:
    assert _figure(staff.said(_get(boss, version, mode="all", all="0,7")), "precision") == "1.00"


def test_what_is_applied_counts_and_is_logged(boss: Client, version: Version) -> None:
    response = _post(boss, version, t0="0.7", t3="0.7")

    version.refresh_from_db()
    assert version.thresholds == {"0": 0.7, "3": 0.7}
    assert "0.7 for all labels. It applies from the next request on." in staff.said(response)
    assert "Thresholds of version 2: 0.7 for all labels." in LogEntry.objects.get().change_message


def test_applying_what_holds_already_is_not_logged_again(boss: Client, version: Version) -> None:
    for _ in range(2):
        _post(boss, version, t3="0.7")

    assert LogEntry.objects.count() == 1


def test_all_thresholds_can_be_removed(boss: Client, version: Version) -> None:
    Version.objects.update(thresholds={"0": 0.7})
    assert "Remove all thresholds" in staff.said(_get(boss, version))

    page = staff.said(_post(boss, version))

    version.refresh_from_db()
    assert version.thresholds == {}
    assert "No thresholds. It applies from the next request on." in page
    assert "Remove all thresholds" not in page


def test_the_button_applies_what_is_shown(boss: Client, version: Version) -> None:
    page = staff.said(_get(boss, version, "threshold_figures", mode="each", t0="0.25", t3="0"))

    assert re.findall(r'name="(t\d+)" value="([^"]+)"', page) == [("t0", "0.25")]


@pytest.mark.parametrize("value", ["1.5", "x", "nan"])
def test_a_bad_threshold_is_not_applied(boss: Client, version: Version, value: str) -> None:
    page = staff.said(_post(boss, version, t0="0.5", t3=value))

    version.refresh_from_db()
    assert version.thresholds == {}
    assert "A threshold is a number from 0 to 1" in page


def test_another_version_than_the_live_one_is_set_for_when_it_is_live(boss: Client, version: Version) -> None:
    newer = staff.scored(version.classifier, number=3)

    page = staff.said(_post(boss, newer, t3="0.7"))

    newer.refresh_from_db()
    version.refresh_from_db()
    assert (newer.thresholds, version.thresholds) == ({"3": 0.7}, {})
    assert "It applies once version 3 is live." in page


@pytest.mark.parametrize("number", ["9", "x", "9" * 30])
def test_a_version_that_is_not_there_is_not_found(boss: Client, version: Version, number: str) -> None:
    assert _get(boss, version, version=number).status_code == 404
    assert boss.post(staff.page(version.classifier, "thresholds"), {"version": number}).status_code == 404


def test_presets_say_what_they_would_give(boss: Client, version: Version) -> None:
    presets = {preset.name: preset for preset in _get(boss, version).context["presets"]}

    assert presets["Careful"].share == "0.61"
    assert "precision 1.00" in presets["Careful"].said
    assert "33 % left undecided" in presets["Careful"].said
    assert presets["Answer everything"].share == "0"


def test_a_preset_that_cannot_be_had_says_so(boss: Client) -> None:
    classifier = ClassifierFactory()
    LabelFactory.create_batch(2, classifier=classifier)
    version = staff.scored(classifier, number=1, artifact_sha256="c" * 64)
    held_out_files.write(version, proba=[[0.9, 0.1]] * 20, y=[0, 1] * 10)

    presets = {preset.name: preset for preset in _get(boss, version).context["presets"]}

    assert presets["Careful"].share == ""
    assert "no threshold reaches that" in presets["Careful"].said


def test_a_version_without_the_file_can_be_set_without_figures(boss: Client, version: Version) -> None:
    older = staff.scored(version.classifier, number=1, artifact_path="some/older", artifact_sha256="d" * 64)

    page = staff.said(_get(boss, version, version=1, mode="all", all="0.6"))
    _post(boss, older, t0="0.6", t3="0.6")

    older.refresh_from_db()
    assert "Train it again to see this." in page
    assert "From what a mistake costs" not in page
    assert older.thresholds == {"0": 0.6, "3": 0.6}


def test_without_a_version_the_page_leads_to_the_training(boss: Client) -> None:
    classifier = ClassifierFactory()

    response = boss.get(staff.page(classifier, "thresholds"))

    assert "There is no version to set a threshold for yet." in staff.said(response)
    assert boss.get(staff.page(classifier, "threshold_figures")).status_code == 404
    assert boss.post(staff.page(classifier, "threshold_costs"), PRICES).status_code == 404
    assert boss.post(staff.page(classifier, "thresholds")).status_code == 404


def test_prices_lead_to_a_proposal_that_can_be_applied(boss: Client, version: Version) -> None:
    response = _post(boss, version, "threshold_costs", **PRICES)

    page = staff.said(response)
    assert Classifier.objects.get().costs["caught"] == [3]
    assert "Between the two a person reviews it: its label is null" in page
    assert [way.name for way in response.context["ways"]] == [
        "Proposed",
        "Without thresholds",
        "A person looks at each text",
    ]
    fields = dict(response.context["proposed_fields"])
    _post(boss, version, **fields)
    shown = _get(boss, version).context
    assert shown["ways"][1].outcome == shown["ways"][0].outcome
    assert shown["figures"].undecided == pytest.approx(1 / 3)


def test_a_proposal_for_more_labels_says_from_where_each_is_flagged(boss: Client) -> None:
    classifier = ClassifierFactory()
    for number, name in enumerate(("Fine", "Spam", "Advert")):
        LabelFactory(classifier=classifier, number=number, name=name)
    version = staff.scored(classifier, number=1, artifact_sha256="b" * 64)
    proba = [[0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.2, 0.2, 0.6], [0.4, 0.3, 0.3]]
    held_out_files.write(version, proba=proba * 3, y=[0, 1, 2, 1] * 3)

    response = _post(boss, version, "threshold_costs", **PRICES | {"caught": ["1", "2"]})

    assert "Flagged: “Spam” from" in staff.said(response)
    assert "Allowed: any other label, from" in staff.said(response)
    assert "so few that single texts decide" in staff.said(response)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"miss": ""}, "Say what a miss costs"),
        ({"miss": "-1"}, "greater than or equal to 0"),
        ({"miss": "nan"}, "Enter a number"),
        ({"review_seconds": "0"}, "A review takes more than 0"),
        ({"miss": "0", "wrong_flag": "0"}, "Give a price to one"),
        ({"caught": []}, "Choose at least one label to be caught"),
        ({"caught": ["0", "3"]}, "leave at least one that may pass"),
        ({"caught": ["7"]}, "Select a valid choice"),
        ({"caught": ["x"]}, "Select a valid choice"),
    ],
)
def test_a_bad_price_is_said_and_not_kept(
    boss: Client, version: Version, fields: dict[str, Any], sentence: str
) -> None:
    page = staff.said(_post(boss, version, "threshold_costs", **PRICES | fields))

    assert sentence in page
    assert Classifier.objects.get().costs == {}


def test_prices_for_labels_that_the_version_has_not_say_so(boss: Client, version: Version) -> None:
    Classifier.objects.update(
        costs={"miss": 1, "wrong_flag": 1, "review_minute": 1, "review_seconds": 9, "caught": [8]}
    )

    assert "Choose the labels to be caught again." in staff.said(_get(boss, version))


def test_who_may_only_look_tries_and_changes_nothing(version: Version) -> None:
    visitor = staff.login("classifiers.view_classifier")

    page = staff.said(_get(visitor, version, mode="all", all="0.7"))

    assert (_figure(page, "precision"), "data-hr-apply" in page) == ("1.00", False)
    assert _post(visitor, version, t0="0.5").status_code == 403
    assert _post(visitor, version, "threshold_costs", **PRICES).status_code == 403
    version.refresh_from_db()
    assert version.thresholds == {}


def test_names_are_shown_as_text(boss: Client) -> None:
    classifier = ClassifierFactory()
    LabelFactory(classifier=classifier, number=0, name="<b>Fine</b>")
    LabelFactory(classifier=classifier, number=1, name="<i>Spam</i>")
    version = staff.scored(classifier, number=1, artifact_sha256="a" * 64)
    held_out_files.write(version, proba=PROBA, y=Y)
    version.thresholds = {"1": 0.5}
    version.save()

    page = staff.said(_get(boss, version))

    assert "<b>Fine" not in page
    assert "<i>Spam" not in page


def test_the_review_and_the_use_lead_here(boss: Client, version: Version) -> None:
    address = staff.page(version.classifier, "thresholds")

    assert all(address in staff.said(_get(boss, version, name)) for name in ("review", "use"))
