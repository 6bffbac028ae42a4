"""Labelling by people and by machines, and the queue that says what to label next.

May import classifiers and moderation.
"""
