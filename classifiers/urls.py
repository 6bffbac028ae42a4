"""The classifiers' endpoints' addresses."""

from django.urls import path

from classifiers import api

urlpatterns = [
    path("classifiers", api.ClassifiersView.as_view(), name="classifiers"),
    path("classifiers/<str:key>", api.ClassifierView.as_view(), name="classifier"),
    path("classifiers/<str:key>/predict", api.PredictView.as_view(), name="predict"),
]
