"""Scores with how far to believe them: the interval for the row's evidence and grade, wider where the row is novel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.bundle import Bundle
from skillscope.modeling.conformal import band_of_grades
from skillscope.skills import SKILLS

__all__ = ["Judgement", "judge"]

Floats = NDArray[np.float64]

_BASE: Final = len(FEATURE_NAMES)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a bundle says of n rows. Scores and ends of intervals have shape (n, 4), the rest (n,).

    `novelty` is NaN where the bundle cannot tell. `beyond` rows lie so far out that the score says nothing.
    """

    scores: Floats
    lows: Floats
    highs: Floats
    novelty: Floats
    extrapolating: NDArray[np.bool_]
    beyond: NDArray[np.bool_]
    bands: NDArray[np.str_]


def judge(
    bundle: Bundle, features: Floats, *, grades: Sequence[float | None] | Floats | None = None, coverage: float = 0.8
) -> Judgement:
    """Score rows of features and say how sure that is.

    Intervals are conformal, for the row's evidence (text, play or both) and band of grades; without a grade the widest
    band's. Conformal intervals hold for rows like those of training. A row that is not (`extrapolating`) gets an
    interval that also takes in the usual range of the training labels, that is, no less than what is said of a student
    of whom nothing is known; a row `beyond` gets the whole scale, as not even that range need hold so far out.

    Raises:
        SchemaError: the rows have another shape, or the bundle is not calibrated for this coverage.
    """
    scores = bundle.predict(features)
    lows, highs = bundle.intervals(scores, features, grades=grades, coverage=coverage)
    # Where nothing is known of the error, anything may be.
    lows[np.isnan(lows)], highs[np.isnan(highs)] = 0.0, 1.0
    rows = np.asarray(features, dtype=np.float64)[:, :_BASE]
    count = len(rows)
    novelty, beyond = np.full(count, np.nan), np.zeros(count, dtype=bool)
    extrapolating = np.zeros(count, dtype=bool)
    detector = bundle.novelty
    if detector is not None and count:
        novelty, beyond = detector.measure(rows)
        extrapolating = (novelty > detector.threshold) | beyond
        for column, skill in enumerate(SKILLS if extrapolating.any() else ()):
            record = bundle.record.skills.get(skill)
            usual = record.usual_range.get(f"{coverage:g}") if record is not None else None
            low, high = usual if usual is not None else (0.0, 1.0)
            lows[extrapolating, column] = np.minimum(lows[extrapolating, column], low)
            highs[extrapolating, column] = np.maximum(highs[extrapolating, column], high)
        lows[beyond], highs[beyond] = 0.0, 1.0
    bands = band_of_grades([None] * count if grades is None else grades)
    return Judgement(scores, lows, highs, novelty, extrapolating, beyond, bands)
