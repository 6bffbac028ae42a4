"""The room of the deep tier: the encoder's upper layers adapted to one classifier's question.

The layers above the lowest one that is read learn from the classifier's own examples, from where the fast tier got to.
What the layers below give is the same for all classifiers, so it is computed once a text, in training and in serving.
Kept only where it beats the fast tier on examples that neither saw, by more than chance explains.

    upper      token states -> features, with the adapted layers: onnxruntime only, for serving
    recipe     how to adapt
    states     the token states of a training's texts, in memory
    comparing  is one set of answers better than another, or is it chance
    network    the layers, the head, and what is minimized (torch)
    adapting   the adapting itself (torch)
    exporting  adapted layers -> what `upper` runs (torch)
    trying     the whole way: adapt without each fold, measure, and adapt on all where it won (torch)

What imports torch is only for the child process of a training.
"""
