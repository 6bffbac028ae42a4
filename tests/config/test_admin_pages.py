"""Every page of the admin opens, whatever is in the house, and for staff only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from classifiers.models import Example, ImportRun
from moderation.runs import RunState
from tests import staff
from tests.factories import (
    AnalyzerSettingFactory,
    ClassifierFactory,
    ExampleFactory,
    ImportRunFactory,
    LabelledExampleFactory,
    RequestLogFactory,
    VersionFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

_MODELS = {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}
_LISTS = sorted(_MODELS)
_ADDABLE = ("classifiers_classifier", "moderation_project", "moderation_apikey", "auth_user", "auth_group")


@pytest.fixture
def boss() -> Client:
    return staff.login()


@pytest.mark.parametrize("name", _LISTS)
@pytest.mark.parametrize("is_filled", [False, True], ids=["empty", "filled"])
def test_every_list_opens(boss: Client, name: str, is_filled: bool) -> None:
    if is_filled:
        staff.filled()

    response = boss.get(reverse(f"admin:{name}_changelist"))

    assert response.status_code == 200


@pytest.mark.parametrize("name", _ADDABLE)
def test_every_form_for_something_new_opens(boss: Client, name: str) -> None:
    response = boss.get(reverse(f"admin:{name}_add"))

    assert response.status_code == 200


@pytest.mark.parametrize("name", _LISTS)
def test_the_page_of_each_row_opens(boss: Client, name: str) -> None:
    staff.filled()
    model = _MODELS[name]

    for row in model._default_manager.all():
        response = boss.get(reverse(f"admin:{name}_change", args=[row.pk]), follow=True)

        assert response.status_code == 200


@pytest.mark.parametrize("step", staff.STEPS)
@pytest.mark.parametrize("is_filled", [False, True], ids=["empty", "filled"])
def test_every_step_opens(boss: Client, step: str, is_filled: bool) -> None:
    classifier = staff.filled() if is_filled else ClassifierFactory()

    response = boss.get(staff.page(classifier, step))

    assert response.status_code == 200


@pytest.mark.parametrize("step", staff.STEPS)
def test_every_step_shows_texts_and_names_as_text(boss: Client, step: str) -> None:
    classifier = staff.filled()

    response = boss.get(staff.page(classifier, step))

    for markup in ("<script>alert", "<b>bold", "<i>.csv"):
        assert markup not in staff.said(response)


@pytest.mark.parametrize("step", staff.STEPS)
def test_every_step_sends_strangers_to_the_login(client: Client, step: str) -> None:
    address = staff.page(ClassifierFactory(), step)

    response = client.get(address)

    assert (response.status_code, response["Location"]) == (302, f"{reverse('admin:login')}?next={address}")


@pytest.mark.parametrize("name", _LISTS)
def test_every_list_sends_strangers_to_the_login(client: Client, name: str) -> None:
    response = client.get(reverse(f"admin:{name}_changelist"))

    assert response.status_code == 302


@pytest.mark.parametrize("step", staff.STEPS)
def test_a_step_of_a_classifier_that_is_not_there_is_not_found(boss: Client, step: str) -> None:
    classifier = ClassifierFactory()
    address = staff.page(classifier, step)
    classifier.delete()

    assert boss.get(address).status_code == 404


@pytest.mark.parametrize("state", RunState.values)
def test_the_page_of_an_upload_opens_in_every_state(boss: Client, state: str) -> None:
    run = ImportRun.objects.get(classifier=staff.filled(), state=state)

    response = boss.get(reverse("admin:classifiers_importrun_change", args=[run.pk]), follow=True)

    assert response.status_code == 200


def test_every_entry_of_the_sidebar_opens(boss: Client) -> None:
    groups = boss.get(reverse("admin:index")).context["sidebar_navigation"]

    links = [item["link"] for group in groups for item in group["items"]]

    assert len(links) > 8
    assert {boss.get(link).status_code for link in links} == {200}


def test_the_sidebar_offers_only_what_a_person_may_open() -> None:
    response = staff.login("classifiers.view_classifier").get(reverse("admin:index"))

    offered = [
        item["title"]
        for group in response.context["sidebar_navigation"]
        for item in group["items"]
        if item["has_permission"]
    ]

    assert offered == ["Overview", "Classifiers"]


def _make_rows() -> None:
    classifier = ClassifierFactory()
    LabelledExampleFactory(classifier=classifier)
    VersionFactory(classifier=classifier)
    ImportRunFactory(classifier=classifier)
    RequestLogFactory(project=AnalyzerSettingFactory().project)


@pytest.mark.parametrize(
    "name",
    [
        "classifiers_classifier",
        "classifiers_example",
        "classifiers_version",
        "classifiers_importrun",
        "moderation_project",
        "moderation_requestlog",
    ],
)
def test_a_list_takes_as_many_queries_for_ten_rows_as_for_one(
    boss: Client, name: str, django_assert_max_num_queries: Any
) -> None:
    address = reverse(f"admin:{name}_changelist")
    _make_rows()
    with django_assert_max_num_queries(100) as for_one:
        boss.get(address)
    for _ in range(9):
        _make_rows()

    with django_assert_max_num_queries(len(for_one)):
        boss.get(address)


def test_no_list_counts_the_examples_or_the_log(boss: Client, django_assert_max_num_queries: Any) -> None:
    _make_rows()

    with django_assert_max_num_queries(100) as asked:
        boss.get(reverse("admin:classifiers_example_changelist"), {"_facets": "True"})
        boss.get(reverse("admin:moderation_requestlog_changelist"), {"_facets": "True"})

    # Counting and looking for all values of a column both read the whole table.
    whole = [query["sql"] for query in asked if "COUNT(" in query["sql"] or "DISTINCT" in query["sql"]]
    assert [sql for sql in whole if "_example" in sql or "_requestlog" in sql] == []


def test_a_long_text_is_shortened_in_the_list(boss: Client) -> None:
    ExampleFactory(text="a" * 100_000)

    response = boss.get(reverse("admin:classifiers_example_changelist"))

    assert "a" * 140 + "…" in staff.said(response)
    assert "a" * 141 not in staff.said(response)


def test_the_menu_of_labels_in_the_filters_is_the_chosen_classifier_s(boss: Client) -> None:
    chosen, other = staff.filled(), ClassifierFactory()
    other.labels.create(number=0, name="Somebody else's")
    address = reverse("admin:classifiers_example_changelist")

    filtered = boss.get(address, {"classifier__id__exact": chosen.pk})
    unfiltered = boss.get(address)

    assert f"0 {staff.LONG_NAME}"[:60] in staff.said(filtered)
    assert "Somebody else" not in staff.said(filtered) + staff.said(unfiltered)


_TEMPLATES = sorted(Path(django_settings.BASE_DIR, "templates").rglob("*.html"))


@pytest.mark.parametrize("path", _TEMPLATES, ids=lambda path: path.name)
def test_no_template_of_ours_has_a_style_a_script_or_a_handler_in_it(path: Path) -> None:
    source = path.read_text(encoding="utf-8")

    assert re.findall(r"\sstyle=|<style|<script(?! src=)|\son[a-z]+=", source) == []


def test_deleting_is_offered_for_examples_only(boss: Client) -> None:
    classifier = staff.filled()
    example = Example.objects.filter(classifier=classifier).first()

    asked = {
        "example": boss.get(reverse("admin:classifiers_example_delete", args=[example.pk])).status_code,
        "classifier": boss.get(reverse("admin:classifiers_classifier_delete", args=[classifier.pk])).status_code,
    }

    assert asked == {"example": 200, "classifier": 403}
