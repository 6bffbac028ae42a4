"""The staff's screens for step 3: automated annotation, and labelling by hand."""

from annotation.admin import texts
from classifiers.admin import step_page

step_page.add_urls(texts.URLS)
