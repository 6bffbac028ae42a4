"""Who labels, and how far it can be trusted, as the screens say it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from annotation.models import Annotator
from annotation.services import allowances, annotation_reports
from annotation.services.annotation_runs import annotator_in_use
from classifiers.models import Classifier

# Below this many texts the share says little.
_ENOUGH = 20


@dataclass(frozen=True)
class Who:
    """The annotator in use, and on how many of the `judged` texts, which people labelled too, it `agreed` with them.

    `host` is where texts are sent, "" for nowhere. `is_estimate`: it was tried on people's labels, each left out in
    turn.
    """

    name: str
    host: str
    agreed: int
    judged: int
    is_estimate: bool

    @property
    def is_offline(self) -> bool:
        return not self.host

    @property
    def trust(self) -> str:
        """How far it can be trusted, in a sentence."""
        if not self.judged:
            return "How far it can be trusted isn't known yet: it shows once people have labelled texts, too."
        percent = 100 * self.agreed // self.judged
        how = "Tried on texts that people have labelled, it agreed" if self.is_estimate else "It agreed with people"
        said = f"{how} on {self.agreed:,} of {self.judged:,} texts ({percent} %)."
        return said if self.judged >= _ENOUGH else f"{said} These are too few to rely on: look at what it says."


@dataclass(frozen=True)
class Allowance:
    """Calls that may still be made this month; `left` None: as many as one likes."""

    left: int | None
    resets_on: dt.date


def describe(classifier: Classifier, *, now: dt.datetime) -> Who:
    """Return who would label this classifier's texts now."""
    annotator, model = annotator_in_use()
    trust = annotation_reports.trust(classifier, now=now)
    is_llm = annotator == Annotator.LLM
    return Who(
        name=model if is_llm else annotator.label,
        host=urlsplit(settings.OPENAI_BASE_URL).netloc.rpartition("@")[2] if is_llm else "",
        agreed=0 if trust is None else trust.agreed,
        judged=0 if trust is None else trust.compared,
        is_estimate=trust is not None and trust.is_estimate,
    )


def allowance(classifier: Classifier, *, now: dt.datetime) -> Allowance:
    """Return what is left of this month's calls."""
    return Allowance(left=allowances.left(classifier.pk, now), resets_on=allowances.resets_at(now))
