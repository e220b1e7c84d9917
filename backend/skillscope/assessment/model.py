"""What an assessment is: the contract of a score, as it is stored and as it goes out."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from skillscope.skills import Level, Skill

__all__ = ["Assessment", "Evidence", "Interval", "Mark", "Score"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Interval(_Frozen):
    """Where the score lies with the given probability, as far as the model's own held-out data can tell."""

    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    coverage: float = Field(gt=0, lt=1, examples=[0.8])


class Mark(_Frozen):
    """Words of a list that count, by their place in the response, in characters."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    lexicon: str = Field(examples=["empathy"])


class Evidence(_Frozen):
    """One thing that speaks for a score.

    A `reason` is what a group of features contributed; a `quote` words of the student, with what the score loses or
    gains when they are taken away; an `event` something done that stands behind a reason of the same `group`.
    """

    kind: Literal["reason", "quote", "event"] = "reason"
    group: str | None = Field(default=None, description="of features", examples=["words_of_feeling"])
    feature: str | None = Field(default=None, examples=["empathy_markers"], description="the group's strongest one")
    value: float | None = Field(default=None, description="of the feature; null where it is unknown")
    contribution: float = Field(
        description="points of the score, above 0 where they raised it; of an event: of the reason behind which it "
        "stands"
    )
    direction: Literal["raises", "lowers"] = Field(default="raises", description="which way that is")
    text: str = Field(
        examples=["Words for what others feel: 6.2% of the words notice or answer what others feel; raises the score "
                  "by 0.08"]
    )  # fmt: skip
    quote: str | None = Field(default=None, description="the student's words")
    response_id: str | None = Field(default=None, description="where they stand: in which response,")
    start: int | None = Field(default=None, ge=0, description="from which character")
    end: int | None = Field(default=None, ge=0, description="up to which")
    marks: list[Mark] = Field(default_factory=list, description="list words in it that count")
    session_id: str | None = Field(default=None, description="where the events happened")
    event_ids: list[str] = Field(default_factory=list)
    at: datetime | None = Field(default=None, description="when the first of them did")

    @model_validator(mode="before")
    @classmethod
    def _directed(cls, values: Any) -> Any:
        """Say the direction where only the contribution is given."""
        if isinstance(values, dict) and "direction" not in values and isinstance(values.get("contribution"), float):
            return {**values, "direction": "raises" if values["contribution"] > 0 else "lowers"}
        return values


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


class Assessment(_Frozen):
    """The scores of one student at one time."""

    assessment_id: str
    student_id: str
    at: datetime
    scores: list[Score]
