"""`manage.py serve`: web and worker begin together and end together, however they end."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.server import Server, is_free, own_database, wait_until_gone

real_server = (
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads the process table of Linux"),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Give folder and database of all servers of this module: only the first has to prepare them."""
    with own_database() as database_url:
        yield tmp_path_factory.mktemp("serve"), database_url


@pytest.fixture
def server(home: tuple[Path, str], encoder_folder: Path) -> Iterator[Server]:
    """Give a running server of the test's own."""
    folder, database_url = home
    serving = Server(folder, encoders_dir=encoder_folder.parent, database_url=database_url)
    try:
        serving.start()
        yield serving
    finally:
        serving.kill()


def _marked(*values: object) -> list[object]:
    return [pytest.param(value, marks=real_server) for value in values]


@pytest.mark.parametrize("number", _marked(signal.SIGTERM, signal.SIGINT))
def test_a_signal_ends_web_and_worker(server: Server, number: signal.Signals) -> None:
    processes = server.descendants()
    assert server.process is not None

    server.process.send_signal(number)

    assert server.wait() == 0
    wait_until_gone(processes)
    assert is_free(server.port)
    assert "Stopping ..." in server.log()


@pytest.mark.parametrize("word", _marked("gunicorn", "qcluster"))
def test_the_death_of_one_ends_the_other_and_is_told(server: Server, word: str) -> None:
    processes = server.descendants()

    os.kill(server.child(word), signal.SIGKILL)

    assert server.wait() == 1
    wait_until_gone(processes)
    assert is_free(server.port)
    name = {"gunicorn": "web", "qcluster": "worker"}[word]
    assert f"The {name} process ended by itself; stopping the rest." in server.log()


@pytest.mark.parametrize("number", _marked(signal.SIGKILL))
def test_nothing_outlives_a_server_that_is_killed(server: Server, number: signal.Signals) -> None:
    processes = server.descendants()
    assert server.process is not None

    server.process.send_signal(number)

    wait_until_gone(processes)
    assert is_free(server.port)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_is_taken_is_told_in_a_sentence(taken_port: int) -> None:
    with pytest.raises(CommandError, match=rf"port {taken_port} of 127.0.0.1.* --port {taken_port + 1}\.$"):
        call_command("serve", port=taken_port)


@pytest.mark.parametrize(("host", "port"), [("no-such-host.invalid", 8001), ("127.0.0.1", 70_000)])
def test_an_address_that_is_none_is_told_in_a_sentence(host: str, port: int) -> None:
    with pytest.raises(CommandError, match=rf"port {port} of {host}"):
        call_command("serve", host=host, port=port)
