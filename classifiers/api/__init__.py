"""The classifiers' endpoints. A key sees the classifiers that its project runs, and no others.

lookups        what a key may see
parameters     the query string, read as strictly as a body
classifiers    which classifiers there are
predictions    label a text
labels         the labels of a classifier
guidelines     the wordings that its labels have had
thresholds     how sure it must be of a label to give it
examples       its examples, one by one
example_lists  many examples at once: pages of them, and adding a batch
trainings      start a training, and follow it
imports        upload a file, follow its import, read the report
upload_forms   the form in which a file comes
exports        all examples as a file
"""
