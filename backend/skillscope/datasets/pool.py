"""Work on parts in several processes, results in order, a bounded number of parts in flight."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from skillscope.errors import ConfigurationError

__all__ = ["WorkerPool"]

Item = TypeVar("Item")
Result = TypeVar("Result")

PARTS_PER_WORKER: Final = 3
ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


class WorkerPool:
    """`workers` processes, or this one alone where `workers` is 1.

    Processes are spawned, not forked: Polars and OpenBLAS hold threads that a fork would lose. Each gets one thread
    of its own. Which process works on a part changes no result.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self.workers > 1:
            before = {name: os.environ.get(name) for name in ONE_THREAD}
            os.environ.update(dict.fromkeys(ONE_THREAD, "1"))  # inherited by the processes when they start
            self._restore: dict[str, str | None] = before
            self._executor = ProcessPoolExecutor(self.workers, multiprocessing.get_context("spawn"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            for name, value in self._restore.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`function` of each item, in the order of the items; items are drawn only as workers become free.

        Raises:
            ConfigurationError: a process died, most likely for want of memory.
        """
        if self._executor is None:
            yield from map(function, items)
            return
        waiting: deque[Future[Any]] = deque()
        try:
            for item in items:
                waiting.append(self._executor.submit(function, item))
                if len(waiting) >= self.workers * PARTS_PER_WORKER:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise ConfigurationError(
                "a worker process died: it was killed for want of memory, or the script that started it does not guard "
                "its work with `if __name__ == '__main__':`; SKILLSCOPE_WORKERS=1 does without such processes"
            ) from error
        finally:
            for future in waiting:
                future.cancel()
