"""Why a version says what it says: words that weigh, and examples that are alike, on a real version."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from django.conf import settings

from classifiers.ml import nearest
from classifiers.models import Classifier, Example, Version
from classifiers.services import encoders, explanations
from classifiers.services.explanations import Explanation
from classifiers.services.trials import NotTried
from moderation.text import normalize
from tests.factories import ClassifierFactory, HeldOutFactory, LabelledExampleFactory
from tests.live_versions import go_live

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("encoder_folder")]

_LEARNT = (
    ("pay me by bank transfer", "Payment"),
    ("send the money to my bank account", "Payment"),
    ("wire it to me, not here", "Payment"),
    ("hello, how are you?", "Greeting"),
    ("good morning to you", "Greeting"),
)
_TEXT = "hi, just send the money to my bank"


def _live() -> Version:
    """Return a live version with examples beside it that it could have learnt from."""
    go_live(classifier := ClassifierFactory())
    labels = {label.name: label for label in classifier.labels.all()}
    for text, name in _LEARNT:
        LabelledExampleFactory(classifier=classifier, text=text, label=labels[name])
    version = Classifier.objects.select_related("live_version").get(pk=classifier.pk).live_version
    _keep(version, list(classifier.examples.order_by("pk")))
    return version


def _keep(version: Version, examples: Sequence[Example]) -> None:
    X = encoders.get_encoder().encode([normalize(example.text).content for example in examples])
    y = np.array([example.label.number for example in examples])
    ids = np.array([example.pk for example in examples])
    index = nearest.build(X, y, ids, layer_count=3, rng=np.random.default_rng(0))
    nearest.write(settings.ARTIFACTS_DIR / version.artifact_path, index)


def _alike(explanation: Explanation) -> list[str]:
    return [neighbor.example.text for neighbor in explanation.neighbors]


def test_a_text_is_explained_by_the_nearest_examples_and_its_words() -> None:
    explanation = explanations.explain(_live(), text=_TEXT)

    assert (explanation.finding.label, explanation.label) == ("Payment", "Payment")
    assert _alike(explanation)[0] == "send the money to my bank account"
    assert [neighbor.label for neighbor in explanation.neighbors] == ["Payment"] * 3
    cosines = [neighbor.cosine for neighbor in explanation.neighbors]
    assert cosines == sorted(cosines, reverse=True)
    assert explanation.nearest_problem == ""
    words = {_TEXT[word.start : word.end]: word.contribution for word in explanation.weighed.words}
    assert list(words) == _TEXT.split()
    assert max(words, key=words.__getitem__) in ("bank", "money")
    assert words["hi,"] < 0
    assert explanation.duration_ms > 0


def test_where_no_label_passes_the_words_are_weighed_for_the_surest() -> None:
    version = _live()
    version.thresholds = {"0": 1.01, "1": 1.01}
    version.save(update_fields=["thresholds"])

    explanation = explanations.explain(version, text=_TEXT)

    assert (explanation.finding.label, explanation.label) == (None, "Payment")


def test_a_relabelled_example_shows_both_labels_and_one_without_a_label_none() -> None:
    version = _live()
    labels = {label.name: label for label in version.classifier.labels.all()}
    Example.objects.filter(text=_LEARNT[1][0]).update(label=labels["Greeting"])
    Example.objects.filter(text=_LEARNT[0][0]).update(label=None, state="UNLABELLED")

    neighbors = explanations.explain(version, text=_TEXT).neighbors

    by_text = {each.example.text: (each.label, each.learnt, each.is_relabelled) for each in neighbors}
    assert by_text[_LEARNT[1][0]] == ("Greeting", "Payment", True)
    assert by_text[_LEARNT[0][0]] == ("", "Payment", True)


def test_a_deleted_example_makes_room_for_the_next() -> None:
    version = _live()
    Example.objects.filter(text=_LEARNT[1][0]).delete()

    alike = _alike(explanations.explain(version, text=_TEXT))

    assert len(alike) == 3
    assert _LEARNT[1][0] not in alike


def test_an_example_of_another_classifier_is_never_shown() -> None:
    version = _live()
    Example.objects.update(classifier=ClassifierFactory())

    explanation = explanations.explain(version, text=_TEXT)

    assert explanation.neighbors == ()
    assert explanation.nearest_problem == "None of the examples that it has learnt from is there any more."


def test_a_version_without_its_examples_says_so_and_weighs_the_words_all_the_same() -> None:
    version = _live()
    (settings.ARTIFACTS_DIR / version.artifact_path / nearest.FILE).unlink()

    explanation = explanations.explain(version, text=_TEXT)

    assert "Train again" in explanation.nearest_problem
    assert len(explanation.weighed.words) == 8


def test_a_mistake_is_not_its_own_neighbor() -> None:
    version = _live()
    example = Example.objects.get(text=_LEARNT[0][0])
    held_out = HeldOutFactory(version=version, example=example, label_number=0, predicted_number=1)

    explanation = explanations.explain_mistake(held_out)

    assert (explanation.text, explanation.finding.label, explanation.label) == (example.text, "Payment", "Greeting")
    assert sum(word.contribution for word in explanation.weighed.words) < 0
    assert len(_alike(explanation)) == 3
    assert example.text not in _alike(explanation)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "blank"), ("\u200b", "blank"), ("a\ud800", "surrogate"), ("x" * 100_001, "100,000")],
    ids=["empty", "invisible", "surrogate", "too long"],
)
def test_a_text_that_cannot_be_tried_says_why(text: str, sentence: str) -> None:
    with pytest.raises(NotTried, match=sentence):
        explanations.explain(_live(), text=text)


def test_words_are_found_in_the_text_as_it_was_typed() -> None:
    text = "send\u200b the  ｍｏｎｅｙ"

    words = explanations.explain(_live(), text=text).weighed.words

    assert [text[word.start : word.end] for word in words] == ["send\u200b", "the", "ｍｏｎｅｙ"]


def test_a_text_of_one_word_is_explained() -> None:
    [word] = explanations.explain(_live(), text="money").weighed.words

    assert word.contribution > 0
