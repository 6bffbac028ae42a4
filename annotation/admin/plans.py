"""Before a run of automated annotation: which texts, who labels, what it takes, and the button that starts it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.http import urlencode
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget

from annotation.admin import annotators, settings, words
from annotation.models import AnnotationRun, Pick
from annotation.services import annotation_runs, plans
from annotation.services.annotation_runs import NotStartable
from annotation.services.picking import DEFAULT_FIRST
from annotation.services.plans import Plan
from classifiers.admin import step_page
from classifiers.admin.step_page import StepUrl
from classifiers.models import Classifier
from classifiers.services import estimates

ADD = "annotation.add_annotationrun"
FIRST_FEW = DEFAULT_FIRST
_USUAL = {Pick.FIRST.value: FIRST_FEW, Pick.USEFUL.value: 200}
_MOST = 200_000
_RUNS_OFFERED = 20


class PickForm(forms.Form):
    """Which texts a run annotates."""

    pick = forms.ChoiceField(label="Which texts", choices=Pick.choices, widget=UnfoldAdminRadioSelectWidget)
    wanted = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=_MOST,
        label="How many",
        widget=UnfoldAdminIntegerFieldWidget,
        error_messages={
            "invalid": "Give a whole number.",
            "min_value": "Take at least 1.",
            "max_value": f"Take {_MOST:,} at most.",
        },
    )
    repeats = forms.ModelChoiceField(
        queryset=None,
        required=False,
        label="The same as in",
        empty_label="no earlier run",
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: object, classifier: Classifier, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        runs = classifier.annotation_runs.filter(text_count__gt=0)
        newest = runs.order_by("-pk").values_list("pk", flat=True)[:_RUNS_OFFERED]
        self.has_runs = bool(offered := list(newest))
        self.fields["repeats"].queryset = runs.filter(pk__in=offered)
        if not self.has_runs:
            self.fields["pick"].choices = [choice for choice in Pick.choices if choice[0] != Pick.AGAIN]
        self.fields["repeats"].label_from_instance = _run_name

    def clean(self) -> dict[str, object]:
        values = super().clean() or {}
        if values.get("pick") == Pick.AGAIN and values.get("repeats") is None and "repeats" not in self.errors:
            self.add_error("repeats", "Choose the run whose texts shall be annotated again.")
        return values

    def as_choice(self) -> Choice:
        """Return what a valid form says."""
        values = self.cleaned_data
        pick = Pick(values["pick"])
        repeats = values["repeats"] if pick == Pick.AGAIN else None
        # The other two take all that there are.
        return Choice(pick=pick, wanted=values["wanted"] or _USUAL.get(pick.value, _MOST), repeats=repeats)


@dataclass(frozen=True)
class Choice:
    """Which texts a run annotates."""

    pick: Pick
    wanted: int
    repeats: AnnotationRun | None

    def as_fields(self) -> dict[str, str]:
        """Return the fields of a form, or of an address, that say the same."""
        return {
            "pick": self.pick.value,
            "wanted": str(self.wanted),
            "repeats": "" if self.repeats is None else str(self.repeats.pk),
        }

    def plan(self, classifier: Classifier, *, now: dt.datetime) -> Plan:
        """Return what that would take."""
        return plans.make(classifier, pick=self.pick, wanted=self.wanted, repeats=self.repeats, now=now)


def show_plan(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    """Show what a run over the chosen texts would take; on POST start it."""
    if request.method == "POST":
        return _start(request, classifier)
    form = PickForm(_asked_for(request.GET), classifier=classifier)
    now = timezone.now()
    choice = form.as_choice() if form.is_valid() else None
    plan = None if choice is None else choice.plan(classifier, now=now)
    return step_page.show(
        request,
        classifier,
        code="annotate",
        template="admin/annotation/plan.html",
        form=form,
        has_runs=form.has_runs,
        plan=plan,
        fields={} if choice is None else choice.as_fields(),
        sums=None if plan is None else Sums.of(plan),
        who=annotators.describe(classifier, now=timezone.now()),
        allowance=annotators.allowance(classifier, now=now),
        may_start=request.user.has_perm(ADD),
        **settings.context(request, classifier),
    )


@dataclass(frozen=True)
class Sums:
    """A plan's estimates in words."""

    duration: str
    cost: str

    @classmethod
    def of(cls, plan: Plan) -> Sums:
        """Return those of the plan."""
        return cls(
            duration=estimates.duration(plan.seconds),
            cost="" if plan.cost is None else words.cost(plan.cost),
        )


def start(request: HttpRequest, classifier: Classifier, choice: Choice) -> HttpResponse:
    """Start a run and go to its page; where that can't be, say why and go back to the plan."""
    repeats_id = None if choice.repeats is None else choice.repeats.pk
    try:
        run = annotation_runs.start(
            classifier.pk, pick=choice.pick, wanted=choice.wanted, repeats_id=repeats_id, by=request.user
        )
    except NotStartable as error:
        messages.error(request, str(error))
        return go(classifier, choice.as_fields())
    step_page.log(request, classifier, f"Started automated annotation run {run.pk}.")
    return step_page.go(classifier, "annotation_run", run_id=run.pk)


def go(classifier: Classifier, fields: Mapping[str, str]) -> HttpResponse:
    """Send the browser to the plan with this choice."""
    return HttpResponseRedirect(f"{step_page.url(classifier, 'annotation_plan')}?{urlencode(fields)}")


def _start(request: HttpRequest, classifier: Classifier) -> HttpResponse:
    form = PickForm(request.POST, classifier=classifier)
    if not form.is_valid():
        messages.error(request, "Choose again which texts are to be annotated.")
        return step_page.go(classifier, "annotation_plan")
    return start(request, classifier, form.as_choice())


def _asked_for(query: Mapping[str, str]) -> dict[str, str]:
    """Return the form's fields as the address has them, with what is usual where it says nothing."""
    pick = query.get("pick", Pick.FIRST.value)
    usual = _USUAL.get(pick)
    return {
        "pick": pick,
        "wanted": query.get("wanted", "" if usual is None else str(usual)),
        "repeats": query.get("repeats", ""),
    }


def _run_name(run: AnnotationRun) -> str:
    return f"run {run.pk}: {run.text_count:,} texts, {timezone.localtime(run.created_at):%-d %B, %H:%M}"


URLS = (StepUrl("annotate/runs/new/", show_plan, "annotation_plan", post=ADD),)
