"""Step 5, Review: the test run. Try texts on a version; a wrong answer becomes an example by one key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from classifiers.admin import step_page, whys
from classifiers.admin.step_page import StepUrl
from classifiers.admin.trial_forms import TrialForm, TriedForm
from classifiers.admin.whys import Answer, Why
from classifiers.importing.texts import shown
from classifiers.models import Classifier, Example, Label, Version
from classifiers.services import explanations, trial_examples, trial_files, trials
from classifiers.services.decisions import ForeignLabel
from classifiers.services.import_files import FileRefused
from classifiers.services.trial_examples import Correction, NotCorrected
from classifiers.services.trials import NotTried

_ADD = "classifiers.add_example"
_CHANGE = "classifiers.change_example"
_SHOWN_CHARS = 300
_REFUSED_SHOWN = 20
# The digits that a keyboard has a key for, without the 0.
_KEYS = 9


@dataclass(frozen=True)
class Said:
    """What was just done about a row, in a sentence; `may_undo` where it can be taken back."""

    sentence: str = ""
    is_problem: bool = False
    may_undo: bool = False


@dataclass(frozen=True)
class Row:
    """A tried text with its answer, or why there's none, and the example that has this text, if there is one."""

    index: int
    text: str
    answer: Answer | None
    problem: str
    example: Example | None
    said: Said


@dataclass(frozen=True)
class Choice:
    """A label to give. `key` is the digit that presses it, empty from the tenth on."""

    label: Label
    key: str


def show_try(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show the form; on POST try the texts."""
    if request.method != "POST":
        form = TrialForm(classifier=classifier, initial={"version": request.GET.get("version")})
        return _page(request, classifier, form=form)
    form = TrialForm(request.POST, request.FILES, classifier=classifier)
    if not form.is_valid():
        return _page(request, classifier, form=form)
    found = None
    try:
        if form.cleaned_data["file"]:
            found = trial_files.read(form.cleaned_data["file"])
    except FileRefused as error:
        form.add_error("file", str(error))
        return _page(request, classifier, form=form)
    texts = form.typed_texts() if found is None else found.texts
    extra = {} if found is None else {"how_read": found.how_read, "refused": found.refused[:_REFUSED_SHOWN]}
    return _tried(request, classifier, form=form, version=form.cleaned_data["version"], texts=texts, **extra)


def correct(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Give the chosen row's text the label that was pressed, and show the texts again, or that row's standing alone."""
    if not request.user.has_perm(_ADD):
        raise PermissionDenied
    form = TriedForm(request.POST, classifier=classifier)
    index = form.chosen("row")
    if index is None:
        return _again(request, classifier, form=form)
    try:
        correction = trial_examples.correct(
            classifier,
            text=form.texts[index],
            label_id=step_page.read_id(request.POST.get("label")),
            by=request.user,
        )
    except (NotCorrected, ForeignLabel, Label.DoesNotExist) as error:
        said = Said(sentence=_problem(error), is_problem=True)
    else:
        said = Said(sentence=_said(correction), may_undo=correction.is_changed)
    return _answer(request, classifier, form=form, index=index, said=said)


def undo(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Take back what was given to a row's text, and show the texts again, or that row's standing alone."""
    if not request.user.has_perm(_ADD):
        raise PermissionDenied
    form = TriedForm(request.POST, classifier=classifier)
    index = form.chosen("undo")
    if index is None:
        return _again(request, classifier, form=form)
    try:
        example = trial_examples.take_back(classifier, text=form.texts[index], by=request.user, now=timezone.now())
    except NotCorrected as error:
        said = Said(sentence=str(error), is_problem=True)
    else:
        said = Said(sentence=_undone(example))
    return _answer(request, classifier, form=form, index=index, said=said)


def show_why(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show why the version says what it says of one of the texts."""
    form = TriedForm(request.POST, classifier=classifier)
    index = form.chosen("why")
    if index is None:
        return _again(request, classifier, form=form)
    why, problem = _why(form.version, text=form.texts[index])
    text = shown(form.texts[index], limit=trials.MOST_CHARS)
    return step_page.show(
        request,
        classifier,
        code="review",
        template="why.html",
        version=form.version,
        text=text,
        why=why,
        problem=problem,
    )


def _again(request: HttpRequest, classifier: Classifier, *, form: TriedForm) -> HttpResponse:
    """Answer what no page sends, or a row that nobody chose: with the texts, where these are known."""
    trial = TrialForm(classifier=classifier)
    if form.version is None or not form.texts:
        return _page(request, classifier, form=trial, problem="Try the texts again.")
    return _tried(
        request, classifier, form=trial, version=form.version, texts=form.texts, problem="Choose a text first."
    )


def _answer(request: HttpRequest, classifier: Classifier, *, form: TriedForm, index: int, said: Said) -> HttpResponse:
    if form.place is not None:
        example = trial_examples.find(classifier, texts=[form.texts[index]])[0]
        row = Row(index=form.place, text="", answer=None, problem="", example=example, said=said)
        response = render(request, f"{step_page.FOLDER}/_tried_standing.html", {"row": row, "classifier": classifier})
        response["Cache-Control"] = "no-store"
        return response
    initial = {"version": form.version and form.version.number, "text": form.texts[0] if len(form.texts) == 1 else ""}
    trial = TrialForm(classifier=classifier, initial=initial)
    return _tried(
        request,
        classifier,
        form=trial,
        version=form.version,
        texts=form.texts,
        said={index: said},
        chosen=index,
        how_read=form.how_read,
    )


def _tried(
    request: HttpRequest,
    classifier: Classifier,
    *,
    form: TrialForm,
    version: Version,
    texts: Sequence[str],
    **extra: Any,
) -> HttpResponse:
    said = extra.pop("said", {})
    try:
        found = _one(version, text=texts[0]) if len(texts) == 1 else _many(version, texts=texts)
    except NotTried as error:
        return _page(request, classifier, form=form, **{"problem": str(error), **extra})
    rows = _rows(classifier, answers=found.pop("answers"), said=said)
    may_correct = request.user.has_perm(_ADD) and request.user.has_perm(_CHANGE)
    return _page(
        request,
        classifier,
        form=form,
        version=version,
        rows=rows,
        texts_json=TriedForm.pack(texts),
        choices=_choices(classifier) if may_correct else [],
        chosen=extra.pop("chosen", 0),
        **found,
        **extra,
    )


def _one(version: Version, *, text: str) -> dict[str, Any]:
    explanation = explanations.explain(version, text=text)
    answer = trials.Answer(text=text, finding=explanation.finding)
    return {"answers": [answer], "why": whys.why_of(explanation), "duration_ms": explanation.duration_ms}


def _many(version: Version, *, texts: Sequence[str]) -> dict[str, Any]:
    trial = trials.ask(version, texts=texts)
    return {"answers": trial.answers, "duration_ms": trial.duration_ms}


def _why(version: Version | None, *, text: str) -> tuple[Why | None, str]:
    try:
        return (
            (None, "Try the text again.")
            if version is None
            else (whys.why_of(explanations.explain(version, text=text)), "")
        )
    except NotTried as error:
        return None, str(error)


def _rows(classifier: Classifier, *, answers: Sequence[trials.Answer], said: Mapping[int, Said]) -> list[Row]:
    there = trial_examples.find(classifier, texts=[answer.text for answer in answers])
    return [
        Row(
            index=index,
            text=shown(answer.text, limit=_SHOWN_CHARS),
            answer=None if answer.finding is None else whys.answer_of(answer.finding),
            problem=answer.problem,
            example=example,
            said=said.get(index, Said()),
        )
        for index, (answer, example) in enumerate(zip(answers, there, strict=True))
    ]


def _choices(classifier: Classifier) -> list[Choice]:
    places = enumerate(classifier.labels.all(), 1)
    return [Choice(label=label, key=str(place) if place <= _KEYS else "") for place, label in places]


def _said(correction: Correction) -> str:
    label = correction.example.label
    if correction.is_added:
        return f"Added as “{label}”."
    golden = " It stays set aside to measure on." if correction.example.is_golden else ""
    if not correction.is_changed:
        return f"It was among the examples as “{label}” already.{golden}"
    former = "without a label" if correction.former is None else f"as “{correction.former}”"
    if correction.former == label:
        return f"It was suggested as “{label}”; now it is confirmed.{golden}"
    return f"It was among the examples {former}; it is “{label}” now.{golden}"


def _undone(example: Example | None) -> str:
    if example is None:
        return "Undone: it isn't among the examples any more."
    return f"Undone: it is “{example.label}” again." if example.label else "Undone: it has no label again."


def _problem(error: Exception) -> str:
    return (
        "This label isn't there any more. Try the texts again." if isinstance(error, Label.DoesNotExist) else str(error)
    )


def _page(request: HttpRequest, classifier: Classifier, *, form: TrialForm, **context: Any) -> HttpResponse:
    return step_page.show(
        request,
        classifier,
        code="review",
        template="try.html",
        form=form,
        most_texts=trials.MOST_TEXTS,
        has_versions=form.has_versions,
        **context,
    )


URLS = (
    StepUrl("try/", show_try, "try", post=step_page.VIEW),
    StepUrl("try/why/", show_why, "try_why", get=None, post=step_page.VIEW),
    StepUrl("try/correct/", correct, "try_correct", get=None, post=_CHANGE),
    StepUrl("try/undo/", undo, "try_undo", get=None, post=_CHANGE),
)
