"""Labels of several sets that mean the same: one more head reads them together.

A head for each set learns that set's own ways: film critics' praise, one site's insults. What tells pleased from
annoyed or rude from polite wherever they write is learnt by a head that sees several sets at once. Measured with a
third of the texts, once through: docs/encoder.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from classifiers.ml.tuning.sets import LabelledSet

# By name of the shared set: what a label of a set is in it. Labels that aren't named are left out of it.
SHARED: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "shared_sentiment": {
        "mr": {"positive": "pleased", "negative": "displeased"},
        "goemotions_ekman": {
            "joy": "pleased",
            "anger": "displeased",
            "disgust": "displeased",
            "sadness": "displeased",
            "fear": "displeased",
        },
    },
    "shared_toxicity": {
        "edos_sexism": {"sexist": "toxic", "not_sexist": "fine"},
        "hate_offensive": {"hate_speech": "toxic", "offensive_language": "toxic", "neither": "fine"},
        "hatecheck": {"hateful": "toxic", "non_hateful": "fine"},
        "surge_toxicity": {"toxic": "toxic", "not_toxic": "fine"},
    },
}


def shared_sets(
    sets: Sequence[LabelledSet], *, shared: Mapping[str, Mapping[str, Mapping[str, str]]] = SHARED
) -> tuple[LabelledSet, ...]:
    """Return a set for each shared meaning that at least two of the sets have, made of their texts.

    Order: by name, the texts as in `sets`; labels sorted.
    """
    found = []
    for name, parts in sorted(shared.items()):
        present = [each for each in sets if each.name in parts]
        if len(present) < 2:
            continue
        rows = [
            (text, parts[each.name][label])
            for each in present
            for text, label in zip(each.texts, (each.labels[place] for place in each.y), strict=True)
            if label in parts[each.name]
        ]
        labels = tuple(sorted({label for _, label in rows}))
        if len(labels) < 2:
            continue
        y = np.array([labels.index(label) for _, label in rows], dtype=np.int64)
        found.append(LabelledSet(name, tuple(text for text, _ in rows), labels, y))
    return tuple(found)
