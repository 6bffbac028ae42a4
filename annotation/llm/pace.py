"""How fast a server is asked: one call until it has answered, then as many as it bears.

Pure: moments come in as seconds of any steady clock.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from annotation.asking import AskingFailed, AskingPaused

# Failures in a row, of whatever texts, after which the server counts as down.
BREAKER = 5
# Longer than this a worker doesn't wait: it could do other work.
MOST_WAIT_S = 120.0
_MOST_BACKOFF_S = 20.0
# A server that has been busy for this long, without one answer in between, is left alone.
_MOST_BUSY_S = 300.0


@dataclass
class Pace:
    """The state of one run's asking. `most` is the setting: never more calls than that at once; `first_wait_s` is the
    longest wait after a first failure, doubled with each further one.

    Begins with one call at a time, and so it goes on after each failure until an answer has come: a server that is
    down, or a key that isn't valid, costs a call and not a windowful. A busy server halves the window.
    """

    most: int
    rng: random.Random
    first_wait_s: float = 0.5
    hold_until_s: float = field(default=0.0, init=False)
    failures: int = field(default=0, init=False)
    rejections: int = field(default=0, init=False)
    _has_answered: bool = field(default=False, init=False)
    _window: float = field(default=0.0, init=False)
    _busy_turns: int = field(default=0, init=False)
    _troubled_at_s: float = field(default=float("-inf"), init=False)
    _busy_since_s: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._window = float(self.most)

    @property
    def window(self) -> int:
        """Return how many calls may be under way now."""
        if not self._has_answered or self.failures or self._busy_turns:
            return 1
        return max(1, int(self._window))

    def answered(self) -> None:
        """Note a reply of any content: the server works."""
        self._has_answered = True
        self.failures = self.rejections = self._busy_turns = 0
        self._busy_since_s = None
        # Up by about one for each windowful of answers, as TCP does.
        self._window = min(float(self.most), self._window + 1.0 / max(self._window, 1.0))

    def was_busy(self, *, began_s: float, now_s: float, retry_after_s: float | None) -> None:
        """Note a 429: hold for as long as the server says, else longer each time. Raises AskingPaused.

        `began_s` is when the call was made.
        """
        if self._is_news(began_s=began_s, now_s=now_s):
            self._busy_turns += 1
            self._window = max(1.0, self._window / 2)
        self._busy_since_s = now_s if self._busy_since_s is None else self._busy_since_s
        wait_s = self._backoff(self._busy_turns) if retry_after_s is None else max(retry_after_s, 0.0)
        if wait_s > MOST_WAIT_S:
            raise AskingPaused(
                f"The language model's server takes no more calls for about {_words(wait_s)}. Resume the run then."
            )
        if now_s - self._busy_since_s > _MOST_BUSY_S:
            raise AskingPaused(
                f"The language model's server has been too busy for {_words(_MOST_BUSY_S)}. Resume the run later, or "
                "set LLM_CONCURRENCY lower."
            )
        # A little later than told, so that many who wait don't all come in the same moment.
        self.hold_until_s = max(self.hold_until_s, now_s + wait_s * self.rng.uniform(1.0, 1.1))

    def failed(self, *, began_s: float, now_s: float, sentence: str) -> None:
        """Note a 5xx, a hang or a dropped connection, and hold. Raises AskingPaused after `BREAKER` in a row.

        `began_s` is when the call was made.
        """
        if not self._is_news(began_s=began_s, now_s=now_s):
            return
        self.failures += 1
        if self.failures >= BREAKER:
            raise AskingPaused(f"{sentence} That was {BREAKER} times in a row, so the run was paused. Resume it later.")
        self.hold_until_s = max(self.hold_until_s, now_s + self._backoff(self.failures))

    def was_rejected(self, sentence: str) -> None:
        """Note that the server takes the calls but not what they ask. Raises AskingFailed after `BREAKER` in a row."""
        self.rejections += 1
        if self.rejections >= BREAKER:
            raise AskingFailed(
                f"{sentence} That was {BREAKER} texts in a row. Check OPENAI_MODEL and OPENAI_BASE_URL, then resume."
            )

    def _is_news(self, *, began_s: float, now_s: float) -> bool:
        # A server that restarts drops a whole windowful of calls at once: that's one trouble, not many in a row.
        is_news = began_s >= self._troubled_at_s
        self._troubled_at_s = now_s if is_news else self._troubled_at_s
        return is_news

    def _backoff(self, turn: int) -> float:
        # Full jitter: AWS Architecture Blog, "Exponential Backoff And Jitter". Never nothing, though.
        most_s = min(_MOST_BACKOFF_S, self.first_wait_s * 2.0 ** (turn - 1))
        return self.rng.uniform(most_s / 2, most_s)


def _words(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes > 1 else "a minute" if minutes else f"{seconds:.0f} seconds"
