"""The classifiers' endpoints' addresses."""

from django.urls import path

from classifiers.api.classifiers import ClassifiersView, ClassifierView
from classifiers.api.example_lists import ExamplesView
from classifiers.api.examples import ExampleView
from classifiers.api.exports import ExportView
from classifiers.api.guidelines import GuidelinesView
from classifiers.api.imports import ImportsView, ImportView, RefusalsView
from classifiers.api.labels import LabelsView, LabelView
from classifiers.api.predictions import PredictView
from classifiers.api.thresholds import ThresholdsView
from classifiers.api.trainings import TrainingsView, TrainingView

urlpatterns = [
    path("classifiers", ClassifiersView.as_view(), name="classifiers"),
    path("classifiers/<str:key>", ClassifierView.as_view(), name="classifier"),
    path("classifiers/<str:key>/predict", PredictView.as_view(), name="predict"),
    path("classifiers/<str:key>/labels", LabelsView.as_view(), name="labels"),
    path("classifiers/<str:key>/labels/<str:number>", LabelView.as_view(), name="label"),
    path("classifiers/<str:key>/examples", ExamplesView.as_view(), name="examples"),
    path("classifiers/<str:key>/examples/<str:id>", ExampleView.as_view(), name="example"),
    path("classifiers/<str:key>/guidelines", GuidelinesView.as_view(), name="guidelines"),
    path("classifiers/<str:key>/thresholds", ThresholdsView.as_view(), name="thresholds"),
    path("classifiers/<str:key>/trainings", TrainingsView.as_view(), name="trainings"),
    path("classifiers/<str:key>/trainings/<str:number>", TrainingView.as_view(), name="training"),
    path("classifiers/<str:key>/imports", ImportsView.as_view(), name="imports"),
    path("classifiers/<str:key>/imports/<str:id>", ImportView.as_view(), name="import"),
    path("classifiers/<str:key>/imports/<str:id>/refusals", RefusalsView.as_view(), name="import-refusals"),
    path("classifiers/<str:key>/export", ExportView.as_view(), name="export"),
]
