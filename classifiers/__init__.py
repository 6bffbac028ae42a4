"""The house's own trade: labels, examples, imports, features, training, evaluation, versions, prediction.

May import moderation. Its rooms `ml` and `importing` are pure: no Django.
"""
