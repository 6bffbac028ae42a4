"""The staff's screens for classifiers: the six steps, one module each, and the lists."""

from classifiers.admin import classifiers, examples, import_runs, label_tables, versions

__all__ = ["classifiers", "examples", "import_runs", "label_tables", "versions"]
