"""Keys of texts, version 2: texts that differ in case only are duplicates now.

Where a classifier holds several such texts, the first takes the new key and the others keep their old one: nothing is
removed, and none of them can enter again. Stored features move along with the key.
"""

import hashlib
import unicodedata

from django.db import migrations

_BATCH = 500


def _key(text, *, forgives_case):
    canonical = unicodedata.normalize("NFC", text)
    if forgives_case:
        canonical = unicodedata.normalize("NFC", canonical.casefold())
    return hashlib.sha256(" ".join(canonical.split()).encode()).hexdigest()


def _forward(apps, schema_editor):
    _rewrite(apps, forgives_case=True)


def _back(apps, schema_editor):
    _rewrite(apps, forgives_case=False)


def _rewrite(apps, *, forgives_case):
    Example = apps.get_model("classifiers", "Example")
    last_id = 0
    while batch := list(Example.objects.filter(pk__gt=last_id).order_by("pk").only("pk", "classifier_id", "text", "text_key")[:_BATCH]):
        last_id = batch[-1].pk
        moved = {}
        for example in batch:
            key = _key(example.text, forgives_case=forgives_case)
            if key != example.text_key:
                moved[example] = key
        taken = set(
            Example.objects.filter(text_key__in=set(moved.values())).values_list("classifier_id", "text_key")
        )
        changed = []
        renamed = {}
        for example, key in moved.items():
            if (example.classifier_id, key) in taken:
                continue
            taken.add((example.classifier_id, key))
            renamed.setdefault(example.text_key, key)
            example.text_key = key
            changed.append(example)
        _move_features(apps, renamed)
        Example.objects.bulk_update(changed, ["text_key"])


def _move_features(apps, renamed):
    Embedding = apps.get_model("classifiers", "Embedding")
    there = set(Embedding.objects.filter(text_key__in=set(renamed.values())).values_list("encoder_id", "text_key"))
    moved = []
    for row in Embedding.objects.filter(text_key__in=list(renamed)).only("pk", "encoder_id", "text_key"):
        key = renamed[row.text_key]
        if (row.encoder_id, key) not in there:
            there.add((row.encoder_id, key))
            row.text_key = key
            moved.append(row)
    Embedding.objects.bulk_update(moved, ["text_key"])


class Migration(migrations.Migration):

    dependencies = [
        ("classifiers", "0004_guidelines_and_suggestions"),
    ]

    operations = [migrations.RunPython(_forward, _back)]
