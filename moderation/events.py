"""What happens in the house, told to whoever wants to know: notices and e-mail now, webhooks beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Event:
    """One thing that has happened. `data` holds ids, counts and names, never texts of examples.

    `subject` and `sentence` tell it to a person, `url` says where to look (a path on this server), `user_id` who asked.
    """

    name: str
    subject: str
    sentence: str
    url: str = ""
    user_id: int | None = None
    is_bad: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)


Listener = Callable[[Event], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Have `listener` told of every event. Called once for each, when Django starts.

    It is called inside of the transaction in which the thing happens, so that what it writes is there if and only if
    the thing has happened. Whatever reaches out of the database it leaves to `transaction.on_commit`.
    """
    if listener not in _listeners:
        _listeners.append(listener)


def announce(event: Event) -> None:
    """Tell every listener of the event. Called inside of the transaction in which it happens."""
    for listener in _listeners:
        listener(event)
