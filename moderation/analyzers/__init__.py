"""What can be asked of a text: the protocol, the registry, and one file for each built-in analyzer.

Imports no Django and nothing of the other packages; those plug their analyzers into `registry`.
"""
