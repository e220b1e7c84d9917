"""Pooling all columns at once gives the bits that pooling each alone gives."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from skillscope.features import LINGUISTIC, TELEMETRY, StoredRow, aggregate
from skillscope.features.schema import Feature

AT = datetime(2026, 5, 1, tzinfo=UTC)


def one_by_one(table: np.ndarray, features: tuple[Feature, ...]) -> np.ndarray:
    """The definition, column by column."""
    words = table[:, [item.name for item in features].index("word_count")] if features is LINGUISTIC else None
    out = np.full(len(features), np.nan)
    for column, item in enumerate(features):
        values = table[:, column]
        weights = words if item.pooled == "by_words" and words is not None else np.ones(len(table))
        defined = np.isfinite(values) & (weights > 0)
        if defined.sum() == 1:
            out[column] = values[defined][0]
        elif defined.any():
            out[column] = (values[defined] * weights[defined]).sum() / weights[defined].sum()
    return out


@pytest.mark.parametrize("said", [1, 2, 3, 7, 8, 9, 16, 20])
@pytest.mark.parametrize("unknown", [0.0, 0.2])
@pytest.mark.parametrize("silent", [False, True])
def test_pooled_columns_have_the_bits_of_the_definition(said: int, unknown: float, silent: bool) -> None:
    chance = np.random.default_rng(said)
    texts = chance.uniform(0, 1, (said, len(LINGUISTIC))) / 3
    texts[:, [item.name for item in LINGUISTIC].index("word_count")] = chance.integers(1, 90, said)
    played = chance.uniform(0, 1, (10, len(TELEMETRY))) / 7
    texts[chance.uniform(size=texts.shape) < unknown] = np.nan
    played[chance.uniform(size=played.shape) < unknown] = np.nan
    if silent:
        texts[0, [item.name for item in LINGUISTIC].index("word_count")] = 0
    rows = [
        [StoredRow(AT - timedelta(minutes=len(table) - number), row) for number, row in enumerate(table)]
        for table in (texts, played)
    ]
    found = aggregate(rows[0], rows[1], at=AT)
    wanted = np.concatenate([one_by_one(texts, LINGUISTIC), one_by_one(played, TELEMETRY)])
    assert found[: len(wanted)].tobytes() == wanted.tobytes()
