"""What every generator is: a deterministic plan of numbered rows, a renderer and checks."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from skillscope.synthesis.journal import Outcome
from skillscope.synthesis.providers.base import Request
from skillscope.synthesis.providers.client import Client

__all__ = ["Check", "Estimate", "Generator", "estimate_requests"]

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

    def plus(self, other: "Estimate") -> "Estimate":
        """Both for the same rows: rows stay, the rest adds up."""
        known = self.cost_usd is not None and other.cost_usd is not None
        return Estimate(
            rows=max(self.rows, other.rows),
            requests=self.requests + other.requests,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
        )


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
    def render(self, rows: Sequence[int]) -> Sequence[Outcome]:
        """One outcome for each of a unit's rows that are not finished, in order. Called from several threads at once.

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


def estimate_requests(
    client: Client, sample: Sequence[Request], *, rows: int, requests: int, output_tokens: int
) -> Estimate:
    """What so many requests like those of the sample will cost, with `output_tokens` each.

    A token is taken as four characters of English, which OpenAI and Google both give as the rule of thumb.
    """
    each = sum(request.characters for request in sample) / (4 * max(1, len(sample)))
    given, made = round(each * requests), output_tokens * requests
    cost = client.price.bound(given, made) if client.price else None
    return Estimate(rows=rows, requests=requests, input_tokens=given, output_tokens=made, cost_usd=cost)
