"""What an evaluation found, as it is written for machines: `evaluation.json`. An undefined figure is null."""

import math
from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from skillscope.skills import Skill

__all__ = [
    "Bin",
    "CoverageFigures",
    "DataFacts",
    "Evaluation",
    "Figure",
    "GroupRow",
    "Grouping",
    "ModelFacts",
    "ProbeFigures",
    "ShapFeature",
    "SkillEvaluation",
    "given_by",
    "known",
]

Number = float | None


def known(value: float) -> Number:
    """A figure to six decimals, None where it is undefined."""
    return None if math.isnan(value) else round(float(value), 6)


_SOURCES: Final = {
    "human": "people",
    "simulated": "simulated raters",
    "heuristic": "the heuristic rater",
    "unknown": "someone not recorded",
}


def given_by(sources: Sequence[str]) -> str:
    """Label sources in words: `simulated raters and people`."""
    return " and ".join(_SOURCES.get(source, source) for source in sources)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(_Part):
    """A figure with its 95% bootstrap interval."""

    value: Number
    low: Number = None
    high: Number = None


class ModelFacts(_Part):
    """Which model was evaluated."""

    version: str
    label_source: str
    demonstration: bool = Field(description="no person rated what it learned from")
    language_pipeline: str
    feature_schema: str
    families: list[str]
    trained_on: dict[str, Any]


class DataFacts(_Part):
    """On what. `seen`: it is the very file that the model was trained on, so that every figure flatters."""

    name: str
    sha256: str
    rows: int
    label_sources: list[str]
    human: bool
    seen: bool
    scenarios: int
    clusters: int
    grades: dict[int, int]
    evidence: dict[str, int]
    second_ratings: int


class GroupRow(_Part):
    """One group of students. `few`: too few rows to be judged by."""

    group: str
    rows: int
    few: bool
    human_mean: Number
    machine_mean: Number
    r: Number
    mae: Number
    smd: Number
    dsm: Number


class Grouping(_Part):
    """Fairness over one way to group students; `r2` of an error is the share of it that the group explains."""

    column: str
    osa_r2: Number
    osa_p: Number
    osd_r2: Number
    osd_p: Number
    csd_r2: Number
    csd_p: Number
    groups: list[GroupRow]


class Bin(_Part):
    """Rows put together: by predicted score (calibration), by grade or by length (residuals)."""

    label: str
    rows: int
    predicted: Number
    actual: Number
    residual: Number = Field(description="mean of machine - rating")
    spread: Number = Field(description="standard deviation of it")


class ShapFeature(_Part):
    """How far a feature moves the score, in points: mean |SHAP|, and which way it goes with the feature's value."""

    feature: str
    size: float
    direction: Number = Field(description="Spearman's correlation of value and SHAP value")


class SkillEvaluation(_Part):
    """One skill's figures."""

    rows: int
    steps: int = Field(description="of the rating scale that QWK counts in; 2 stands for ratings 0, 1, 2")
    figures: dict[str, Figure] = Field(description="r, r2, mae, rmse, qwk, smd, prmse")
    human_human: dict[str, Figure] | None = Field(description="r and qwk of two raters; null without a second rating")
    degradation: dict[str, Figure] | None = Field(description="machine-human less human-human agreement")
    error_variance: Number = Field(description="of one rating, for PRMSE")
    error_variance_from: str | None
    ceiling: Number = Field(description="best attainable R2, given how far raters err")
    baselines: dict[str, dict[str, Number]]
    held_out: dict[str, Number] = Field(description="on scenarios held out in training")
    held_out_by_evidence: dict[str, dict[str, Number]]
    calibration: list[Bin]
    by_grade: list[Bin]
    by_length: list[Bin]
    groupings: list[Grouping]
    shap: list[ShapFeature]


class CoverageFigures(_Part):
    """Whether intervals hold what they promise; `band` "" is all grades."""

    skill: Skill
    evidence: str
    nominal: float
    band: str
    rows: int
    covered: Number
    width: Number
    held_out: Number = Field(description="the same on scenarios held out in training")


class ProbeFigures(_Part):
    """What a gaming probe did to a skill's score."""

    probe: str
    skill: Skill
    evidence: str
    rows: int
    rise: Number
    rise_of_low: Number
    extrapolating: Number
    beyond: Number


class Evaluation(_Part):
    """Everything."""

    format: int = 1
    code: str
    model: ModelFacts
    data: DataFacts
    skills: dict[Skill, SkillEvaluation]
    coverage: list[CoverageFigures]
    extrapolating: float | None = Field(description="share of rows unlike the training rows")
    beyond: float | None
    probes: list[ProbeFigures]
    notes: list[str]
