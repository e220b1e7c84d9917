"""The dated price table of the package."""

import re
from datetime import date
from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, Field

from skillscope.errors import ConfigurationError
from skillscope.synthesis.providers.base import Answer

__all__ = ["Price", "PriceTable", "load_prices"]

_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{3}|latest)$")


class Price(BaseModel):
    """US dollars per million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0)
    cached_input: float = Field(ge=0)
    output: float = Field(ge=0)
    fixed_sampling: bool = False

    def cost(self, answer: Answer) -> float:
        """What an answer costs, in US dollars."""
        fresh = answer.input_tokens - answer.cached_input_tokens
        dollars = (
            fresh * self.input + answer.cached_input_tokens * self.cached_input + answer.output_tokens * self.output
        )
        return dollars / 1e6

    def bound(self, input_tokens: int, output_tokens: int) -> float:
        """The most that a request of so many tokens can cost, in US dollars."""
        return (input_tokens * self.input + output_tokens * self.output) / 1e6


class PriceTable(BaseModel):
    """Prices by provider and model, with the day on which they were read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: date
    sources: dict[str, str]
    models: dict[str, dict[str, Price]]

    def find(self, provider: str, model: str) -> Price | None:
        """The price of a model; a dated snapshot (`gpt-4o-mini-2024-07-18`) costs what its model does."""
        known = self.models.get(provider, {})
        return known.get(model) or known.get(_DATED.sub("", model))

    def need(self, provider: str, model: str, *, allow_unpriced: bool) -> Price | None:
        """The price, or None where `allow_unpriced` lets an unknown one pass.

        Raises:
            ConfigurationError: no price is known and that was not allowed.
        """
        price = self.find(provider, model)
        if price is None and not allow_unpriced:
            known = ", ".join(sorted(self.models.get(provider, {}))) or "none"
            raise ConfigurationError(
                f"no price is known for {model} of {provider} (table of {self.as_of}; known: {known}): "
                "say --allow-unpriced to use it without counting its cost"
            )
        return price


@cache
def load_prices() -> PriceTable:
    """The table shipped in the package."""
    text = resources.files(__package__).joinpath("prices.yaml").read_text(encoding="utf-8")
    return PriceTable.model_validate(yaml.safe_load(text))
