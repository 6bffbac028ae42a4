"""Every address of the server."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from classifiers.admin import encoder
from config import health
from moderation.admin import notices

_api = [
    path("", include("annotation.urls")),
    path("", include("classifiers.urls")),
    path("", include("moderation.urls")),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/notices/", include(notices.URLS)),
    path("admin/encoder/", include(encoder.URLS)),
    path("admin/", admin.site.urls),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    # The same API under both addresses that clients of the hosted service use.
    path("api/v1/", include((_api, "api"), namespace="api")),
    path("v1/", include((_api, "api"), namespace="api-short")),
]
handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
