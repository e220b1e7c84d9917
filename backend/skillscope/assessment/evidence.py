"""Why a score is what it is: the features that moved it most (TreeSHAP), in plain words. Computed when asked for."""

from typing import Final

import numpy as np
import xgboost
from numpy.typing import NDArray

from skillscope.assessment.model import Evidence
from skillscope.assessment.wording import describe_feature
from skillscope.features import FEATURE_NAMES
from skillscope.modeling.bundle import Bundle
from skillscope.skills import Skill

__all__ = ["STRONGEST", "contributions", "explain_scores"]

STRONGEST: Final = 3
"""Reasons given for a score."""


def contributions(bundle: Bundle, features: NDArray[np.float64]) -> dict[Skill, NDArray[np.float64]]:
    """By skill, how far each feature moved each row's score from the model's average, shape (n, 29).

    They and the average add up to the prediction before it is clipped to [0, 1] (Lundberg et al. 2020).
    """
    matrix = xgboost.DMatrix(features, missing=np.nan, nthread=1)
    return {
        skill: np.asarray(model.predict(matrix, pred_contribs=True), dtype=np.float64)[:, :-1]
        for skill, model in bundle.models.items()
    }


def _reason(name: str, value: float, moved: float) -> Evidence:
    direction = "raises" if moved > 0 else "lowers"
    return Evidence(
        feature=name,
        value=None if np.isnan(value) else value,
        contribution=round(moved, 4),
        text=f"{describe_feature(name, value)}: {direction} the score by {abs(moved):.2f}",
    )


def explain_scores(bundle: Bundle, features: NDArray[np.float64]) -> dict[Skill, list[Evidence]]:
    """By skill, the strongest reasons for the score of one feature row, shape (29,), strongest first."""
    reasons: dict[Skill, list[Evidence]] = {}
    for skill, table in contributions(bundle, features[None, :]).items():
        moved = table[0]
        strongest = np.argsort(-np.abs(moved), kind="stable")[:STRONGEST]
        reasons[skill] = [
            _reason(FEATURE_NAMES[column], float(features[column]), float(moved[column]))
            for column in strongest
            if moved[column] != 0.0
        ]
    return reasons
