"""From feature rows to scores: one place, for stored students and for raw rows alike."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.assessment.evidence import explain_scores
from skillscope.assessment.model import Interval, Score
from skillscope.errors import SchemaError
from skillscope.features import FEATURES
from skillscope.modeling.bundle import Bundle
from skillscope.skills import SKILLS

__all__ = ["COVERAGE", "check_features", "score_rows"]

COVERAGE: Final = 0.8
"""Nominal coverage of the intervals that are served."""

_LOW: Final = np.array([-np.inf if item.low is None else item.low for item in FEATURES])
_HIGH: Final = np.array([np.inf if item.high is None else item.high for item in FEATURES])


def check_features(features: NDArray[np.float64]) -> None:
    """Look that every known value lies in its feature's range.

    Raises:
        SchemaError: one does not; the field is `rows.<number>.<feature>`.
    """
    wrong = (features < _LOW) | (features > _HIGH) | np.isinf(features)
    if not wrong.any():
        return
    row, column = (int(number) for number in np.argwhere(wrong)[0])
    item = FEATURES[column]
    high = "" if item.high is None else f" and at most {item.high:g}"
    low = "any finite number" if item.low is None else f"at least {item.low:g}{high}"
    raise SchemaError(f"row {row}: {item.name} is {low} ({item.unit})", field=f"rows.{row}.{item.name}")


def score_rows(
    bundle: Bundle,
    features: NDArray[np.float64],
    *,
    missing: Sequence[Sequence[str]] | None = None,
    evidence: bool = False,
) -> list[list[Score]]:
    """The scores of each row of features, shape (n, 29), NaN where a value is unknown; one list a row.

    A skill that the bundle has no regressor for is left out.
    """
    predicted = bundle.predict(features)
    lows, highs = bundle.intervals(predicted, features, coverage=COVERAGE)
    lows, highs = np.nan_to_num(lows, nan=0.0), np.nan_to_num(highs, nan=1.0)  # not calibrated for such rows: anything
    table: list[list[Score]] = []
    for number, row in enumerate(predicted):
        reasons = explain_scores(bundle, features[number]) if evidence else {}
        unknown = list(missing[number]) if missing is not None else []
        table.append(
            [
                Score(
                    skill=skill,
                    score=round(float(row[column]), 4),
                    interval=Interval(
                        low=round(float(lows[number, column]), 4),
                        high=round(float(highs[number, column]), 4),
                        coverage=COVERAGE,
                    ),
                    level=bundle.level(skill, float(row[column])),
                    evidence=reasons.get(skill, []),
                    model_version=bundle.version,
                    feature_schema=bundle.feature_schema,
                    label_source=bundle.label_source,
                    missing=unknown,
                )
                for column, skill in enumerate(SKILLS)
                if skill in bundle.models
            ]
        )
    return table
