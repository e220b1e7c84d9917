"""Bodies that come in and go out, beside those of `assessment`."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from skillscope.assessment.model import Assessment, Score
from skillscope.assessment.records import MAX_EVENTS, MAX_RESPONSES, EventRecord, Identifier, ResponseRecord, storable
from skillscope.features import FEATURE_NAMES
from skillscope.service.problems import Problem

__all__ = [
    "MAX_BATCH",
    "MAX_ROWS",
    "AddedAnswer",
    "Batch",
    "Class",
    "ClassBody",
    "ClassStudent",
    "ClassStudents",
    "Classes",
    "EventBatch",
    "FeatureRows",
    "FeatureScores",
    "History",
    "Outcome",
    "Outcomes",
    "Readiness",
    "ResponseBatch",
    "RowScores",
    "Student",
]

MAX_BATCH = 1000
"""Students in one batch."""

MAX_ROWS = 1000
"""Feature rows in one request."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ResponseBatch(_Body):
    """Responses of one student, stored all or not at all."""

    responses: Annotated[list[ResponseRecord], Field(min_length=1, max_length=MAX_RESPONSES)]


class EventBatch(_Body):
    """Events of one student, stored all or not at all."""

    events: Annotated[list[EventRecord], Field(min_length=1, max_length=MAX_EVENTS)]


_Value = Annotated[float, Field(strict=True)] | None


class FeatureRows(_Body):
    """Rows of features by name; one that is left out or null is unknown."""

    rows: Annotated[list[dict[str, _Value]], Field(min_length=1, max_length=MAX_ROWS)] = Field(
        examples=[[{name: 0.1 if number < 5 else 3.0 for number, name in enumerate(FEATURE_NAMES[:12])}]]
    )
    grades: list[Annotated[int, Field(strict=True, ge=2, le=8)] | None] | None = Field(
        default=None,
        max_length=MAX_ROWS,
        description="the grade of each row's student; intervals go by grade, without one the widest is given",
        examples=[[4]],
    )


class AddedAnswer(BaseModel):
    """What was stored now, and what had been stored before and stayed as it was."""

    added: list[str]
    unchanged: list[str]


class Student(BaseModel):
    """A registered student, and how much is known."""

    student_id: str
    grade: int | None
    created_at: datetime
    responses: int
    events: int
    sessions: int
    assessments: int


class History(BaseModel):
    """Assessments, newest first; `next` continues (`?cursor=`) where there are more."""

    assessments: list[Assessment]
    next: str | None = None


class Batch(_Body):
    """Students to assess; each has its own outcome."""

    student_ids: Annotated[list[str], Field(min_length=1, max_length=MAX_BATCH)] = Field(
        examples=[["s-0147", "s-0148"]]
    )


class Outcome(BaseModel):
    """What came of one student of a batch: an assessment, or the problem that it alone had."""

    student_id: str
    status: int = Field(examples=[200])
    assessment: Assessment | None = None
    problem: Problem | None = None


class Outcomes(BaseModel):
    """One outcome for each id, in their order."""

    results: list[Outcome]


class RowScores(BaseModel):
    """The scores of one row."""

    scores: list[Score]


class FeatureScores(BaseModel):
    """The scores of each row, in order."""

    results: list[RowScores]


class ClassBody(_Body):
    """What a class is called, and its school."""

    title: Annotated[str, Field(min_length=1, max_length=256), AfterValidator(storable)] | None = Field(
        default=None, examples=["Maths 4b"]
    )
    org_id: Identifier | None = Field(default=None, examples=["school-12"])


class Class(BaseModel):
    """A class and how many students it has."""

    class_id: str
    title: str | None
    org_id: str | None
    students: int


class Classes(BaseModel):
    """Classes in the order in which they were made; `next` continues (`?cursor=`) where there are more."""

    classes: list[Class]
    next: str | None = None


class ClassStudent(BaseModel):
    """One student of a class."""

    student_id: str
    grade: int | None


class ClassStudents(BaseModel):
    """Students of a class; `next` continues (`?cursor=`) where there are more."""

    students: list[ClassStudent]
    next: str | None = None


class Readiness(BaseModel):
    """Which parts can serve."""

    model: bool
    store: bool
