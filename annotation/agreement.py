"""How well people agree beyond chance. Labels in, numbers out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

# Landis and Koch, The Measurement of Observer Agreement for Categorical Data, Biometrics 33 (1977), page 165: their
# words for kappa. The limits are conventions, not measurements.
_WORDS = ((0.8, "almost perfect"), (0.6, "substantial"), (0.4, "moderate"), (0.2, "fair"), (0.0, "slight"))


def cohen_kappa(a: Sequence[Hashable], b: Sequence[Hashable]) -> float | None:
    """Return Cohen's kappa of two people who labelled the same texts, in the same order: 1 is full agreement, 0 chance.

    None where there are no texts, or where both gave all texts one and the same label: chance alone explains it.

    Raises ValueError where the lengths differ.
    Source: J. Cohen, A Coefficient of Agreement for Nominal Scales, Educational and Psychological Measurement 20
    (1960), formula (2).

    >>> cohen_kappa("aabb", "aaba")
    0.5
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} labels of one person, {len(b)} of the other.")
    if not a:
        return None
    count = len(a)
    observed = sum(one == other for one, other in zip(a, b, strict=True)) / count
    ours, theirs = Counter(a), Counter(b)
    expected = sum(ours[value] * theirs[value] for value in ours) / count**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def krippendorff_alpha(units: Sequence[Sequence[Hashable]]) -> float | None:
    """Return Krippendorff's alpha for labels without an order: 1 is full agreement, 0 what chance would give.

    Each unit holds the labels that people gave one text, however many; a text with a single label says nothing.
    None where no two labels can be compared, or where all of them are equal: there is no chance to disagree by.

    Source: K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C, nominal data, with
    coincidences.

    >>> krippendorff_alpha(["aa", "bb", "ab"])
    0.4444444444444444
    """
    pairable = [Counter(unit) for unit in units if len(unit) > 1]
    totals: Counter[Hashable] = Counter()
    disagreeing = 0.0
    for counts in pairable:
        size = counts.total()
        totals.update(counts)
        # Each ordered pair of labels of one text weighs 1 / (m - 1), so that each label counts once.
        disagreeing += (size**2 - sum(count**2 for count in counts.values())) / (size - 1)
    total = totals.total()
    by_chance = total**2 - sum(count**2 for count in totals.values())
    return None if not by_chance else 1 - (total - 1) * disagreeing / by_chance


def in_words(value: float) -> str:
    """Return what such an agreement is usually called.

    >>> in_words(0.743), in_words(-0.1)
    ('substantial', 'poor')
    """
    return next((words for least, words in _WORDS if value > least), "poor")
