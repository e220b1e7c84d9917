"""From a provider's name and the settings to a client."""

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from pydantic import SecretStr

from skillscope.errors import ConfigurationError
from skillscope.settings import Settings, get_settings
from skillscope.synthesis.providers.base import Provider
from skillscope.synthesis.providers.cache import AnswerCache
from skillscope.synthesis.providers.client import Client, Policy
from skillscope.synthesis.providers.ledger import Ledger
from skillscope.synthesis.providers.prices import load_prices

__all__ = ["DEFAULT_MODELS", "PROVIDERS", "ClientOptions", "ProviderName", "connect", "pretend", "provider_key"]

ProviderName = Literal["template", "openai", "gemini"]
PROVIDERS: Final[tuple[ProviderName, ...]] = ("template", "openai", "gemini")
DEFAULT_MODELS: Final = {"openai": "gpt-4o-mini", "gemini": "gemini-2.5-flash"}


@dataclass(frozen=True)
class ClientOptions:
    """The options that every paid command shares."""

    model: str | None = None
    base_url: str | None = None
    max_cost: float | None = None
    allow_unpriced: bool = False
    allow_external: bool = False
    use_cache: bool = True
    policy: Policy = field(default_factory=Policy)


def connect(name: str, options: ClientOptions | None = None, *, settings: Settings | None = None) -> Client:
    """A client for `openai` or `gemini`. The key comes from the environment and goes nowhere else.

    Raises:
        ConfigurationError: unknown provider, no key, no price, or options that contradict each other.
    """
    options, settings = options or ClientOptions(), settings or get_settings()
    if name not in DEFAULT_MODELS:
        raise ConfigurationError(f"provider {name!r} is not known here: choose {' or '.join(DEFAULT_MODELS)}")
    if options.policy.timeout <= 0 or options.policy.tries < 1:
        raise ConfigurationError("a timeout must be above 0 seconds and tries at least 1")
    model = options.model or DEFAULT_MODELS[name]
    prices = load_prices()
    price = prices.need(name, model, allow_unpriced=options.allow_unpriced)
    if price is None and options.max_cost is not None:
        raise ConfigurationError(f"--max-cost cannot be kept for {model}: no price is known for it")
    return Client(
        _provider(name, model, options, settings, fixed_sampling=bool(price and price.fixed_sampling)),
        price=price,
        policy=options.policy,
        ledger=Ledger(options.max_cost),
        cache=AnswerCache(settings.data_dir / "cache" / "answers.sqlite") if options.use_cache else None,
        allow_external=options.allow_external,
    )


def provider_key(name: str, settings: Settings) -> str | None:
    """The key of a provider; an empty variable is none."""
    secret = settings.openai_api_key if name == "openai" else settings.google_api_key
    return (secret.get_secret_value().strip() or None) if secret else None


def pretend(name: str, options: ClientOptions | None = None, *, settings: Settings | None = None) -> Client:
    """A client that knows its prices and is never asked, for an estimate: it needs no key and opens no cache.

    Raises:
        ConfigurationError: as `connect`, but for the key.
    """
    settings = settings or get_settings()
    if provider_key(name, settings) is None:
        field_name = "openai_api_key" if name == "openai" else "google_api_key"
        settings = settings.model_copy(update={field_name: SecretStr("none")})
    return connect(name, replace(options or ClientOptions(), use_cache=False), settings=settings)


def _provider(name: str, model: str, options: ClientOptions, settings: Settings, *, fixed_sampling: bool) -> Provider:
    key = provider_key(name, settings)
    if name == "openai":
        from skillscope.synthesis.providers.openai_chat import OpenAIProvider  # takes a second to import

        if key is None and options.base_url is None:
            raise ConfigurationError("the openai provider needs a key: set OPENAI_API_KEY in the environment")
        return OpenAIProvider(
            model,
            api_key=key or "none",  # a server of one's own often wants none
            base_url=options.base_url,
            timeout=options.policy.timeout,
            fixed_sampling=fixed_sampling,
        )
    from skillscope.synthesis.providers.gemini import GeminiProvider

    if key is None:
        raise ConfigurationError("the gemini provider needs a key: set GOOGLE_API_KEY in the environment")
    return GeminiProvider(model, api_key=key, base_url=options.base_url, timeout=options.policy.timeout)
