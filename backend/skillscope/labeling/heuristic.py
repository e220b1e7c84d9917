"""A transparent rater: documented weights over standardised features, squashed to a score.

For a skill with weights w over features x, each standardised with the fixed means and standard deviations of
`REFERENCE` and clipped to [-3, 3],

    strength = sum(w z) / sum(w)      over the features that are not NaN
    score    = 1 / (1 + exp(-STEEPNESS x strength))

All weights are positive, so more evidence never lowers a score. Where a row says its target skill and level, the
score of that skill is the mean of the above (weight `1 - TAG_WEIGHT`) and the level's anchor (weight `TAG_WEIGHT`).
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skillscope.errors import SchemaError
from skillscope.features.schema import FEATURE_NAMES
from skillscope.skills import LEVELS, SKILLS, Level, Skill

__all__ = ["LEVEL_ANCHORS", "REFERENCE", "STEEPNESS", "TAG_WEIGHT", "WEIGHTS", "rate_heuristic"]

REFERENCE: Final[dict[str, tuple[float, float]]] = {
    "empathy_markers": (0.04, 0.06),
    "problem_solving_language": (0.05, 0.06),
    "perseverance_indicators": (0.04, 0.06),
    "social_processes": (0.06, 0.05),
    "cognitive_processes": (0.05, 0.045),
    "task_completion_rate": (0.72, 0.22),
    "time_efficiency": (0.95, 0.37),
    "retry_count": (8.4, 4.5),
    "recovery_rate": (0.55, 0.34),
    "distraction_resistance": (0.90, 0.09),
    "focus_duration": (153.0, 81.0),
    "collaboration_indicators": (10.6, 5.5),
    "leadership_indicators": (3.9, 2.1),
}
"""Mean and standard deviation that a feature is standardised with: those of 6,720 simulated students, rounded."""

WEIGHTS: Final[dict[Skill, dict[str, float]]] = {
    "empathy": {
        "empathy_markers": 1.0,
        "social_processes": 0.3,
        "collaboration_indicators": 1.0,
        "leadership_indicators": 0.2,
    },
    "problem_solving": {
        "problem_solving_language": 1.0,
        "cognitive_processes": 0.4,
        "time_efficiency": 1.0,
        "task_completion_rate": 0.3,
    },
    "self_regulation": {
        "distraction_resistance": 1.0,
        "focus_duration": 1.0,
        "cognitive_processes": 0.4,
    },
    "resilience": {
        "perseverance_indicators": 1.0,
        "recovery_rate": 1.0,
        "retry_count": 0.7,
        "task_completion_rate": 0.3,
    },
}
"""What each skill's score is made of. Words and deeds weigh about the same; what bears on several weighs less."""

STEEPNESS: Final = 1.3
"""A strength one standard deviation above the mean gives 0.79; two give 0.93."""

LEVEL_ANCHORS: Final[dict[Level, float]] = {"developing": 0.2, "medium": 0.5, "high": 0.8}
TAG_WEIGHT: Final = 0.4
_CLIP: Final = 3.0


def _strength(frame: pd.DataFrame, weights: dict[str, float]) -> NDArray[np.float64]:
    means = np.array([REFERENCE[name][0] for name in weights])
    spreads = np.array([REFERENCE[name][1] for name in weights])
    values = frame[list(weights)].to_numpy(dtype=np.float64)
    z = np.clip((values - means) / spreads, -_CLIP, _CLIP)
    known = ~np.isnan(z)
    weight = np.array(list(weights.values())) * known
    total = weight.sum(axis=1)
    with np.errstate(invalid="ignore"):  # no evidence at all: 0 / 0, which is the NaN that it should be
        return np.asarray((weight * np.where(known, z, 0.0)).sum(axis=1) / total)


def _tags(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Each row's target skill, and its level's anchor (NaN where either is not said)."""
    skill, level = frame["skill"], frame["skill_level"]
    for name, column, allowed in (("skill", skill, SKILLS), ("skill_level", level, LEVELS)):
        odd = column.notna() & ~column.isin([*allowed, ""])
        if odd.any():
            row = int(np.flatnonzero(odd.to_numpy())[0])
            raise SchemaError(f"row {row}: {name} must be one of {', '.join(allowed)} or empty", field=name)
    return skill, level.map(dict(LEVEL_ANCHORS)).astype(np.float64)


def rate_heuristic(frame: pd.DataFrame) -> NDArray[np.float64]:
    """The four scores of each row, shape (n, 4) in the order of `SKILLS`, in [0, 1], rounded to 4 decimals.

    `frame` has the 29 features as columns (NaN where undefined); `skill` and `skill_level` are used where both are
    there, everything else is not looked at. A row with no evidence for a skill and no tag scores NaN for it.

    Raises:
        SchemaError: a feature column is missing, or a tag is outside the vocabulary.
    """
    missing = [name for name in FEATURE_NAMES if name not in frame.columns]
    if missing:
        raise SchemaError(f"these feature columns are missing: {', '.join(missing)}", field=missing[0])
    scores = np.column_stack([1.0 / (1.0 + np.exp(-STEEPNESS * _strength(frame, WEIGHTS[skill]))) for skill in SKILLS])
    if {"skill", "skill_level"} <= set(frame.columns):
        target, anchor = _tags(frame)
        for place, skill in enumerate(SKILLS):
            tagged = ((target == skill) & anchor.notna()).to_numpy(dtype=np.bool_)
            said = anchor.to_numpy()[tagged]
            seen = scores[tagged, place]
            scores[tagged, place] = np.where(np.isnan(seen), said, (1.0 - TAG_WEIGHT) * seen + TAG_WEIGHT * said)
    return np.asarray(np.round(scores, 4))
