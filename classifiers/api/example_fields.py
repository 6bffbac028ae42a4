"""An example in JSON: how it's written, and how its label is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from classifiers.importing.labels import LabelBook, LabelName, Unknown
from classifiers.models import Classifier, Example, Label
from moderation import api_fields
from moderation.api_errors import Issue
from moderation.api_exceptions import Refused
from moderation.models import ApiKey
from moderation.strict_json import text_problem

_NAME_CHARS = 200


class LabelReader:
    """Find the labels that a request names: by number, or by name as an upload does."""

    def __init__(self, classifier: Classifier) -> None:
        self._labels = {label.number: label for label in classifier.labels.all()}
        self._book = LabelBook([LabelName(label.number, label.name) for label in self._labels.values()])

    def read(self, value: object) -> Label | Issue | None:
        """Return the label, None for null, or what is wrong with the value of the field `label`."""
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return self._labels.get(value) or self._unknown(self._book.match(str(value)))
        if not isinstance(value, str):
            return Issue(
                field="label", message="Send the label's number, its name in quotes, or null.", code="not_a_label"
            )
        if problem := text_problem(value, max_chars=_NAME_CHARS):
            return Issue(field="label", message=problem.message, code=problem.code)
        found = self._book.match(value)
        if isinstance(found, Unknown) or found.number is None:
            return self._unknown(found)
        return self._labels[found.number]

    def read_field(self, body: Mapping[str, Any]) -> Label | None:
        """Return the label in the field `label`. Raises Refused (400)."""
        found = self.read(body.get("label"))
        if isinstance(found, Issue):
            raise Refused(400, api_fields.INVALID, issues=(found,))
        return found

    @staticmethod
    def _unknown(found: object) -> Issue:
        sentence = found.sentence if isinstance(found, Unknown) else "There is no such label."
        return Issue(field="label", message=sentence, code="unknown_label")


def described(example: Example) -> dict[str, Any]:
    """Return the JSON object of an example whose label was fetched with it."""
    label = example.label
    return {
        "id": str(example.pk),
        "text": example.text,
        "label": None if label is None else {"number": label.number, "name": label.name},
        "state": example.state.lower(),
        "origin": example.origin.lower(),
        "golden": example.is_golden,
        "created_at": example.created_at,
    }


def reason(api_key: ApiKey) -> str:
    """Return what a decision says of where it comes from."""
    return f"By the API key {api_key}."
