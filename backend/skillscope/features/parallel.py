"""A function over batches in one process or several, in order, with a bounded number of results waiting."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from itertools import chain, islice
from typing import TypeVar

from threadpoolctl import ThreadpoolController, threadpool_limits

__all__ = ["map_batches"]

In = TypeVar("In")
Out = TypeVar("Out")

_WORTH_A_POOL = 4  # batches; fewer are done sooner than a second process has loaded the language pipeline
_GIVEN_AHEAD = 2  # batches given to each further process
_WAITING = 200  # results that may wait for an earlier one


def map_batches(measure: Callable[[In], Out], batches: Iterable[In], processes: int) -> Iterator[Out]:
    """`measure(batch)` for each batch, in order. `measure` is a module-level function.

    This process is one of `processes`: it measures too, also while the others start. BLAS keeps to one thread in
    each.
    """
    source = iter(batches)
    first = list(islice(source, _WORTH_A_POOL))
    ahead = chain(first, source)
    if processes <= 1 or len(first) < _WORTH_A_POOL:
        for batch in ahead:
            yield _here(measure, batch)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes - 1, mp_context=context, initializer=_one_thread) as pool:
        waiting: deque[Future[Out]] = deque()
        for batch in ahead:
            given = sum(not future.done() for future in waiting)
            if given < _GIVEN_AHEAD * (processes - 1):
                waiting.append(pool.submit(measure, batch))
            else:
                waiting.append(_done(_here(measure, batch)))
            while waiting and (waiting[0].done() or len(waiting) > _WAITING):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _here(measure: Callable[[In], Out], batch: In) -> Out:
    with _libraries().limit(limits=1, user_api="blas"):
        return measure(batch)


@cache
def _libraries() -> ThreadpoolController:
    """The BLAS libraries that are loaded; to look for them takes as long as to measure a text."""
    return ThreadpoolController()


def _done(result: Out) -> Future[Out]:
    future: Future[Out] = Future()
    future.set_result(result)
    return future


def _one_thread() -> None:
    threadpool_limits(limits=1, user_api="blas")
