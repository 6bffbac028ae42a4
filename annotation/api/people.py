"""For whom a team's own screen asks: a key names one of the people of this house with each call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model

from moderation import api_fields
from moderation.api_errors import Issue
from moderation.api_exceptions import Refused

_CHANGE = "classifiers.change_example"
_NAME_CHARS = 150


def read_annotator(fields: Mapping[str, Any]) -> Any:
    """Return the user whose name stands in the field `annotator`.

    Texts are held for people and answers are theirs, so that a call has to say whose. The key vouches for it: whoever
    may write with it is trusted to name the right one. Raises Refused (400) for a name that nobody has who is active
    and may label on the screens, too.
    """
    name = api_fields.read_text(fields, "annotator", max_chars=_NAME_CHARS)
    users = get_user_model().objects
    user = users.filter(username=name, is_active=True, is_staff=True).first()
    if user is None or not user.has_perm(_CHANGE):
        message = "Nobody of this name may label here. Send the user name of a person who may change examples."
        raise Refused(400, api_fields.INVALID, issues=(Issue("annotator", message, "unknown_annotator"),))
    return user
