"""OpenAI and every server that speaks its chat completions: vLLM, Ollama, llama.cpp, ..."""

from typing import Any, Final

import openai
from openai import OpenAI
from openai.types.chat import ChatCompletion

from skillscope.synthesis.providers.base import Answer, Request, TransientError
from skillscope.synthesis.providers.faults import raise_for_status

__all__ = ["OPENAI_URL", "OpenAIProvider"]

OPENAI_URL: Final = "https://api.openai.com/v1"


class OpenAIProvider:
    """The official SDK with its own retries off: they belong to the client, which counts them."""

    name = "openai"

    def __init__(
        self, model: str, *, api_key: str, base_url: str | None, timeout: float, fixed_sampling: bool = False
    ) -> None:
        """`fixed_sampling`: the model accepts no temperature and no seed (reasoning models)."""
        self.model = model
        self.base_url = base_url or OPENAI_URL
        self._official = base_url is None
        self._fixed_sampling = fixed_sampling
        self._client = OpenAI(api_key=api_key, base_url=self.base_url, timeout=timeout, max_retries=0)

    def _options(self, request: Request) -> dict[str, Any]:
        # compatible servers lag behind in the name of the limit
        limit = "max_completion_tokens" if self._official else "max_tokens"
        options: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": request.schema_name, "strict": True, "schema": request.schema},
            },
            limit: request.max_tokens,
        }
        if not self._fixed_sampling:
            options |= {"temperature": request.temperature, "seed": request.seed % (1 << 31)}
        return options

    def send(self, request: Request) -> Answer:
        """See `Provider.send`."""
        try:
            completion: ChatCompletion = self._client.chat.completions.create(**self._options(request))
        except openai.APITimeoutError as error:
            raise TransientError("timeout") from error
        except openai.APIConnectionError as error:
            raise TransientError("connection lost") from error
        except openai.APIStatusError as error:
            raise_for_status(
                self.name,
                self.model,
                error.status_code,
                headers=error.response.headers,
                code=str(error.code or ""),
                body=error.body,
            )
        except (openai.APIResponseValidationError, ValueError) as error:
            raise TransientError("unreadable answer") from error
        return self._read(completion)

    @staticmethod
    def _read(completion: ChatCompletion) -> Answer:
        # a compatible server may answer 200 with something else altogether
        choices = getattr(completion, "choices", None)
        if not choices or getattr(choices[0], "message", None) is None:
            raise TransientError("unreadable answer")
        choice, usage = choices[0], completion.usage
        details = usage.prompt_tokens_details if usage else None
        refused = bool(choice.message.refusal) or choice.finish_reason == "content_filter"
        return Answer(
            text=choice.message.content or "",
            finish="refused" if refused else "length" if choice.finish_reason == "length" else "stop",
            input_tokens=usage.prompt_tokens if usage else 0,
            cached_input_tokens=(details.cached_tokens or 0) if details else 0,
            output_tokens=usage.completion_tokens if usage else 0,
        )

    def close(self) -> None:
        """Gives connections back."""
        self._client.close()
