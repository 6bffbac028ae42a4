"""The bell on every page."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from moderation.services import notices

register = template.Library()


@register.simple_tag(takes_context=True)
def unseen_notices(context: Context) -> dict[str, Any]:
    """Return how many notices the person before the page hasn't seen, and whether there may be more than that."""
    user = getattr(context.get("request"), "user", None)
    count = notices.unseen_count(user.pk) if user is not None and user.pk else 0
    return {"count": count, "is_more": count == notices.LISTED}
