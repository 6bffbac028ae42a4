"""What the tests of the API call: a project with keys of every kind, and another one's classifier."""

from __future__ import annotations

import datetime as dt
import json
import sys
from dataclasses import asdict, dataclass

from django.utils import timezone

from moderation.models import Project, Scope
from moderation.services import keys
from tests.factories import AnalyzerSettingFactory, ClassifierFactory, ProjectFactory
from tests.live_versions import go_live
from tests.server import Server

TRAINED, UNTRAINED, FOREIGN = "message-check", "not-yet-trained", "of-another-project"


@dataclass(frozen=True)
class Shop:
    """The secrets of a project's keys; all but the first three open nothing."""

    key: str
    read_only: str
    foreign: str
    revoked: str
    expired: str
    switched_off: str


def open_shop() -> Shop:
    """Make the projects, classifiers and keys. Needs the prepared encoder."""
    project = ProjectFactory(name="Shop", is_logging=True)
    other = ProjectFactory(name="Other")
    for analyzer in ("email", TRAINED, UNTRAINED):
        AnalyzerSettingFactory(project=project, analyzer=analyzer)
    AnalyzerSettingFactory(project=other, analyzer=FOREIGN)
    go_live(ClassifierFactory(key=TRAINED, name="Message check"))
    go_live(ClassifierFactory(key=FOREIGN, name="Of another project"), prototypes={"A": "cats", "B": "dogs"})
    ClassifierFactory(key=UNTRAINED, name="Not yet trained")
    revoked = keys.issue(project, name="revoked")
    keys.revoke([revoked.key.pk])
    return Shop(
        key=_secret(project),
        read_only=_secret(project, scopes=(Scope.READ,)),
        foreign=_secret(other),
        revoked=revoked.secret,
        expired=_secret(project, expires_at=timezone.now() - dt.timedelta(seconds=1)),
        switched_off=_secret(ProjectFactory(name="Off", is_active=False)),
    )


def open_in(server: Server) -> Shop:
    """Make the same on a running server."""
    code = "from tests.api import shop; shop.print_opened()"
    return Shop(**json.loads(server.shell(code)))


def print_opened() -> None:
    """Make the shop and print its secrets, as `open_in` reads them."""
    sys.stdout.write(json.dumps(asdict(open_shop())))


def _secret(
    project: Project,
    *,
    scopes: tuple[str, ...] = (Scope.READ, Scope.MODERATE),
    expires_at: dt.datetime | None = None,
) -> str:
    return keys.issue(project, name="test", scopes=[str(scope) for scope in scopes], expires_at=expires_at).secret
