"""One file per model."""

from classifiers.models.classifier import Classifier, ClassifierType, Label
from classifiers.models.data_import import ImportRefusal, ImportRun
from classifiers.models.decision import Decision, DecisionSource
from classifiers.models.embedding import Embedding
from classifiers.models.example import Example, ExampleOrigin, ExampleState
from classifiers.models.version import HeldOut, Version

__all__ = [
    "Classifier",
    "ClassifierType",
    "Decision",
    "DecisionSource",
    "Embedding",
    "Example",
    "ExampleOrigin",
    "ExampleState",
    "HeldOut",
    "ImportRefusal",
    "ImportRun",
    "Label",
    "Version",
]
