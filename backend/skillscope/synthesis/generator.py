"""What every generator is: a deterministic plan of numbered rows, a renderer and checks."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from skillscope.synthesis.journal import Outcome
from skillscope.synthesis.providers.client import Client

__all__ = ["Check", "Estimate", "Generator"]

Check = Callable[[int, dict[str, Any]], str | None]
"""Given a row and its value: the reason to drop it, or None. May remember earlier rows; it sees them in order."""


@dataclass(frozen=True)
class Estimate:
    """What a run will ask for. `cost_usd` is None where no price is known; 0 where nothing is paid."""

    rows: int
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0


@dataclass
class Generator(ABC):
    """One generator, for one run.

    Rows 0 .. planned-1 are rendered in units of `rows_per_unit` (one request each). A row's value is a function of the
    seed, the settings and the row number alone, or was paid for and is kept.
    """

    name: str
    """Versioned (`conversations.coding.v1`): another version is another plan."""
    seed: int
    planned: int
    rows_per_unit: int = 1
    client: Client | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    """Whatever else fixes the output; part of the fingerprint and of the manifest. JSON values, no secrets."""
    versions: dict[str, str] = field(default_factory=dict)

    @abstractmethod
    def render(self, rows: range) -> Sequence[Outcome]:
        """One outcome for each row of a unit, in order. Called from several threads at once.

        Raises:
            RowFailedError: the whole unit fails, with its reason.
            ProviderError: the run stops.
        """

    def checks(self) -> Sequence[Check]:
        """Fresh checks for one pass over the rows, in order; the first reason given counts."""
        return ()

    def again(self, row: int, attempt: int) -> dict[str, Any] | None:
        """Another value for a row that a check refused, or None to drop it. Paid generators drop."""
        return None

    def estimate(self) -> Estimate:
        """What a run will ask for, before it asks."""
        return Estimate(rows=self.planned)
