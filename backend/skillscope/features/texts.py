"""Texts before they are parsed: what is refused, what is mended, and how they are put into batches."""

from collections.abc import Iterable, Iterator
from typing import Final

from skillscope.errors import TextError

__all__ = ["MAX_RESPONSE_CHARS", "batches", "clean_text"]

MAX_RESPONSE_CHARS: Final = 20_000
"""Characters of the longest response that is measured."""

_BATCH_TEXTS: Final = 256
_BATCH_CHARS: Final = 60_000
_CONTROL: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160)), " ")


def clean_text(text: object, number: int | None = None) -> str:
    """The text as it is parsed: control characters become blanks and unpaired surrogates U+FFFD; offsets stay.

    Raises:
        TextError: it is no string, or longer than `MAX_RESPONSE_CHARS`.
    """
    which = "the text" if number is None else f"text {number}"
    if not isinstance(text, str):
        raise TextError(f"{which} is {type(text).__name__}, not a string", field="response")
    if len(text) > MAX_RESPONSE_CHARS:
        raise TextError(
            f"{which} has {len(text)} characters; at most {MAX_RESPONSE_CHARS} are measured", field="response"
        )
    if text.isascii() and text.isprintable():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.translate(_CONTROL)


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Runs of texts, at most 256 and about 60,000 characters together, so that a batch needs bounded memory."""
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (len(batch) == _BATCH_TEXTS or size + len(text) > _BATCH_CHARS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch
