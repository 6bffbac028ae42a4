"""The house's own trade: labels, examples, imports, features, training, evaluation, versions, prediction.

May import moderation. Its rooms `ml`, `importing` and `exporting` are pure: no Django.
"""
