"""Answers by a model far away, without a transaction that waits for it.

The work is done twice: first in a transaction that is rolled back, where the remote answerers only note what they
would be asked; then, after they were asked (all at once, for a bounded time), in the one that counts, where they give
what they gave. What did not come in time is worded by whoever is next in order. Work without remote answerers is done
once.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final, TypeVar

from sqlalchemy.orm import Session, sessionmaker

from skillscope.errors import ProviderError
from skillscope.store import records
from skillscope.tutoring.answerer import Answerer
from skillscope.tutoring.pairs.prompts import Prompt

__all__ = ["note_disclosures", "with_answers"]

T = TypeVar("T")

_SECONDS: Final = 12.0
_AT_ONCE: Final = 4


class _Drafts:
    """Stands in for a remote answerer: notes prompts first, replays drafts later. One draft a prompt."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer
        self._wanted: dict[str, Prompt] = {}
        self._drafts: dict[str, str | None] = {}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._answerer.name

    def write(self, prompt: Prompt, attempt: int) -> str | None:
        if attempt:
            return None
        key = f"{prompt.kind}\x1f{prompt.text}\x1f{prompt.delex}"
        with self._lock:
            self._wanted.setdefault(key, prompt)
            return self._drafts.get(key)

    @property
    def discloses(self) -> bool:
        """Whether a student's words are in what is asked."""
        asked = any(prompt.said for prompt in self._wanted.values())
        return asked and getattr(self._answerer, "discloses", False)

    def fetch(self, pool: ThreadPoolExecutor) -> list[Future[None]]:
        return [pool.submit(self._one, key, prompt) for key, prompt in self._wanted.items()]

    def _one(self, key: str, prompt: Prompt) -> None:
        try:
            draft = self._answerer.write(prompt, 0)
        except ProviderError:
            return  # the answerer has said so in the log
        with self._lock:
            self._drafts[key] = draft


def note_disclosures(session: Session, student_key: int, answerers: Sequence[Answerer], what: str) -> None:
    """Note in the log of disclosures to whom a student's words go with this request."""
    for answerer in answerers:
        if getattr(answerer, "discloses", False):
            records.add_disclosure(session, [student_key], recipient=answerer.name, what=what)


def with_answers(
    sessions: sessionmaker[Session],
    answerers: Sequence[Answerer],
    work: Callable[[Session, Sequence[Answerer]], T],
    *,
    seconds: float = _SECONDS,
) -> T:
    """What `work` gives in a transaction of its own, with these answerers in order; raises like `work`.

    `work` must do the same when it is done again: it may read and write the session and nothing else.
    """
    drafts = [_Drafts(answerer) if getattr(answerer, "remote", False) else answerer for answerer in answerers]
    far = [drafter for drafter in drafts if isinstance(drafter, _Drafts)]
    if far:
        with sessions() as session:
            work(session, drafts)
            session.rollback()
        pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="answers")
        try:
            wait([future for drafter in far for future in drafter.fetch(pool)], timeout=seconds)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    with sessions.begin() as session:
        return work(session, drafts)
