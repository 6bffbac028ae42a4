"""Automated annotation: many calls at once against one at a time, to a server that takes 300 ms a call."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from django.conf import settings

from tests.llm_server import LanguageModelServer
from tests.server import Server

_CALL_S = 0.3
_AT_ONCE = 16
# As long as each other, about: some seconds.
_TEXTS = {1: 24, _AT_ONCE: 480}
_ROUNDS = 2
MIN_RATIO = 10.0


def main() -> bool:
    """Print how many texts a second are annotated; return whether the ratio keeps what is promised."""
    rates: dict[int, list[float]] = {at_once: [] for at_once in _TEXTS}
    with LanguageModelServer(delay_s=_CALL_S) as server:
        # By turns, so that a busy machine slows both alike.
        for _ in range(_ROUNDS):
            for at_once, texts in _TEXTS.items():
                rates[at_once].append(_texts_a_second(server, at_once=at_once, texts=texts))
    one, many = (max(rates[at_once]) for at_once in _TEXTS)
    ratios = [theirs / ours for ours, theirs in zip(rates[1], rates[_AT_ONCE], strict=True)]
    ratio = min(ratios)
    print(f"Automated annotation: a server that takes {1_000 * _CALL_S:.0f} ms a call, the run as the worker does it")
    print(
        f"  {_AT_ONCE} calls at once against one: {ratio:.1f} times as fast (the lower of {_ROUNDS} rounds, at least "
        f"{MIN_RATIO:g}); {many:.1f} / {one:.1f} texts a second{'' if ratio >= MIN_RATIO else '  MISSED'}"
    )
    return ratio >= MIN_RATIO


def _texts_a_second(server: LanguageModelServer, *, at_once: int, texts: int) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        house = Server(
            Path(scratch),
            encoders_dir=settings.ENCODERS_DIR,
            settings={"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "", "LLM_CONCURRENCY": str(at_once)},
        )
        house.manage(["migrate", "--verbosity", "0"])
        told = json.loads(house.shell(_RUN.format(texts=texts)))
    assert told["annotated"] == texts, told
    return texts / float(told["seconds"])


_RUN = """
import json
from annotation import tasks
from annotation.models import Pick
from annotation.services import annotation_runs
from classifiers.models import Example
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory
classifier = ClassifierFactory()
for number, name in enumerate(("Fine", "Spam")):
    LabelFactory(classifier=classifier, number=number, name=name)
Example.objects.bulk_create(ExampleFactory.build_batch({texts}, classifier=classifier))
run = annotation_runs.start(classifier.pk, pick=Pick.ALL, wanted=1)
tasks.annotate(run.pk)
run.refresh_from_db()
print(json.dumps(dict(annotated=run.annotated, seconds=(run.finished_at - run.started_at).total_seconds())))
"""
