"""What a provider is asked, what it answers, and the three ways in which it fails."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from skillscope.errors import ProviderError
from skillscope.synthesis.files import canonical_json

__all__ = ["Answer", "Message", "Provider", "Request", "RowFailedError", "TransientError"]


@dataclass(frozen=True)
class Message:
    """One turn."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Request:
    """Everything that fixes an answer. `seed` sets rows with equal prompts apart, in the cache too."""

    messages: tuple[Message, ...]
    schema: dict[str, Any]
    schema_name: str
    seed: int
    temperature: float = 0.8
    max_tokens: int = 1000

    def key(self, provider: str, base_url: str, model: str) -> str:
        """sha256 of the fully rendered request, in hexadecimal."""
        rendered = {
            "provider": provider,
            "base_url": base_url,
            "model": model,
            "messages": [[m.role, m.content] for m in self.messages],
            "schema": self.schema,
            "sampling": [self.temperature, self.max_tokens, self.seed],
        }
        return hashlib.sha256(canonical_json(rendered).encode()).hexdigest()

    @property
    def characters(self) -> int:
        """Length of what is sent, for estimates."""
        return sum(len(m.content) for m in self.messages) + len(canonical_json(self.schema))


@dataclass(frozen=True)
class Answer:
    """What came back: the text, how it ended, and the tokens that are billed (output includes hidden reasoning)."""

    text: str
    finish: Literal["stop", "length", "refused"] = "stop"
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0


class Provider(Protocol):
    """A language model behind an address."""

    name: str
    model: str
    base_url: str

    def send(self, request: Request) -> Answer:
        """Sends one request, once.

        Raises:
            TransientError: worth another try.
            RowFailedError: this request will never be answered.
            ProviderError: no request will be: wrong key, no quota, unknown model.
        """
        ...

    def close(self) -> None:
        """Gives connections back."""
        ...


class TransientError(ProviderError):
    """A fault that may pass. `retry_after` is what the provider asked for, in seconds."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class RowFailedError(ProviderError):
    """These rows have no answer; `reason` is a short phrase to count by, `detail` says more in the log."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
