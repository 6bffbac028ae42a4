"""What a load balancer is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

ROOT = Path(__file__).resolve().parents[2]
# Asks a server whose database isn't there, in a process of its own: the settings are read once.
ASK = """
import django
django.setup()
from django.test import Client
response = Client(headers={"host": "127.0.0.1"}).get("/readyz")
print(response.status_code, response.content.decode())
"""


def test_a_process_that_answers_is_alive_without_asking_the_database() -> None:
    response = Client().get("/livez")

    assert (response.status_code, response.json()) == (200, {"status": "alive"})


@pytest.mark.django_db
def test_a_server_whose_database_answers_is_ready() -> None:
    response = Client().get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ready"})


@pytest.mark.slow
def test_a_server_whose_database_does_not_answer_is_not_ready(tmp_path: Path) -> None:
    environ = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/no-such-folder/database.sqlite3",
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }

    done = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, env=environ, capture_output=True, text=True)

    assert done.stdout.startswith("503 "), done.stderr
    assert '"status": "unavailable"' in done.stdout


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_health_can_be_asked_by_head_and_not_by_post(path: str) -> None:
    assert Client().head(path).status_code == 200
    assert Client().post(path).status_code == 405
