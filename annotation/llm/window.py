"""A language model that is asked about many texts at once: a window of calls that slides along."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice

from annotation.asking import AskingFailed, AskingPaused, Problem, Question, Reply
from annotation.llm.answer import Completion
from annotation.llm.client import FIRST_FORM, Client, Form, Kind, Trouble
from annotation.llm.pace import Pace

# Who asks is given a look at least this often: whether to stop, and to say that the run lives.
_LOOK_S = 0.5
# After `stop`: an answer that comes within this time is paid for and kept.
_GRACE_S = 1.5
MOST_TRIES = 4


@dataclass(frozen=True)
class _Call:
    question: Question
    form: Form
    began_s: float


class LanguageModel:
    """The asker that calls a server. It fulfils `asking.Asker`.

    Calls are made by threads and everything else happens in the thread that iterates over `ask`: also `permit`, which
    is asked for leave before calls are made, `permit(n)` for n of them, and answers for how many it is given. It
    raises AskingPaused where there is none left.
    """

    def __init__(
        self, client: Client, *, pace: Pace, permit: Callable[[int], int], make_mark: Callable[[], str]
    ) -> None:
        self._client = client
        self._pace = pace
        self._permit = permit
        self._make_mark = make_mark
        self._pool = ThreadPoolExecutor(max_workers=pace.most, thread_name_prefix="language-model")
        self._form = FIRST_FORM
        self._under_way: dict[Future[Completion | Trouble], _Call] = {}
        # Taken from the questions, but not asked at the moment.
        self._waiting: deque[Question] = deque()
        self._calls: Counter[int] = Counter()
        self._tries: Counter[int] = Counter()
        self._ending: AskingPaused | AskingFailed | None = None
        self._stopped_at_s: float | None = None
        self.unused_permits = 0

    def ask(self, questions: Iterable[Question]) -> Iterator[Sequence[Reply]]:
        """Yield replies as they come; see `Asker.ask`."""
        source = iter(questions)
        while True:
            has_more = self._fill(source)
            if not self._under_way and not has_more:
                break
            yield self._collect()
            if self._is_past_grace():
                break
        if self._ending is not None:
            raise self._ending

    def stop(self) -> None:
        """Make no further call; `ask` ends when all are answered, or after a moment."""
        if self._stopped_at_s is None:
            self._stopped_at_s = time.monotonic()

    def close(self) -> None:
        """Let go of threads and connections; those of calls that still hang when they have ended."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if not any(future.running() for future in self._under_way):
            self._end()
            return
        # Closing a connection under a thread that reads from it isn't safe. Nothing waits for this one.
        threading.Thread(target=self._end, name="language-model-end", daemon=True).start()

    def _end(self) -> None:
        self._pool.shutdown(wait=True)
        self._client.close()

    def _is_past_grace(self) -> bool:
        return self._stopped_at_s is not None and time.monotonic() - self._stopped_at_s > _GRACE_S

    def _fill(self, source: Iterator[Question]) -> bool:
        """Start as many calls as may be; return whether any is still to be made."""
        if self._ending is not None or self._stopped_at_s is not None:
            return False
        free = self._pace.window - len(self._under_way)
        if free <= 0 or time.monotonic() < self._pace.hold_until_s:
            return True
        # New texts first: one that made the server fail must not be all that is tried.
        ready = list(islice(source, free))
        while self._waiting and len(ready) < free:
            ready.append(self._waiting.popleft())
        if not ready:
            return False
        granted = self._get_permits(len(ready))
        for question in ready[:granted]:
            self._start(question)
        self._waiting.extendleft(reversed(ready[granted:]))
        return self._ending is None

    def _get_permits(self, wanted: int) -> int:
        kept = min(wanted, self.unused_permits)
        self.unused_permits -= kept
        if kept == wanted:
            return kept
        try:
            return kept + self._permit(wanted - kept)
        except AskingPaused as error:
            self._ending = error
            return kept

    def _start(self, question: Question) -> None:
        call = _Call(question=question, form=self._form, began_s=time.monotonic())
        future = self._pool.submit(self._client.call, question.text, mark=self._make_mark(), form=call.form)
        self._under_way[future] = call

    def _collect(self) -> list[Reply]:
        """Wait for answers, for a look's time at most, and return what came of those that are there."""
        if not self._under_way:
            time.sleep(min(_LOOK_S, max(0.0, self._pace.hold_until_s - time.monotonic())))
            return []
        done, _ = wait(self._under_way, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
        replies = [self._take(self._under_way.pop(future), future.result()) for future in done]
        return [reply for reply in replies if reply is not None]

    def _take(self, call: _Call, result: Completion | Trouble) -> Reply | None:
        question = call.question
        if isinstance(result, Completion):
            self._calls[question.id] += 1
            self._pace.answered()
            return self._reply(question, result)
        if result.was_called:
            self._calls[question.id] += 1
        else:
            self.unused_permits += 1
        try:
            return self._note(call, result)
        except (AskingPaused, AskingFailed) as error:
            self._ending = error
            return None

    def _note(self, call: _Call, trouble: Trouble) -> Reply | None:
        """Return a reply where the text is given up; else it's asked again. Raises AskingPaused, AskingFailed."""
        question, now_s = call.question, time.monotonic()
        if trouble.kind == Kind.HOPELESS:
            raise AskingFailed(trouble.sentence)
        if trouble.kind == Kind.REJECTED:
            self._pace.was_rejected(trouble.sentence)
            return self._give_up(question, trouble)
        self._waiting.append(question)
        if trouble.next_form is not None:
            # Of a windowful that is told the same only the first changes the form.
            self._form = trouble.next_form if call.form == self._form else self._form
        elif trouble.kind == Kind.BUSY:
            self._pace.was_busy(began_s=call.began_s, now_s=now_s, retry_after_s=trouble.retry_after_s)
        else:
            self._tries[question.id] += 1
            self._pace.failed(began_s=call.began_s, now_s=now_s, sentence=trouble.sentence)
            if self._tries[question.id] >= MOST_TRIES:
                self._waiting.remove(question)
                return self._give_up(question, trouble)
        return None

    def _give_up(self, question: Question, trouble: Trouble) -> Reply:
        tries = self._tries.pop(question.id, 1)
        sentence = trouble.sentence if tries == 1 else f"{trouble.sentence} It was tried {tries} times."
        return Reply(question_id=question.id, said=Problem(sentence), calls=self._calls.pop(question.id, 0))

    def _reply(self, question: Question, completion: Completion) -> Reply:
        self._tries.pop(question.id, None)
        return Reply(
            question_id=question.id,
            said=completion.said,
            calls=self._calls.pop(question.id, 0),
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
        )
