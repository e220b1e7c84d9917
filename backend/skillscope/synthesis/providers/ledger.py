"""What was spent, and the bound that `--max-cost` sets."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from skillscope.errors import ProviderError
from skillscope.synthesis.manifest import Spend

__all__ = ["Ledger", "RunStoppedError"]


class RunStoppedError(ProviderError):
    """The run must end now, in good order; rows not asked for stay pending."""


class Ledger:
    """Counts spend over all threads; what might still be spent by requests under way is held back."""

    def __init__(self, max_cost: float | None = None) -> None:
        """`max_cost`: US dollars that spend, earlier runs of the same output included, never passes."""
        self.max_cost = max_cost
        self.earlier = 0.0
        """US dollars spent by other runs under the same bound (texts before their ratings, raters in turn)."""
        self.spend = Spend()
        self.listener: Callable[[Spend], None] = lambda _spend: None
        self._held = 0.0
        self._lock = threading.Lock()

    @contextmanager
    def holding(self, bound: float) -> Iterator[None]:
        """Holds back the most that a request can cost while it is under way.

        Raises:
            RunStoppedError: that could pass the bound.
        """
        with self._lock:
            spent = self.earlier + (self.spend.cost_usd or 0.0)
            if self.max_cost is not None and spent + self._held + bound > self.max_cost:
                raise RunStoppedError(
                    f"--max-cost {self.max_cost:g} USD reached: {spent:.4f} spent, "
                    f"the next request may cost {bound:.4f}"
                )
            self._held += bound
        try:
            yield
        finally:
            with self._lock:
                self._held -= bound

    def record(self, spend: Spend) -> None:
        """Adds a payment and tells the listener (the journal), so that it survives a kill."""
        self.listener(spend)
        with self._lock:
            self.spend = self.spend.plus(spend)
