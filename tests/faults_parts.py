"""What tests of faults share: waiting for what must come, and work in several threads."""

import threading
import time
from collections.abc import Callable

import pytest

PATIENCE = 120.0
"""Seconds that a test waits for what must come; a machine that is busy with much else needs many of them."""


def wait_for(what: str, holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    until = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > until:
            pytest.fail(f"waited {PATIENCE:g} seconds in vain: {what}")
        time.sleep(0.05)


class Together:
    """Threads that run a piece of work each; what one raises is raised at the end."""

    def __init__(self, work: Callable[[int], None], count: int) -> None:
        self.errors: list[BaseException] = []
        self.threads = [threading.Thread(target=self._guarded, args=(work, number)) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def _guarded(self, work: Callable[[int], None], number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # raised again in `join`
            self.errors.append(error)

    def join(self) -> None:
        """Wait for all."""
        for thread in self.threads:
            thread.join()
        if self.errors:
            raise self.errors[0]
