"""Bounds requests per minute over all threads, and makes all of them wait when a provider says so."""

import threading
import time

from skillscope.synthesis.providers.ledger import RunStoppedError

__all__ = ["Gate"]


class Gate:
    """Every request passes here; `stop` lets sleeping threads out at once."""

    def __init__(self, requests_per_minute: float | None = None) -> None:
        self._interval = 60.0 / requests_per_minute if requests_per_minute else 0.0
        self._next = 0.0
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def enter(self) -> None:
        """Waits for this request's turn.

        Raises:
            RunStoppedError: the run is ending.
        """
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now)
            self._next = turn + self._interval
        self.sleep(turn - now)

    def hold(self, seconds: float) -> None:
        """Lets no request in for so long."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)

    def sleep(self, seconds: float) -> None:
        """Sleeps, unless the run is ending."""
        if self._stopped.wait(max(0.0, seconds)):
            raise RunStoppedError("the run is ending")

    def stop(self) -> None:
        """Ends every wait."""
        self._stopped.set()
