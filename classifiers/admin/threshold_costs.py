"""From what mistakes and reviews cost to thresholds: the form, and the proposal that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django import forms

from classifiers.admin import scores, threshold_figures
from classifiers.ml.costs import Outcome
from classifiers.models import Classifier, Version
from classifiers.services import thresholds
from classifiers.services.out_of_fold import NoOutOfFold
from classifiers.services.thresholds import BadCosts, Costs, Measured, Proposed

# Of fewer texts to be caught, single ones decide what is cheapest.
_FEW_CAUGHT = 30


def _number(label: str, *, required: str) -> forms.FloatField:
    widget = forms.NumberInput(attrs={"class": "hr-input", "step": "any", "min": "0", "inputmode": "decimal"})
    return forms.FloatField(label=label, min_value=0, widget=widget, error_messages={"required": required})


class CostsForm(forms.Form):
    """What a miss, a wrong flag and a minute of review cost, and which labels are to be caught."""

    miss = _number("A miss costs", required="Say what a miss costs; 0 for nothing.")
    wrong_flag = _number("A wrong flag costs", required="Say what a wrong flag costs; 0 for nothing.")
    review_minute = _number("A minute of review costs", required="Say what a minute of review costs.")
    review_seconds = _number("Seconds for one text", required="Say how many seconds a person needs for one text.")
    caught = forms.TypedMultipleChoiceField(
        label="Labels to be caught",
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one label to be caught."},
    )

    def __init__(self, *args: Any, version: Version, **values: Any) -> None:
        super().__init__(*args, **values)
        self.fields["caught"].choices = list(scores.names(version).items())  # type: ignore[attr-defined]

    def costs(self) -> Costs:
        """Return what was given."""
        return Costs(**self.cleaned_data | {"caught": tuple(self.cleaned_data["caught"])})


@dataclass(frozen=True)
class Way:
    """One way to handle texts, and what 1,000 of them would come to."""

    name: str
    outcome: Outcome
    is_proposed: bool = False


def context(classifier: Classifier, version: Version, *, form: CostsForm | None) -> dict[str, Any]:
    """Return what the costs' part of the page needs; nothing without the file from which a proposal is computed."""
    try:
        measured = thresholds.measured(version)
    except NoOutOfFold:
        return {}
    given = thresholds.kept_costs(classifier)
    if form is None:
        form = CostsForm(version=version, initial=_initial(given, measured=measured))
    return {"costs_form": form, **(_proposal(version, measured, given) if given else {})}


def _initial(given: Costs | None, *, measured: Measured) -> dict[str, Any]:
    if given is None:
        return {"caught": thresholds.usually_caught(measured)}
    return {name: f"{getattr(given, name):g}" for name in ("miss", "wrong_flag", "review_minute", "review_seconds")} | {
        "caught": given.caught
    }


def _proposal(version: Version, measured: Measured, given: Costs) -> dict[str, Any]:
    now = thresholds.by_number(version)
    try:
        proposed = thresholds.propose(measured, given, now=now)
    except BadCosts as error:
        # The prices are of the classifier; an older version may have had other labels.
        return {"costs_problem": str(error)}
    fields = threshold_figures.written(proposed.shares)
    ways = [
        Way(name="Without thresholds", outcome=proposed.by_none),
        Way(name="A person looks at each text", outcome=proposed.by_people),
    ]
    if now:
        ways.insert(0, Way(name="With the thresholds that hold now", outcome=proposed.by_now))
    return {
        "proposed": proposed,
        "proposed_words": _words(version, proposed, given),
        "proposed_fields": fields,
        "proposed_query": urlencode([("version", version.number), ("mode", "each"), *fields]),
        "ways": [Way(name="Proposed", outcome=proposed.outcome, is_proposed=True), *ways],
        "caught_count": int(np.isin(measured.y, np.flatnonzero(measured.are_caught(given.caught))).sum()),
        "few_caught": _FEW_CAUGHT,
    }


def _words(version: Version, proposed: Proposed, given: Costs) -> list[str]:
    """Return the proposal in plain sentences."""
    caught = {number: share for number, share in proposed.shares.items() if number in given.caught}
    if len(proposed.shares) == 2:
        [(number, flag_from)] = caught.items()
        return _words_for_two(scores.names(version)[number], flag_from, round(1 - proposed.allow_from, 2))
    allowed_from = threshold_figures.share_text(proposed.allow_from)
    return [
        f"Flagged: {threshold_figures.said(version, caught)}." if any(caught.values()) else "Flagged: from 0 on.",
        f"Allowed: any other label, from {allowed_from} on. Where both would do, the surer label is given.",
        "Everything else is for a person to review: its label is null, and its scores stay in the answer.",
    ]


def _words_for_two(name: str, flag_from: float, allowed_to: float) -> list[str]:
    text = threshold_figures.share_text
    if flag_from <= allowed_to:
        return [
            f"Below {text(flag_from)} of “{name}” a text is allowed, from there on it is flagged.",
            "Nothing is left for a person to review: at these prices that wouldn't pay.",
        ]
    return [
        f"Below {text(allowed_to)} of “{name}” a text is allowed, and from {text(flag_from)} on it is flagged.",
        "Between the two a person reviews it: its label is null, and its scores stay in the answer.",
    ]
