"""The staff's screens of the classifiers."""
