"""A student's vector from many responses and sessions: one aggregator, in training and in serving."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skillscope.errors import SchemaError
from skillscope.features.derived import derive
from skillscope.features.schema import LINGUISTIC, TELEMETRY, Feature

__all__ = ["DEFAULT", "AggregationPolicy", "StoredRow", "aggregate"]

_WORDS = next(number for number, item in enumerate(LINGUISTIC) if item.name == "word_count")


@dataclass(frozen=True, slots=True)
class AggregationPolicy:
    """How far back a student's vector looks: the last so many responses and sessions, none older than `days`."""

    responses: int = 20
    sessions: int = 10
    days: float = 90.0


DEFAULT: Final = AggregationPolicy()


@dataclass(frozen=True, slots=True)
class StoredRow:
    """The stored features of one response (16) or session (9), and when it was given or began, with an offset."""

    at: datetime
    values: ArrayLike
    array: NDArray[np.float64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "array", np.asarray(self.values, dtype=np.float64))


def aggregate(
    responses: Sequence[StoredRow],
    sessions: Sequence[StoredRow],
    *,
    at: datetime,
    policy: AggregationPolicy = DEFAULT,
) -> NDArray[np.float64]:
    """The 29 features of one student at a time, shape (29,), columns in `FEATURES` order.

    Rows after `at` or older than the policy's days are left out, of the rest the last so many count. Features pooled
    `by_words` are means weighted by the response's words, the others plain means, both over the rows where the
    feature is defined; a feature defined in none is NaN. The derived features are computed from the pooled ones. One
    response and one session give exactly their own values.

    Raises:
        SchemaError: a row does not hold 16 or 9 numbers.
    """
    oldest = at - timedelta(days=policy.days)
    said = [row for row in responses if oldest <= row.at <= at]
    done = [row for row in sessions if oldest <= row.at <= at]
    text = _pool(_latest(said, policy.responses, LINGUISTIC), LINGUISTIC)
    play = _pool(_latest(done, policy.sessions, TELEMETRY), TELEMETRY)
    return np.concatenate([text, play, derive(text[None, :], play[None, :])[0]])


def _latest(rows: Sequence[StoredRow], most: int, features: tuple[Feature, ...]) -> NDArray[np.float64]:
    """The last rows, oldest first, shape (n, features); rows of one instant are put in the order of their bytes."""
    for row in rows:
        if row.array.shape != (len(features),):
            family = features[0].family
            raise SchemaError(f"there are {len(features)} {family} features; a stored row has shape {row.array.shape}")
    ordered = sorted(rows, key=lambda row: (row.at, row.array.tobytes()))
    kept = ordered[-most:] if most > 0 else []
    return np.array([row.array for row in kept]).reshape(len(kept), len(features))


def _pool(table: NDArray[np.float64], features: tuple[Feature, ...]) -> NDArray[np.float64]:
    """The pooled features, shape (features,).

    All columns that are defined throughout are summed at once, along contiguous rows, where NumPy adds in the order in
    which it adds one column alone: the bits are the same.
    """
    pooled = np.full(len(features), np.nan)
    if len(table) > 1:
        by_words = np.array([item.pooled == "by_words" for item in features])
        words = table[:, _WORDS] if by_words.any() else np.ones(len(table))
        whole = np.isfinite(table).all(axis=0) & ~(by_words & ~(words > 0).all())
        columns = np.ascontiguousarray(table.T)
        columns[by_words] *= words
        sums = columns.sum(axis=1)
        pooled[whole] = (sums / np.where(by_words, words.sum(), float(len(table))))[whole]
    else:
        whole = np.zeros(len(features), dtype=bool)
    for column in np.flatnonzero(~whole):
        item = features[column]
        values = table[:, column]
        weights = table[:, _WORDS] if item.pooled == "by_words" else np.ones(len(table))
        defined = np.isfinite(values) & (weights > 0)
        if defined.sum() == 1:
            pooled[column] = values[defined][0]  # its own bits, where (value * weight) / weight may differ in the last
        elif defined.any():
            pooled[column] = (values[defined] * weights[defined]).sum() / weights[defined].sum()
    return pooled
