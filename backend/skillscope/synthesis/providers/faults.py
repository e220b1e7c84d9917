"""HTTP faults of both providers, sorted into: try again, give the row up, stop the run."""

import email.utils
import re
import time
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from skillscope.errors import ProviderError
from skillscope.synthesis.providers.base import RowFailedError, TransientError

__all__ = ["raise_for_status", "retry_after_seconds"]

_ENV: Final = {"openai": "OPENAI_API_KEY", "gemini": "GOOGLE_API_KEY"}
_NO_QUOTA: Final = re.compile(r"insufficient_quota|billing_hard_limit|PerDay|quota_exceeded_daily", re.IGNORECASE)
_BAD_KEY: Final = re.compile(r"API_KEY_INVALID|api key not valid|invalid_api_key", re.IGNORECASE)


def retry_after_seconds(headers: Mapping[str, str], body: Any = None, *, now: float | None = None) -> float | None:
    """Seconds that the provider asks to wait: `retry-after-ms`, `Retry-After` (number or date), Google's RetryInfo."""
    if (text := headers.get("retry-after-ms")) is not None:
        try:
            return max(0.0, float(text) / 1000)
        except ValueError:
            pass
    if (text := headers.get("retry-after")) is not None:
        try:
            return max(0.0, float(text))
        except ValueError:
            if (date := email.utils.parsedate_tz(text)) is not None:
                return max(0.0, email.utils.mktime_tz(date) - (time.time() if now is None else now))
    found = re.search(r"retryDelay['\"]?\s*:\s*['\"]([0-9.]+)s['\"]", str(body))
    return float(found.group(1)) if found else None


def raise_for_status(
    provider: str, model: str, status: int, *, headers: Mapping[str, str], code: str, body: Any
) -> NoReturn:
    """Raises what an HTTP error means. The body is looked at, never quoted: it may hold what was sent."""
    text = f"{code} {body}"
    variable = _ENV.get(provider, "the provider's key")
    if status == 401 or _BAD_KEY.search(text):
        raise ProviderError(
            f"{provider} refused the key (HTTP {status}): set {variable} to a valid key and start again"
        )
    if status == 403:
        raise ProviderError(
            f"{provider} does not let this key use {model} (HTTP 403): check the project's permissions and region"
        )
    if status == 402 or (status == 429 and _NO_QUOTA.search(text)):
        raise ProviderError(
            f"{provider} says that the quota or credit is used up (HTTP {status}): "
            "add credit or wait for the quota to renew, then start again; finished rows are kept"
        )
    if status == 404:
        raise ProviderError(
            f"{provider} does not know {model} at this address (HTTP 404): check --model and --base-url"
        )
    if status == 429:
        raise TransientError("rate limited", retry_after=retry_after_seconds(headers, body))
    if status in (408, 409, 425) or status >= 500:
        raise TransientError(f"server error {status}", retry_after=retry_after_seconds(headers, body))
    raise RowFailedError("request refused", f"{provider} answered HTTP {status} {code}".rstrip())
