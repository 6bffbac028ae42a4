"""The staff's screens for step 3: automated annotation, and labelling by hand."""

from annotation.admin import disagreements, home, mistakes, plans, reviews, runs, settings, texts
from classifiers.admin import step_page

_PAGES = (home, plans, runs, reviews, settings, texts, mistakes, disagreements)

for page in _PAGES:
    step_page.add_urls(page.URLS)
