"""A provider with everything around it: cache, retries, validation, budget, disclosure."""

import ipaddress
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NoReturn, TypeVar
from urllib.parse import urlsplit

import tenacity
from pydantic import BaseModel, ValidationError

from skillscope.errors import ConfigurationError
from skillscope.synthesis.manifest import Spend
from skillscope.synthesis.providers.base import Answer, Message, Provider, Request, RowFailedError, TransientError
from skillscope.synthesis.providers.cache import AnswerCache
from skillscope.synthesis.providers.gate import Gate
from skillscope.synthesis.providers.ledger import Ledger
from skillscope.synthesis.providers.prices import Price

__all__ = ["Client", "Policy", "is_local"]

_log = logging.getLogger("skillscope.providers")
_disclosures = logging.getLogger("skillscope.disclosure")
T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Policy:
    """How patiently and how widely a provider is asked. Times in seconds."""

    tries: int = 3
    timeout: float = 60.0
    backoff: float = 1.0
    backoff_max: float = 30.0
    longest_wait: float = 300.0
    requests_per_minute: float | None = None
    concurrency: int = 4


def is_local(base_url: str) -> bool:
    """Whether an address stays on this machine."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Client:
    """Asks for JSON that fits a pydantic model. Safe to use from many threads."""

    def __init__(
        self,
        provider: Provider,
        *,
        price: Price | None,
        policy: Policy | None = None,
        ledger: Ledger | None = None,
        cache: AnswerCache | None = None,
        allow_external: bool = False,
    ) -> None:
        self.provider = provider
        self.policy = policy or Policy()
        self.ledger = ledger or Ledger()
        self.price = price
        self.gate = Gate(self.policy.requests_per_minute)
        self._cache = cache
        self._allow_external = allow_external

    @property
    def source(self) -> str:
        """`openai:gpt-4o-mini`: the label source, and the kind of a row's `source`."""
        return f"{self.provider.name}:{self.provider.model}"

    @property
    def may_disclose(self) -> bool:
        """Whether student text may be sent: that was allowed, or the model runs on this machine."""
        return self._allow_external or is_local(self.provider.base_url)

    def require_external(self, what: str) -> None:
        """Refuses to send student text outside unless that was allowed.

        Raises:
            ConfigurationError: it was not.
        """
        if not self.may_disclose:
            raise ConfigurationError(
                f"{what} would leave this machine for {urlsplit(self.provider.base_url).hostname}: "
                "say --allow-external if you may disclose it, or use a server on this machine with --base-url"
            )

    def ask(
        self, request: Request, answer: type[T], *, check: Callable[[T], str | None] | None = None, texts: int = 0
    ) -> T:
        """An answer that fits the model and passes `check` (which gives what is wrong, or None).

        An unusable answer is asked again with what was wrong; transient faults are waited out. Both share the tries.
        `texts` is the number of student texts in the request; they need permission, are counted and logged, not cached.

        Raises:
            RowFailedError: no usable answer within the tries.
            RunStoppedError: the budget is used up.
            ProviderError: no request will be answered.
            ConfigurationError: student text may not be sent there.
        """
        if texts:
            self.require_external(f"{texts} student text(s)")
        tries = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.policy.tries),
            retry=tenacity.retry_if_exception_type(TransientError),
            wait=self._wait,
            sleep=self.gate.sleep,
            reraise=True,
        )
        asked = request
        try:
            for attempt in tries:
                with attempt:
                    key = asked.key(self.provider.name, self.provider.base_url, self.provider.model)
                    got, cached = self._answer(asked, key, texts)
                    value, wrong = self._read(got, answer, check)
                    if value is not None:
                        if self._cache is not None and not texts and not cached:
                            self._cache.put(key, got)
                        return value
                    asked = self._again(request, got, wrong)
                    self._give_up_this_try()
        except TransientError as error:
            raise RowFailedError(error.reason, f"{self.policy.tries} tries") from error
        raise RowFailedError("invalid answer")  # unreachable: the loop returns or raises

    def _answer(self, request: Request, key: str, texts: int) -> tuple[Answer, bool]:
        if self._cache is not None and not texts and (kept := self._cache.get(key)) is not None:
            self.ledger.record(Spend(answers_from_cache=1))
            return kept, True
        # four characters a token is usual for English; three bounds it
        bound = self.price.bound(request.characters // 3 + 50, request.max_tokens) if self.price else 0.0
        with self.ledger.holding(bound):
            self.gate.enter()
            if texts:
                _disclosures.info(
                    "sent %d student text(s) to %s (%s)", texts, urlsplit(self.provider.base_url).hostname, self.source
                )
            outside = texts if not is_local(self.provider.base_url) else 0
            try:
                got = self.provider.send(request)
            except TransientError as error:
                _log.info("%s: %s", self.source, error.reason)
                self.ledger.record(Spend(requests=1, texts_disclosed=outside))
                if error.retry_after:
                    self.gate.hold(min(error.retry_after, self.policy.longest_wait))
                raise
            self.ledger.record(
                Spend(
                    requests=1,
                    input_tokens=got.input_tokens,
                    cached_input_tokens=got.cached_input_tokens,
                    output_tokens=got.output_tokens,
                    cost_usd=round(self.price.cost(got), 9) if self.price else None,
                    texts_disclosed=outside,
                )
            )
        return got, False

    @staticmethod
    def _read(got: Answer, answer: type[T], check: Callable[[T], str | None] | None) -> tuple[T | None, str]:
        if got.finish == "refused":
            raise RowFailedError("refused by the model")
        if got.finish == "length":
            return None, "the answer was cut off: answer more briefly"
        if not got.text.strip():
            return None, "the answer was empty"
        try:
            value = answer.model_validate_json(got.text)
        except ValidationError as error:
            first = error.errors()[0]
            return None, f"{'.'.join(str(part) for part in first['loc']) or 'the answer'}: {first['msg']}"
        wrong = check(value) if check else None
        return (None, wrong) if wrong else (value, "")

    @staticmethod
    def _give_up_this_try() -> NoReturn:
        raise TransientError("invalid answer", retry_after=0.0)

    @staticmethod
    def _again(request: Request, got: Answer, wrong: str) -> Request:
        told = f"That answer cannot be used: {wrong}. Answer again, with JSON that fits the schema and nothing else."
        said = (Message("assistant", got.text),) if got.text.strip() else ()
        return replace(request, messages=(*request.messages, *said, Message("user", told)))

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Full jitter (Brooker 2015: uniform between 0 and the exponential bound), or what the provider asked for."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, TransientError) and error.retry_after is not None:
            if error.retry_after > self.policy.longest_wait:
                raise RowFailedError(error.reason, f"asked to wait {error.retry_after:.0f} seconds")
            return error.retry_after
        bound = min(self.policy.backoff_max, self.policy.backoff * 2.0 ** (state.attempt_number - 1))
        return random.uniform(0.0, bound)

    def close(self) -> None:
        """Gives connections and the cache back."""
        self.provider.close()
        if self._cache is not None:
            self._cache.close()
