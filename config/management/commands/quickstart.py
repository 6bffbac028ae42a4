"""`manage.py quickstart`: everything that a first look needs, then serve. Running it again keeps all data."""

from __future__ import annotations

import logging
import os
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from config import installation, sample


class Command(BaseCommand):
    """Prepare, load the sample, train it, make a login, and serve."""

    help = "Prepare this machine, load and train the sample, make an admin login, and serve."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-serve", action="store_true", help="Only prepare.")

    def handle(self, *args: Any, **options: Any) -> None:
        # The queue tells of each message; here nobody reads that.
        logging.getLogger("django-q").setLevel(logging.WARNING)
        self.stdout.write("Preparing ...")
        installation.prepare()
        address = f"http://{options['host']}:{options['port']}"
        login = sample.make_login()
        key = sample.load(say=self.stdout.write)
        self._greet(address, login=login, key=key)
        self.stdout.flush()
        if not options["no_serve"]:
            # What was just printed shouldn't be pushed off the screen by the log of a server that is well.
            os.environ.setdefault("LOG_LEVEL", "WARNING")
            call_command("serve", host=options["host"], port=options["port"], stdout=self.stdout)

    def _greet(self, address: str, *, login: sample.Login | None, key: str | None) -> None:
        say = self.stdout.write
        say("")
        say(f"  Open      {address}/admin/")
        if login is None:
            say("  Login     as before (forgotten? python manage.py changepassword <name>)")
        else:
            say(f"  Login     {login.name}   password {login.password}   (shown only now)")
        if key is None:
            say(f"  API       with the key shown at the first start, or a new one: {address}/admin/moderation/apikey/")
        else:
            say("  Try       (the key is shown only now)")
            say("")
            say(f"curl -s {address}/api/v1/classifiers/{sample.CLASSIFIER_KEY}/predict \\")
            say(f"  -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\")
            say('  -d \'{"text": "cheaper if we skip the fees, text me and pay by bank transfer"}\'')
        say("")
