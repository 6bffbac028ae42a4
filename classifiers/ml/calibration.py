"""Whether probabilities mean what they say, and one number that makes them mean it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

BINS = 15
# Between these the temperature is sought. Below, probabilities are 0 and 1; above, all labels are as likely.
LOWEST, HIGHEST = 0.05, 20.0
# A label that the model held for impossible must not decide all.
_LEAST_PROBABILITY = 1e-6
_TOLERANCE = 1e-6


def expected_calibration_error(y: NDArray[np.int64], proba: NDArray[np.floating], *, bins: int = BINS) -> float:
    """Return by how much, on average, the highest probability is off the share of answers that are right.

    Answers are sorted into bins of equal width by their probability; each bin's mean probability is compared with its
    share of right answers, and bins weigh as much as they hold. A probability on an edge belongs to the lower bin.

    Shapes: y int (n,), proba (n, k), rows sum to 1 -> a share in [0, 1]. Raises ValueError for no examples.
    Source: Naeini, Cooper, Hauskrecht 2015; with 15 bins as Guo et al. 2017, formula 3.

    >>> proba = np.array([[0.8, 0.2], [0.8, 0.2], [0.4, 0.6], [0.4, 0.6]])
    >>> round(expected_calibration_error(np.array([0, 1, 1, 1]), proba), 6)
    0.35
    """
    _refuse_nothing(y)
    top = proba.max(axis=1).astype(np.float64)
    is_right = (proba.argmax(axis=1) == y).astype(np.float64)
    # float32 holds 0.8 as 0.800000012: without rounding, an edge would be passed by accident.
    bin_of = np.clip(np.ceil(np.round(top * bins, 6)).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(bin_of, weights=is_right - top, minlength=bins)
    return float(np.abs(gaps).sum() / len(y))


def brier(y: NDArray[np.int64], proba: NDArray[np.floating]) -> float:
    """Return the mean, over examples, of the squared distances between the probabilities and the truth.

    0 is perfect, 2 is certain of the wrong label each time.

    Shapes: y int (n,), proba (n, k). Raises ValueError for no examples. Source: Brier 1950, the form for k labels.

    >>> round(brier(np.array([0, 1]), np.array([[1.0, 0.0], [0.6, 0.4]])), 6)
    0.36
    """
    _refuse_nothing(y)
    gaps = proba.astype(np.float64)
    gaps[np.arange(len(y)), y] -= 1
    return float(np.square(gaps).sum(axis=1).mean())


def fit_temperature(
    logits: NDArray[np.floating], y: NDArray[np.int64], *, is_counted: NDArray[np.bool_] | None = None
) -> float:
    """Return the temperature T for which softmax(logits / T) has the lowest log-loss on `y`.

    Over 1 it makes a model less sure, under 1 surer; which label is the highest doesn't change. The logits must be of
    examples that the model hasn't seen. The same logits give the same T.

    Shapes: logits (n, k), -inf for a label that the model doesn't know; y int (n,); is_counted bool (n,), all where
    it's None -> T between LOWEST and HIGHEST; 1.0 where nothing is counted. Source: Guo et al. 2017, section 4.2.

    >>> logits = np.array([[2.0, 0.0]] * 4)
    >>> round(fit_temperature(logits, np.array([0, 0, 0, 1])), 3)  # 2 / log(3)
    1.82
    """
    if is_counted is not None:
        logits, y = logits[is_counted], y[is_counted]
    if not len(y):
        return 1.0
    exact = logits.astype(np.float64)
    exact -= exact.max(axis=1, keepdims=True)

    def loss(log_temperature: float) -> float:
        scaled = exact / np.exp(log_temperature)
        log_proba = scaled[np.arange(len(y)), y] - np.log(np.exp(scaled).sum(axis=1))
        return float(-np.maximum(log_proba, np.log(_LEAST_PROBABILITY)).mean())

    found = minimize_scalar(
        loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded", options={"xatol": _TOLERANCE}
    )
    return float(np.exp(found.x))


def _refuse_nothing(y: NDArray[np.int64]) -> None:
    if not len(y):
        raise ValueError("There is nothing to evaluate.")
