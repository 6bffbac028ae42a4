"""Verbs: rules and transactions. They take ids and values, never a request."""
