"""Which evidence a row has: text and play, text alone, or play alone. Models learn to work with each.

A student may have only written, or only played. Trees that never saw a missing session send such a row down branches
made for others, with errors beyond any use (R2 below -1 on simulated students). So every training row that has both
is learnt three times: whole, and with either side blanked, at a small weight.
"""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from skillscope.features.schema import FEATURE_NAMES, LINGUISTIC, TELEMETRY

__all__ = ["EVIDENCE", "Evidence", "blank", "evidence_of", "with_blanks"]

Floats = NDArray[np.float64]
Evidence = Literal["both", "text", "play"]
EVIDENCE: Final[tuple[Evidence, ...]] = ("both", "text", "play")
BLANK_WEIGHT: Final = 0.2
"""Of a blanked copy. From 0.1 to 0.3 whole rows lose nothing measurable."""

_TEXT: Final = np.array([name in {item.name for item in LINGUISTIC} for name in FEATURE_NAMES])
_PLAY: Final = slice(len(LINGUISTIC), len(LINGUISTIC) + len(TELEMETRY))
_MIXED: Final = np.array(
    [name in {"empathy_social_interaction", "problem_solving_cognitive"} for name in FEATURE_NAMES]
)
_WORDS: Final = FEATURE_NAMES.index("word_count")
_KINDS: Final = np.array(["text", "text", "play", "both"])
"""By 2 if played, and 1 if spoken."""


def blank(features: Floats, keep: Evidence) -> Floats:
    """A copy of the rows (n, 29 or more) with only this evidence left; the rest is NaN.

    Columns after the 29 are those of feature families, which read texts.
    """
    out = features.copy()
    more = np.full(features.shape[1] - len(FEATURE_NAMES), keep == "play")
    if keep == "text":
        out[:, np.concatenate([~_TEXT, more])] = np.nan
    elif keep == "play":
        out[:, np.concatenate([_TEXT | _MIXED, more])] = np.nan
    return out


def evidence_of(features: Floats) -> NDArray[np.str_]:
    """What each row (n, 29 or more) has, shape (n,). A row with neither counts as `text`, the weakest."""
    spoken = features[:, _WORDS] > 0  # NaN is not
    played = np.isfinite(features[:, _PLAY]).any(axis=1)
    return _KINDS[2 * played + spoken]


def with_blanks(features: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Training rows with blanked copies: the row number each comes from (m,), its features (m, f), its weight (m,).

    First come the rows themselves, then those that have both without their play, then without their text.
    """
    both = np.flatnonzero(evidence_of(features) == "both")
    rows = np.concatenate([np.arange(len(features)), both, both])
    views = np.concatenate([features, blank(features[both], "text"), blank(features[both], "play")])
    return rows, views, np.concatenate([np.ones(len(features)), np.full(2 * len(both), BLANK_WEIGHT)])
