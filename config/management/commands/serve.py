"""`manage.py serve`: web and worker of one machine in one process tree."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import installation
from config.process_tree import ProcessTree

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Command(BaseCommand):
    """Serve until Ctrl-C or SIGTERM."""

    help = "Start the web server and the background worker together; Ctrl-C ends both."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on.")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--web-workers", type=int, default=1, help="Each holds the encoder (about 180 MB in all).")
        parser.add_argument("--threads", type=int, default=4, help="Threads of each web worker.")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        _check_free(host, port)
        installation.prepare()
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if host in _LOOPBACK:
            # What the screens show as the server's address, unless somebody has set another one.
            os.environ.setdefault("PUBLIC_URL", f"http://{address}")
        tree = ProcessTree()
        tree.start("web", _web(address, workers=options["web_workers"], threads=options["threads"]))
        tree.start("worker", [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"])
        self.stdout.write(f"Houserules listens on http://{address}/ - Ctrl-C ends it.")
        self.stdout.flush()
        sys.exit(tree.run(say=self.stdout.write))


def _web(address: str, *, workers: int, threads: int) -> list[str]:
    command = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--config", "python:config.gunicorn"]
    return [*command, "--bind", address, "--workers", str(workers), "--threads", str(threads)]


def _check_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As gunicorn does: connections of an earlier server that are still closing don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Nothing can listen on port {port} of {host}: it is taken or not allowed. "
                f"Choose another one, for example with --port {port + 1}."
            ) from error
