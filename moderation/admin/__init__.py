"""The staff's screens of the ground floor."""

from moderation.admin import api_keys, projects, request_logs

__all__ = ["api_keys", "projects", "request_logs"]
