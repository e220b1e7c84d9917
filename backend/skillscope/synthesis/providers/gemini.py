"""Gemini through the google-genai SDK."""

from typing import Final

import httpx
import httpx2
from google import genai
from google.genai import errors, types

from skillscope.synthesis.providers.base import Answer, Request, TransientError
from skillscope.synthesis.providers.faults import raise_for_status

__all__ = ["GEMINI_URL", "GeminiProvider"]

GEMINI_URL: Final = "https://generativelanguage.googleapis.com"
_REFUSALS: Final = ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII")


class GeminiProvider:
    """The official SDK, which retries nothing unless told to."""

    name = "gemini"

    def __init__(self, model: str, *, api_key: str, base_url: str | None, timeout: float) -> None:
        self.model = model
        self.base_url = base_url or GEMINI_URL
        self._client = genai.Client(
            vertexai=False,  # said outright: the SDK would read it from the environment
            api_key=api_key,
            http_options=types.HttpOptions(base_url=self.base_url, timeout=max(1, int(timeout * 1000))),
        )

    def send(self, request: Request) -> Answer:
        """See `Provider.send`."""
        system = "\n\n".join(m.content for m in request.messages if m.role == "system")
        contents = [
            types.Content(role="model" if m.role == "assistant" else "user", parts=[types.Part(text=m.content)])
            for m in request.messages
            if m.role != "system"
        ]
        config = types.GenerateContentConfig(
            system_instruction=system or None,
            temperature=request.temperature,
            max_output_tokens=request.max_tokens,
            seed=request.seed % (1 << 31),
            response_mime_type="application/json",
            response_json_schema=request.schema,
        )
        try:
            response = self._client.models.generate_content(model=self.model, contents=contents, config=config)
        except errors.APIError as error:
            headers = dict(error.response.headers) if error.response is not None else {}
            lowered = {str(name).lower(): str(value) for name, value in headers.items()}
            raise_for_status(
                self.name, self.model, error.code, headers=lowered, code=error.status or "", body=error.details
            )
        except (httpx.TimeoutException, httpx2.TimeoutException) as error:
            raise TransientError("timeout") from error
        except (httpx.TransportError, httpx2.TransportError) as error:
            raise TransientError("connection lost") from error
        except ValueError as error:  # unreadable JSON, or JSON of another shape (pydantic's error is a ValueError)
            raise TransientError("unreadable answer") from error
        return self._read(response)

    @staticmethod
    def _read(response: types.GenerateContentResponse) -> Answer:
        usage = response.usage_metadata
        candidate = response.candidates[0] if response.candidates else None
        blocked = response.prompt_feedback is not None and response.prompt_feedback.block_reason is not None
        finish = candidate.finish_reason.name if candidate and candidate.finish_reason else ""
        parts = (candidate.content.parts or []) if candidate and candidate.content else []
        return Answer(
            text="".join(part.text for part in parts if part.text and not part.thought),
            finish="refused" if blocked or finish in _REFUSALS else "length" if finish == "MAX_TOKENS" else "stop",
            input_tokens=(usage.prompt_token_count or 0) if usage else 0,
            cached_input_tokens=(usage.cached_content_token_count or 0) if usage else 0,
            output_tokens=((usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)) if usage else 0,
        )

    def close(self) -> None:
        """Gives connections back."""
        self._client.close()
