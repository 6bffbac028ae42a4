"""The annotation's endpoints' addresses."""

from django.urls import path

from annotation.api.answers import AnswersView, UndoView
from annotation.api.queues import QueuesView
from annotation.api.runs import (
    AnnotationsView,
    CancelView,
    PauseView,
    PlanView,
    ResumeView,
    RunsView,
    RunView,
)
from annotation.api.suggestions import ConfirmView, SuggestionsView
from annotation.api.turns import NextView

_RUNS = "classifiers/<str:key>/annotation-runs"

urlpatterns = [
    path(_RUNS, RunsView.as_view(), name="annotation-runs"),
    path(f"{_RUNS}/plan", PlanView.as_view(), name="annotation-plan"),
    path(f"{_RUNS}/<str:id>", RunView.as_view(), name="annotation-run"),
    path(f"{_RUNS}/<str:id>/pause", PauseView.as_view(), name="annotation-pause"),
    path(f"{_RUNS}/<str:id>/resume", ResumeView.as_view(), name="annotation-resume"),
    path(f"{_RUNS}/<str:id>/cancel", CancelView.as_view(), name="annotation-cancel"),
    path(f"{_RUNS}/<str:id>/annotations", AnnotationsView.as_view(), name="annotations"),
    path("classifiers/<str:key>/suggestions", SuggestionsView.as_view(), name="suggestions"),
    path("classifiers/<str:key>/suggestions/confirm", ConfirmView.as_view(), name="suggestions-confirm"),
    path("classifiers/<str:key>/queues", QueuesView.as_view(), name="queues"),
    path("classifiers/<str:key>/queues/<str:code>/next", NextView.as_view(), name="queue-next"),
    path("classifiers/<str:key>/answers", AnswersView.as_view(), name="answers"),
    path("classifiers/<str:key>/undo", UndoView.as_view(), name="undo"),
]
