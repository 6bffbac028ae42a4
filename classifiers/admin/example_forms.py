"""What a person can correct about one example."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from classifiers.importing.fingerprint import text_key
from classifiers.importing.texts import BadText, clean_text
from classifiers.models import Example


class TextWidget(UnfoldAdminTextareaWidget):
    r"""A text box whose lines end as stored ones do: browsers send \r\n, which would look like a change."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        return value.replace("\r\n", "\n") if isinstance(value, str) else value


class ExampleForm(forms.ModelForm):
    """The text and the label."""

    class Meta:
        model = Example
        fields = ("text", "label")
        widgets = {"label": UnfoldAdminSelectWidget, "text": TextWidget(attrs={"rows": 6})}
        error_messages = {"text": {"required": "The text can't be empty. Delete the example if you don't want it."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "label" in self.fields:
            self.fields["label"].queryset = self.instance.classifier.labels.all()
            self.fields["label"].empty_label = "No label"

    def clean_text(self) -> str:
        """Return the text as it will be kept."""
        try:
            text = clean_text(self.cleaned_data["text"])
        except BadText as problem:
            raise forms.ValidationError(problem.sentence) from problem
        others = Example.objects.filter(classifier_id=self.instance.classifier_id).exclude(pk=self.instance.pk)
        if others.filter(text_key=text_key(text)).exists():
            raise forms.ValidationError("Another example of this classifier has this text already.")
        return text
