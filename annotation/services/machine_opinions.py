"""What machines say of texts on which people disagree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from annotation.models import Annotation, AnnotationState
from annotation.services.agreements import Opinion
from classifiers.models import Classifier, HeldOut


def of(classifier: Classifier, example_ids: Collection[int]) -> Mapping[int, list[Opinion]]:
    """Return, by example, the last word of each annotator, and of the live version, which hadn't seen the text.

    Meant for a page of examples: their ids go into one query each.
    """
    found: defaultdict[int, dict[str, Opinion]] = defaultdict(dict)
    given = Annotation.objects.filter(example_id__in=example_ids, state=AnnotationState.LABELLED, label__isnull=False)
    for annotation in given.select_related("label", "run").order_by("pk"):
        who = " ".join(filter(None, (annotation.run.get_annotator_display(), annotation.run.model)))
        found[annotation.example_id][who] = Opinion(who, annotation.label, annotation.answered_at, is_person=False)
    labels = {label.number: label for label in classifier.labels.all()}
    for held_out in _held_out(classifier, example_ids):
        if label := labels.get(held_out.predicted_number):
            who = f"Version {held_out.version.number}"
            found[held_out.example_id][who] = Opinion(who, label, held_out.version.finished_at, is_person=False)
    return {pk: list(opinions.values()) for pk, opinions in found.items()}


def _held_out(classifier: Classifier, example_ids: Collection[int]) -> Collection[HeldOut]:
    if classifier.live_version_id is None:
        return ()
    asked = HeldOut.objects.filter(version=classifier.live_version_id, example_id__in=example_ids)
    return list(asked.select_related("version"))
