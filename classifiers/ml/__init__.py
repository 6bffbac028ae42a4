"""The room where texts become numbers and numbers become labels: features, heads, honest evaluation, artifacts.

Pure: arrays in, arrays out; no Django, no clock, no global random state. What serves (`encoder`, `head`, `artifact`)
needs numpy and onnxruntime only; scikit-learn is imported by `fitting` and torch by `export`, `tuning` and `deep`, all
in child processes or commands of their own.

    encoder     texts -> features, with the prepared encoder
    export      any sentence-transformers encoder -> the prepared one
    tuning/     public sets -> what tuning adds to an encoder's weights; shipped/ has ours
    delta       that on disk
    deep/       the encoder's upper layers adapted to one classifier, kept where that wins
    disguises   words spelled out of shape, read as what they mean; attacks makes such words, to tune and to measure
    folds       which example is held out when
    fitting     a logistic regression, its C chosen by cross-validation
    training    a whole training: honest scores and the final head
    head        features -> probabilities
    evaluation  labels and predictions -> precision, recall, F1
    ranking     labels that are steps: a text's place among them, kappa, rank correlation
    thresholds  which label passes, and what that is worth; costs proposes them from prices
    similarity  cosines between many rows: the nearest, and groups of near copies
    selection   which of many texts are most worth a label
    artifact    a trained version on disk
    jobs        the child processes: embed, train
    disk        files that are either whole or not there
"""
