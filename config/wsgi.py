"""The web application, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from moderation.body_guard import tame_content_type

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = tame_content_type(get_wsgi_application())
