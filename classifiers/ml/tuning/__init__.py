"""The room where the shared encoder is tuned to this field, once, on public sets: `manage.py tune_encoder`.

The upper layers learn to tell the labels of many sets apart, each set by a head of its own that is thrown away
afterwards, while the last layer is held near what it was, so that topics and intents aren't forgotten. What it added
to the base's weights is written as a delta (`classifiers.ml.delta`), which is prepared like any other encoder.

Imports torch: for a process of its own. sentence-transformers' trainer knows no several heads with one encoder and no
checkpoint without pickle, and asks for two more packages, so the loop is plain PyTorch.

    sets         folders of labelled texts
    shared       labels of several sets that mean the same
    recipe       how to tune, and which texts are read together
    network      the base with its heads, and what is minimized
    loop         the tuning itself
    checkpoints  where it got to, so that it can go on after a stop
    making       the whole way, from a folder to a delta
"""
