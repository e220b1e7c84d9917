"""What a feature family may see of each response: its text, its prompt, reference answers, ratings, features."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from skillscope.errors import SchemaError
from skillscope.features.schema import LINGUISTIC
from skillscope.features.texts import clean_text

__all__ = ["Answers", "Floats", "Need"]

Floats = NDArray[np.float64]
PRIOR_RATINGS: Final = 4.0


class Need(StrEnum):
    """What a family needs beside the texts. Without it the family's columns are NaN, or it cannot be fitted."""

    PROMPT_ID = "prompt_id"
    PROMPT = "prompt"
    REFERENCES = "references"
    SCORES = "scores"
    LINGUISTIC = "linguistic"


@dataclass(frozen=True, slots=True)
class Answers:
    """Responses, one a row. Every field but `texts` may be absent, as may each row's value in it.

    `prompt_ids` name the prompt ("" for unknown), `prompts` hold its text, `references` its model answers. `scores`
    (shape (n,)) are ratings on any one scale, NaN where nobody rated; only fitting reads them. `linguistic`
    (shape (n, 16)) are features 1 to 16.

    Raises:
        SchemaError: a field has another length or shape, or a score is infinite.
        TextError: a text is no string or too long.
    """

    texts: Sequence[str]
    prompt_ids: Sequence[str] | None = None
    prompts: Sequence[str] | None = None
    references: Sequence[Sequence[str]] | None = None
    scores: Floats | None = None
    linguistic: Floats | None = None

    def __post_init__(self) -> None:
        count = len(self.texts)
        for number, text in enumerate(self.texts):
            clean_text(text, number)
        for name in ("prompt_ids", "prompts", "references", "scores", "linguistic"):
            value = getattr(self, name)
            if value is not None and len(value) != count:
                raise SchemaError(f"{name} has {len(value)} rows, the texts have {count}", field=name)
        if self.scores is not None and (self.scores.ndim != 1 or np.isinf(self.scores).any()):
            raise SchemaError("scores must be one finite number (or NaN) a row", field="scores")
        if self.linguistic is not None and self.linguistic.shape != (count, len(LINGUISTIC)):
            raise SchemaError(
                f"linguistic has shape {self.linguistic.shape}, not ({count}, {len(LINGUISTIC)})", field="linguistic"
            )

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: NDArray[np.int64]) -> Self:
        """The answers of these rows, in this order."""

        def part(value: Any) -> Any:
            if value is None or isinstance(value, np.ndarray):
                return value if value is None else value[rows]
            return [value[row] for row in rows.tolist()]

        return self._with(part)

    def unrated(self) -> Self:
        """The same answers without their ratings."""
        return replace(self, scores=None)

    def rated(self) -> NDArray[np.int64]:
        """The rows that have a rating."""
        return np.flatnonzero(~np.isnan(self.scores)) if self.scores is not None else np.zeros(0, dtype=np.int64)

    def by_prompt(self) -> dict[str, NDArray[np.int64]]:
        """The rows of each named prompt, prompts in order of name."""
        if self.prompt_ids is None:
            return {}
        rows: dict[str, list[int]] = {}
        for row, name in enumerate(self.prompt_ids):
            if name:
                rows.setdefault(name, []).append(row)
        return {name: np.array(rows[name], dtype=np.int64) for name in sorted(rows)}

    def prompt_means(self) -> dict[str, float]:
        """Each named prompt's mean rating, where all rows are rated. The mean of all ratings counts as `PRIOR_RATINGS`
        ratings of each prompt, so that a prompt with few of them stays near it.

        Raises:
            SchemaError: there are no ratings.
        """
        if self.scores is None:
            raise SchemaError("these answers have no ratings", field="scores")
        centre, means = float(self.scores.mean()), {}
        for prompt, rows in self.by_prompt().items():
            total = float(self.scores[rows].sum())
            means[prompt] = (total + PRIOR_RATINGS * centre) / (len(rows) + PRIOR_RATINGS)
        return means

    def _with(self, part: Callable[[Any], Any]) -> Self:
        return replace(
            self,
            texts=part(self.texts),
            prompt_ids=part(self.prompt_ids),
            prompts=part(self.prompts),
            references=part(self.references),
            scores=part(self.scores),
            linguistic=part(self.linguistic),
        )
