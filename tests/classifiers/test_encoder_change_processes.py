"""Three people who press the Encoder page's button at once, in processes of their own."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.server import Server, own_database

pytestmark = pytest.mark.slow

_CLASSIFIERS = 8
_MAKE = f"""
from tests import encoders
from tests.factories import ExampleFactory
for number in range({_CLASSIFIERS}):
    classifier = encoders.live(encoder_id="old-1", name=f"C{{number}}", key=f"c{{number}}")
    ExampleFactory(classifier=classifier)
"""
# The file lets all begin at the same moment, whichever process is up first.
_PRESS = """
import time
from pathlib import Path
from classifiers.services import encoder_changes
Path({ready!r}).touch()
while not Path({go!r}).exists():
    time.sleep(0.001)
encoder_changes.start()
"""
_LOOK = """
from classifiers.models import EmbeddingRun, Version
from django_q.models import OrmQ
print(Version.objects.filter(state="QUEUED").count(), EmbeddingRun.objects.count(), OrmQ.objects.count())
"""


@pytest.mark.server
def test_three_at_once_start_nothing_twice(tmp_path: Path, encoder_folder: Path) -> None:
    with own_database() as database_url:
        house = Server(tmp_path, encoders_dir=encoder_folder.parent, database_url=database_url)
        house.manage(["migrate", "--verbosity", "0"])
        house.shell(_MAKE)
        ready = [tmp_path / f"ready-{number}" for number in range(3)]
        go = tmp_path / "go"

        pressing = [house.begin(_PRESS.format(ready=str(path), go=str(go))) for path in ready]
        try:
            while not all(path.exists() for path in ready):
                assert all(each.poll() is None for each in pressing), house.log()
                time.sleep(0.01)
            go.touch()
            codes = [each.wait(timeout=60) for each in pressing]
        finally:
            for each in pressing:
                each.kill()

        assert codes == [0, 0, 0], house.log()
        assert house.shell(_LOOK) == f"{_CLASSIFIERS} {_CLASSIFIERS} {2 * _CLASSIFIERS}"
