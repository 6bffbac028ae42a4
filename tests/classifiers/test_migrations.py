"""Data migrations, on filled tables, both ways."""

from __future__ import annotations

import hashlib
import importlib

import pytest
from django.apps import apps

from classifiers.importing.fingerprint import text_key
from classifiers.models import Embedding, Example
from tests.factories import ClassifierFactory, ExampleFactory

pytestmark = pytest.mark.django_db

_keys = importlib.import_module("classifiers.migrations.0005_text_keys_forgive_case")


def _old_key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _as_before(text: str, **values: object) -> Example:
    return ExampleFactory(text=text, text_key=_old_key(text), **values)


def test_keys_forgive_case_and_features_move_along() -> None:
    example = _as_before("Free gift")
    Embedding.objects.create(text_key=example.text_key, encoder_id="some", vector=b"12")

    _keys._forward(apps, None)

    example.refresh_from_db()
    assert example.text_key == text_key("free gift")
    assert Embedding.objects.get().text_key == example.text_key


def test_texts_that_became_duplicates_both_stay() -> None:
    classifier = ClassifierFactory()
    first, second = (_as_before(text, classifier=classifier) for text in ("Free gift", "FREE gift"))
    elsewhere = _as_before("FREE gift")

    _keys._forward(apps, None)

    keys = dict(Example.objects.values_list("pk", "text_key"))
    new = text_key("free gift")
    assert keys == {first.pk: new, second.pk: _old_key("FREE gift"), elsewhere.pk: new}


def test_the_way_back_gives_the_old_keys() -> None:
    example = ExampleFactory(text="Free gift")

    _keys._back(apps, None)

    example.refresh_from_db()
    assert example.text_key == _old_key("Free gift")


def test_more_than_a_batch_is_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_keys, "_BATCH", 2)
    for number in range(5):
        _as_before(f"Gift {number}")

    _keys._forward(apps, None)

    assert {example.text_key == text_key(example.text) for example in Example.objects.all()} == {True}
