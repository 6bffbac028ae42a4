"""Runs in worker processes of their own: killed, resumed, and two at once on one allowance."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from moderation.runs import RunState
from tests.llm_server import LanguageModelServer
from tests.server import Server, own_database

pytestmark = pytest.mark.slow

_LIMIT = 150
_WITHIN_S = 120.0


@pytest.fixture
def language_model() -> Iterator[LanguageModelServer]:
    with LanguageModelServer(delay_s=0.01) as server:
        yield server


@pytest.fixture
def make_house(tmp_path: Path, language_model: LanguageModelServer) -> Iterator[Callable[..., Server]]:
    """Return how to make a house with data of its own, and no processes but those that a test begins."""
    with own_database() as database_url:

        def make(**settings: str) -> Server:
            settings |= {"OPENAI_BASE_URL": language_model.url, "OPENAI_API_KEY": ""}
            house = Server(tmp_path, encoders_dir=tmp_path, database_url=database_url, settings=settings)
            house.manage(["migrate", "--verbosity", "0"])
            return house

        yield make


def _start(house: Server, *, texts: int) -> int:
    """Make a classifier with that many texts, start a run over them all, and return the run's id."""
    code = f"""
from annotation.models import Pick
from annotation.services import annotation_runs
from classifiers.models import Example
from tests.factories import ClassifierFactory, ExampleFactory, LabelFactory
number = ClassifierFactory._meta.model.objects.count()
classifier = ClassifierFactory(key=f"of-{{number}}", name=f"Of {{number}}")
for number, name in enumerate(("Fine", "Spam")):
    LabelFactory(classifier=classifier, number=number, name=name)
Example.objects.bulk_create(ExampleFactory.build_batch({texts}, classifier=classifier))
print(annotation_runs.start(classifier.pk, pick=Pick.ALL, wanted=1).pk)
"""
    return int(house.shell(code))


def _look(house: Server, run_id: int) -> dict[str, Any]:
    code = f"""
import json
from annotation.models import Annotation, AnnotationRun
run = AnnotationRun.objects.get(pk={run_id})
labelled = Annotation.objects.filter(run=run, state="LABELLED").count()
decided = run.classifier.examples.filter(state="SUGGESTED", decisions__source="LLM").count()
print(json.dumps(dict(state=run.state, annotated=run.annotated, labelled=labelled, decided=decided, error=run.error)))
"""
    told: dict[str, Any] = json.loads(house.shell(code))
    return told


def _work(run_id: int) -> str:
    return f"from annotation import tasks; tasks.annotate({run_id})"


def _wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize(("texts", "at_once"), [(100, 1), (1_000, 16)])
def test_a_killed_run_goes_on_and_pays_only_for_what_is_missing(
    make_house: Callable[..., Server], language_model: LanguageModelServer, texts: int, at_once: int
) -> None:
    house = make_house(LLM_CONCURRENCY=str(at_once))
    run_id = _start(house, texts=texts)

    worker = house.begin(_work(run_id))
    _wait_for(lambda: language_model.calls >= 0.4 * texts)
    worker.kill()
    worker.wait()
    killed_after = language_model.calls
    # What the sweeper does once the dead worker's lease has ended, two minutes later.
    house.shell(f"""
from django.utils import timezone
from annotation.models import AnnotationRun
from moderation import runs
AnnotationRun.objects.filter(pk={run_id}).update(lease_until=timezone.now())
assert runs.sweep() == 1
""")
    house.shell(_work(run_id))

    told = _look(house, run_id)
    assert killed_after < texts
    assert told == {"state": "SUCCEEDED", "annotated": texts, "labelled": texts, "decided": texts, "error": ""}
    # What was under way when the worker died is asked for again, and nothing else.
    assert language_model.calls <= texts + at_once


def test_two_runs_at_once_never_pass_the_allowance_by_a_single_call(
    make_house: Callable[..., Server], language_model: LanguageModelServer
) -> None:
    house = make_house(LLM_CONCURRENCY="8", ANNOTATIONS_PER_MONTH=str(_LIMIT))
    run_ids = [_start(house, texts=100) for _ in range(2)]

    workers = [house.begin(_work(run_id)) for run_id in run_ids]
    for worker in workers:
        assert worker.wait(timeout=_WITHIN_S) == 0

    told = [_look(house, run_id) for run_id in run_ids]
    assert language_model.calls == _LIMIT
    assert sum(each["labelled"] for each in told) == _LIMIT
    assert RunState.PAUSED in {each["state"] for each in told}
    assert any("allowance" in each["error"] for each in told)


def test_many_who_reserve_at_once_never_pass_a_limit(make_house: Callable[..., Server]) -> None:
    house = make_house(ANNOTATIONS_PER_MONTH="50")

    told = json.loads(house.shell("from tests.annotation import many_who_reserve as m; m.main(own_limit=40)"))

    assert told["tries"] == 120
    assert sum(told["granted"]) == told["counted"] == 50
    assert max(told["granted"]) <= 40
