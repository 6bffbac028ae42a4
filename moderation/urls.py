"""The moderation endpoints' addresses."""

from django.urls import path

from moderation import api

urlpatterns = [
    path("auth", api.AuthView.as_view(), name="auth"),
    path("moderate/text", api.ModerateTextView.as_view(), name="moderate-text"),
]
