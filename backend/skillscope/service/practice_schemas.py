"""Bodies of the practice routes. What a student wrote goes out again in the community alone, without a name."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from skillscope.assessment.records import StudentId
from skillscope.tutoring.grading import MAX_SECONDS
from skillscope.tutoring.practice import MAX_QUESTIONS

__all__ = [
    "CommunityAnswer",
    "CommunityAsked",
    "CommunityPost",
    "CommunityQuestion",
    "CommunityQuestions",
    "CommunityReply",
    "CommunityThread",
    "Help",
    "HelpQuery",
    "Lesson",
    "Lessons",
    "Note",
    "NoteAnswer",
    "Plan",
    "PlanActionBody",
    "PlanAnswer",
    "PostedAnswer",
    "Practice",
    "PracticeBody",
    "QuestionFeedback",
    "Rated",
    "RatingBody",
    "ShownQuestion",
    "Submission",
    "SubmitBody",
]

_MAX_TEXT = 2000


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank")
    return text


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Text = Annotated[str, Field(min_length=1, max_length=_MAX_TEXT), AfterValidator(_not_blank)]
_QuestionId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:@\-]+$")]
_PracticeId = Annotated[str, Field(max_length=36, pattern=r"^[0-9a-f\-]+$")]
_Seconds = Annotated[float, Field(strict=True, ge=0, le=MAX_SECONDS)]


class _Authored(_Body):
    student_id: StudentId | None = Field(default=None, description="a student's own by default; staff names one")


class PracticeBody(_Authored):
    """What to practise."""

    skills: Annotated[list[Annotated[str, Field(min_length=1, max_length=128)]], Field(max_length=10)] = Field(
        default_factory=list, examples=[["Linear Functions"]], description="ids, names or labels; the weakest if empty"
    )
    count: Annotated[int, Field(strict=True, ge=1, le=MAX_QUESTIONS)] = 10


class ShownQuestion(BaseModel):
    """A question without its answer; without options it wants free response."""

    question_id: str
    section: str
    domain: str
    skill: str
    difficulty: int
    text: str
    options: list[str]


class Practice(BaseModel):
    """A sitting that has begun."""

    practice_id: str
    questions: list[ShownQuestion]


class GivenAnswer(_Body):
    """One answer."""

    question_id: _QuestionId
    answer: Annotated[str, Field(max_length=500)]
    time_spent: _Seconds = Field(description="seconds")


class SubmitBody(_Body):
    """A sitting to hand in; questions without an answer are left out."""

    practice_id: _PracticeId
    responses: Annotated[list[GivenAnswer], Field(min_length=1, max_length=MAX_QUESTIONS)]


class QuestionFeedback(BaseModel):
    """One graded answer. `answered_by`: `template`, `small-model`, or a provider with its model."""

    question_id: str
    is_correct: bool
    correct_answer: str
    feedback: str
    answered_by: str


class Submission(BaseModel):
    """A graded sitting; `proficiencies` by skill, 1 to 7."""

    practice_id: str
    feedback: list[QuestionFeedback]
    summary: str
    answered_by: str
    proficiencies: dict[str, float]


class HelpQuery(_Body):
    """What a student wants to know about a question."""

    user_query: _Text = Field(examples=["Why is x = 2?"])


class Help(BaseModel):
    """The explanation."""

    question_id: str
    ai_response: str
    answered_by: str


class RatingBody(_Body):
    """Stars; without `question_id` for the feedback on the whole sitting."""

    practice_id: _PracticeId
    question_id: _QuestionId | None = None
    rating: Annotated[int, Field(strict=True, ge=1, le=5)]


class Rated(BaseModel):
    """What was kept."""

    practice_id: str
    question_id: str | None
    rating: int


class Plan(BaseModel):
    """A study plan, `{phase: [{day, type, skill, status?}]}`."""

    plan_id: int
    student_id: str
    plan: dict[str, Any]
    updated_at: datetime


class PlanActionBody(_Body):
    """A task that was done or skipped; `task_index` counts through the plan, or within `phase`."""

    task_index: Annotated[int, Field(strict=True, ge=0, le=10_000)]
    action: Literal["completed", "skipped"]
    phase: Annotated[str, Field(max_length=64)] | None = None


class PlanAnswer(BaseModel):
    """The plan afterwards, and why."""

    plan_id: int
    task: dict[str, Any]
    plan: dict[str, Any]
    changed: bool
    reason: str
    advice: str | None
    answered_by: str | None


class Note(_Authored):
    """A note, on a question or not."""

    note_text: _Text
    question_id: _QuestionId | None = None


class NoteAnswer(BaseModel):
    """The answer to a note, where there is one."""

    note_id: int
    ai_response: str | None
    answered_by: str | None


class CommunityPost(_Authored):
    """A question to the others."""

    text: _Text
    question_id: _QuestionId | None = None


class CommunityAsked(BaseModel):
    """The number that it goes by."""

    community_question_id: int


class CommunityAnswer(_Body):
    """An answer to a question of the community."""

    text: _Text


class CommunityReply(BaseModel):
    """The numbers that it goes by."""

    community_answer_id: int
    community_question_id: int


class CommunityQuestion(BaseModel):
    """A question to the others, with the number of its answers; `mine` where the reader asked it."""

    community_question_id: int
    text: str
    question_id: str | None
    at: datetime
    answers: int
    mine: bool


class CommunityQuestions(BaseModel):
    """A page of questions; `next` is the cursor of the page after it."""

    questions: list[CommunityQuestion]
    next: str | None


class PostedAnswer(BaseModel):
    """An answer; `by` says whether a student or staff gave it, and nothing says which."""

    community_answer_id: int
    text: str
    at: datetime
    by: Literal["student", "staff"]
    mine: bool


class CommunityThread(BaseModel):
    """A question with a page of its answers; `next` is the cursor of the page after it."""

    question: CommunityQuestion
    answers: list[PostedAnswer]
    next: str | None


class Lesson(BaseModel):
    """A lesson; `duration` in minutes."""

    lesson_id: str
    section: str
    domain: str
    skill: str
    text: str
    video_url: str | None
    duration: int


class Lessons(BaseModel):
    """Lessons in the order of their ids."""

    lessons: list[Lesson]
