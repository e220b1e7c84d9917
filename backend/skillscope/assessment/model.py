"""What an assessment is: the contract of a score, as it is stored and as it goes out."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from skillscope.skills import Level, Skill

__all__ = ["Assessment", "Evidence", "Interval", "Score"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Interval(_Frozen):
    """Where the score lies with the given probability, as far as the model's own held-out data can tell."""

    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    coverage: float = Field(gt=0, lt=1, examples=[0.8])


class Evidence(_Frozen):
    """One reason: a feature, its value, and how far it moved the score up or down from the model's average."""

    feature: str = Field(examples=["empathy_markers"])
    value: float | None = Field(description="null where it is unknown")
    contribution: float = Field(description="points of the score; above 0 it raised it")
    text: str = Field(examples=["6.2% of the words notice or answer what others feel: raises the score by 0.08"])


class Score(_Frozen):
    """One skill of one student, and everything needed to know how far to believe it."""

    skill: Skill
    score: float = Field(ge=0, le=1)
    interval: Interval
    level: Level
    evidence: list[Evidence] = Field(default_factory=list, description="strongest first; empty unless asked for")
    model_version: str
    feature_schema: str
    label_source: str = Field(description="who gave the labels that the model learned from")
    missing: list[str] = Field(default_factory=list, description="what was not known when the score was given")


class Assessment(_Frozen):
    """The scores of one student at one time."""

    assessment_id: str
    student_id: str
    at: datetime
    scores: list[Score]
    novelty: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="share of training rows that lie nearer than this student's; null: not known",
    )
    extrapolating: bool = Field(
        default=False,
        description="unlike the students that the model learned from: the interval is widened, the score a guess",
    )
    cautions: list[str] = Field(default_factory=list, description="what to know before the score is believed")
