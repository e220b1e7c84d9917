"""A function over batches in one process or several, in order, with a bounded number of batches waiting."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import TypeVar

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

__all__ = ["map_batches"]

In = TypeVar("In")
Out = TypeVar("Out")

_WORTH_A_POOL = 4  # batches; fewer are done sooner than a second process has loaded the language pipeline


def map_batches(measure: Callable[[In], Out], batches: Iterable[In], processes: int) -> Iterator[Out]:
    """`measure(batch)` for each batch, in order. `measure` is a module-level function."""
    source = iter(batches)
    first = list(islice(source, _WORTH_A_POOL))
    if processes <= 1 or len(first) < _WORTH_A_POOL:
        for batch in _chain(first, source):
            with threadpool_limits(limits=1, user_api="blas"):
                result = measure(batch)
            yield result
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_one_thread) as pool:
        waiting: deque[Future[Out]] = deque()
        for batch in _chain(first, source):
            waiting.append(pool.submit(measure, batch))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _chain(first: list[In], rest: Iterator[In]) -> Iterator[In]:
    yield from first
    yield from rest


def _one_thread() -> None:
    threadpool_limits(limits=1, user_api="blas")
