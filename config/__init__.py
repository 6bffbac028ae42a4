"""The top floor: settings, URLs, the admin site, schedules and the commands that start everything.

May import every other app: annotation, classifiers, moderation. No other app imports this one.
"""
