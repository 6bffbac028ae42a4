"""The ground floor: projects, API keys, analyzers, request logs, the moderate endpoints, background runs.

Imports none of the other apps. It defines what an analyzer is; it never learns what a classifier is.
"""
