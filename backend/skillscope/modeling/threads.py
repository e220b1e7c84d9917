"""Threads that fit models side by side, one core each."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

__all__ = ["fitting_threads"]


@contextmanager
def fitting_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of threads. While it is open, linear algebra runs on the thread that asks for it: sums come in one order
    whatever the number of cores, and no threads of two fits wait for one another.
    """
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(count) as pool:
        yield pool
