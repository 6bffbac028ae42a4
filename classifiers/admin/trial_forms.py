"""The forms of the test run: the texts to try, and the tried ones as a page sends them back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from classifiers.admin.data import FILE_KINDS
from classifiers.models import Classifier, Version
from classifiers.services.trial_files import MOST_BYTES
from classifiers.services.trials import MOST_TEXTS
from moderation.runs import RunState

_ONE, _LINES = "one", "lines"
_VERSIONS_OFFERED = 50
_HOW_READ_CHARS = 500
_HALF_PAIR = re.compile("[\ud800-\udfff]")


class VersionField(forms.ModelChoiceField):
    """A choice of the versions that are done, by number."""

    live_id: int | None = None

    def label_from_instance(self, version: Version) -> str:
        return f"Version {version.number}{' (live)' if version.pk == self.live_id else ''}"


class TrialForm(forms.Form):
    """One text, many, or a file of them, and the version to ask."""

    text = forms.CharField(
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"class": "hr-input", "rows": 5, "placeholder": "Type or paste here"}),
    )
    split = forms.ChoiceField(
        required=False,
        label="What is in the box",
        choices=[(_ONE, "One text"), (_LINES, "One text a line")],
        initial=_ONE,
        widget=forms.RadioSelect,
    )
    file = forms.FileField(
        required=False,
        widget=forms.FileInput(attrs={"class": "hr-file", "accept": FILE_KINDS, "data-hr-max-bytes": MOST_BYTES}),
        error_messages={"empty": "The file is empty. Choose another."},
    )
    version = VersionField(
        queryset=None,
        to_field_name="number",
        empty_label=None,
        label="Version to ask",
        widget=UnfoldAdminSelectWidget,
        error_messages={
            "required": "Choose a version to ask.",
            "invalid_choice": "This version isn't there any more. Choose another.",
        },
    )

    def __init__(self, *args: Any, classifier: Classifier, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        done = done_versions(classifier)
        offered = list(done[:_VERSIONS_OFFERED].values_list("pk", flat=True))
        # The live one may be an old one.
        offered += [classifier.live_version_id] if classifier.live_version_id else []
        self.fields["version"].queryset = done.filter(pk__in=offered)
        self.fields["version"].live_id = classifier.live_version_id
        live = classifier.live_version
        numbers = [str(number) for number in done.filter(pk__in=offered).values_list("number", flat=True)]
        self.has_versions = bool(numbers)
        if str(self.initial.get("version")) not in numbers:
            self.initial["version"] = live.number if live else None

    def typed_texts(self) -> list[str]:
        """Return the texts of the box. A line without a word is none."""
        # Browsers send \\r\\n.
        text = self.cleaned_data["text"].replace("\r\n", "\n").replace("\r", "\n")
        if self.cleaned_data["split"] == _LINES:
            return [line for line in text.split("\n") if line.strip()]
        return [text]


class TriedForm:
    """What the table of tried texts sends back: all of them, the version, and which row is meant.

    `place` is set where a script asks for one row: its number on the page, which has more of them.
    """

    def __init__(self, posted: Mapping[str, Any], *, classifier: Classifier) -> None:
        self._posted = posted
        self.texts = _unpack(posted.get("texts", ""))
        self.place = _read_number(posted.get("place"), limit=MOST_TEXTS)
        self.how_read = str(posted.get("how_read", ""))[:_HOW_READ_CHARS]
        number = _read_number(posted.get("version"), limit=2**31)
        found = None if number is None else done_versions(classifier).filter(number=number).first()
        self.version: Version | None = found

    @staticmethod
    def pack(texts: Sequence[str]) -> str:
        """Return the texts as the page holds them."""
        # Escaped, Chinese would take twice as much, and a form takes no more than 2.5 MB; half a pair must be escaped.
        packed = json.dumps(list(texts), ensure_ascii=False)
        return _HALF_PAIR.sub(lambda half: f"\\u{ord(half.group()):04x}", packed)

    def chosen(self, name: str) -> int | None:
        """Return which of the texts the field `name` means, None where it means none or the version is gone."""
        return None if self.version is None else _read_number(self._posted.get(name), limit=len(self.texts))


def done_versions(classifier: Classifier) -> Any:
    """Return the classifier's versions that can be asked, the newest first."""
    return classifier.versions.filter(state=RunState.SUCCEEDED).order_by("-number")


def _unpack(packed: str) -> list[str]:
    try:
        texts = json.loads(packed)
    except (ValueError, RecursionError):
        return []
    is_good = isinstance(texts, list) and len(texts) <= MOST_TEXTS and all(isinstance(text, str) for text in texts)
    return texts if is_good else []


def _read_number(value: str | None, *, limit: int) -> int | None:
    if not value or not (value.isascii() and value.isdecimal()) or len(value) > len(str(limit)):
        return None
    return int(value) if int(value) < limit else None
