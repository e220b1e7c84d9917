"""From feature rows to scores: one place, for stored students and for raw rows alike."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.assessment.evidence import explain_scores
from skillscope.assessment.model import Interval, Score
from skillscope.errors import SchemaError
from skillscope.features import FEATURES
from skillscope.modeling.bundle import Bundle
from skillscope.modeling.judging import Judgement, judge
from skillscope.skills import SKILLS

__all__ = ["COVERAGE", "check_features", "score_rows"]

COVERAGE: Final = 0.8
"""Nominal coverage of the intervals that are served."""

_LOW: Final = np.array([-np.inf if item.low is None else item.low for item in FEATURES])
_HIGH: Final = np.array([np.inf if item.high is None else item.high for item in FEATURES])


def check_features(features: NDArray[np.float64]) -> None:
    """Look that every known value lies in its feature's range; `features` as in `score_rows`.

    Raises:
        SchemaError: one does not; the field is `rows.<number>.<feature>`.
    """
    more = features.shape[1] - len(FEATURES)  # columns of families, of any finite value
    low, high = _LOW, _HIGH
    if more:
        low, high = np.append(low, np.full(more, -np.inf)), np.append(high, np.full(more, np.inf))
    wrong = (features < low) | (features > high) | np.isinf(features)
    if not wrong.any():
        return
    row, column = (int(number) for number in np.argwhere(wrong)[0])
    if column >= len(FEATURES):
        raise SchemaError(f"row {row}: a column of a feature family is any finite number", field=f"rows.{row}")
    item = FEATURES[column]
    most = "" if item.high is None else f" and at most {item.high:g}"
    least = "any finite number" if item.low is None else f"at least {item.low:g}{most}"
    raise SchemaError(f"row {row}: {item.name} is {least} ({item.unit})", field=f"rows.{row}.{item.name}")


def _cautions(judged: Judgement, number: int, bundle: Bundle) -> list[str]:
    found = []
    if judged.beyond[number]:
        found.append("further from what the model learned from than nearly all of that: the score says nothing")
    elif judged.extrapolating[number]:
        found.append(
            f"unlike {judged.novelty[number]:.1%} of what the model learned from: "
            "the interval is widened to what is known of any student"
        )
    if not judged.bands[number]:
        found.append("the grade is not known: the interval is that of the widest grade band")
    if bundle.is_demonstration:
        found.append("the model learned from no human rating: a demonstration, not for decisions about children")
    return found


def score_rows(
    bundle: Bundle,
    features: NDArray[np.float64],
    *,
    grades: Sequence[float | None] | None = None,
    missing: Sequence[Sequence[str]] | None = None,
    evidence: bool = False,
) -> list[list[Score]]:
    """The scores of each row of features, shape (n, 29) or with the columns of families; NaN is unknown; a list a row.

    `grades` (n,) choose the interval's calibration; without a grade the widest is given. A row unlike the training
    rows is marked and its intervals widened. A skill that the bundle has no regressor for is left out.
    """
    judged = judge(bundle, features, grades=grades, coverage=COVERAGE)
    table: list[list[Score]] = []
    for number, row in enumerate(judged.scores):
        reasons = explain_scores(bundle, features[number]) if evidence else {}
        unknown = list(missing[number]) if missing is not None else []
        cautions = _cautions(judged, number, bundle)
        novelty = float(judged.novelty[number])
        table.append(
            [
                Score(
                    skill=skill,
                    score=round(float(row[column]), 4),
                    interval=Interval(
                        low=round(float(judged.lows[number, column]), 4),
                        high=round(float(judged.highs[number, column]), 4),
                        coverage=COVERAGE,
                    ),
                    level=bundle.level(skill, float(row[column])),
                    evidence=reasons.get(skill, []),
                    model_version=bundle.version,
                    feature_schema=bundle.feature_schema,
                    label_source=bundle.label_source,
                    missing=unknown,
                    novelty=None if math.isnan(novelty) else round(novelty, 4),
                    extrapolating=bool(judged.extrapolating[number]),
                    cautions=cautions,
                )
                for column, skill in enumerate(SKILLS)
                if skill in bundle.models
            ]
        )
    return table
