"""One file per model."""

from classifiers.models.classifier import Classifier, ClassifierType, Label
from classifiers.models.copy_run import CopyRun
from classifiers.models.data_import import FileKind, ImportRefusal, ImportRun
from classifiers.models.decision import Decision, DecisionSource
from classifiers.models.embedding import Embedding
from classifiers.models.embedding_run import EmbeddingRun
from classifiers.models.example import Example, ExampleOrigin, ExampleState
from classifiers.models.guidelines import Guidelines
from classifiers.models.near_duplicate import KeptApart, NearDuplicate, NearDuplicateRun
from classifiers.models.request_import import PickReason, RequestImport, RequestPick, Selection
from classifiers.models.version import HeldOut, Version

__all__ = [
    "Classifier",
    "ClassifierType",
    "CopyRun",
    "Decision",
    "DecisionSource",
    "Embedding",
    "EmbeddingRun",
    "Example",
    "ExampleOrigin",
    "ExampleState",
    "FileKind",
    "Guidelines",
    "HeldOut",
    "ImportRefusal",
    "ImportRun",
    "KeptApart",
    "Label",
    "NearDuplicate",
    "NearDuplicateRun",
    "PickReason",
    "RequestImport",
    "RequestPick",
    "Selection",
    "Version",
]
