"""What is configured, and one small request to show that it works."""

import time
from collections.abc import Iterator
from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from skillscope.errors import ConfigurationError
from skillscope.settings import Settings, get_settings
from skillscope.synthesis.providers.base import Message, Request
from skillscope.synthesis.providers.connect import DEFAULT_MODELS, PROVIDERS, ClientOptions, connect, provider_key
from skillscope.synthesis.providers.prices import load_prices
from skillscope.synthesis.providers.schema import structured_schema

__all__ = ["describe_providers", "try_provider"]

_VARIABLES = {"openai": "OPENAI_API_KEY", "gemini": "GOOGLE_API_KEY"}


class _Sum(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sum: int


def describe_providers(settings: Settings | None = None) -> list[str]:
    """A line for each provider: whether it has a key (never the key), its model and its price."""
    settings, prices = settings or get_settings(), load_prices()
    lines = ["template: ready, free, offline"]
    for name, model in DEFAULT_MODELS.items():
        key = "key set" if provider_key(name, settings) else f"no key (set {_VARIABLES[name]})"
        price = prices.find(name, model)
        cost = f"${price.input:g} in, ${price.output:g} out a million tokens" if price else "no price"
        lines.append(f"{name}: {key}; model {model}, {cost} as of {prices.as_of}")
    return lines


def try_provider(
    name: str | None = None, options: ClientOptions | None = None, *, settings: Settings | None = None
) -> Iterator[str]:
    """Tries one request with the provider named, or with each that is configured; a line about each.

    Raises:
        ConfigurationError: it is unknown or lacks its key.
        ProviderError: it does not answer as it should.
    """
    options, settings = options or ClientOptions(), settings or get_settings()
    if name is not None and name not in PROVIDERS:
        raise ConfigurationError(f"provider {name!r} is not known: choose {', '.join(PROVIDERS)}")
    chosen = [name] if name else [each for each in DEFAULT_MODELS if provider_key(each, settings)]
    if not chosen:
        yield "no provider with a key: nothing was tried"
    for each in chosen:
        if each == "template":
            yield "template: works"
            continue
        client = connect(each, replace(options, use_cache=False), settings=settings)
        request = Request(
            messages=(Message("user", "What is 2 + 3? Answer with JSON."),),
            schema=structured_schema(_Sum),
            schema_name="sum",
            seed=1,
            temperature=0.0,
            max_tokens=1000,
        )
        began = time.monotonic()
        try:
            client.ask(request, _Sum, check=lambda answer: None if answer.sum == 5 else "2 + 3 is 5")
        finally:
            client.close()
        spend = client.ledger.spend
        cost = "unknown" if spend.cost_usd is None else f"${spend.cost_usd:.6f}"
        yield f"{client.source}: works ({time.monotonic() - began:.1f} s, {spend.requests} request(s), cost {cost})"
