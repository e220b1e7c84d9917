"""Where tutoring stands: rows by table, the phase of the mix, and when the small model is due for training again."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from skillscope.errors import FileError, SchemaError
from skillscope.store.practice_tables import (
    PRACTICE_TABLES,
    CommunityAnswerRow,
    FeedbackRatingRow,
    HelpRequestRow,
    LessonRow,
    PlanActionRow,
    QuestionRow,
    SkillStateRow,
    StudyPlanRow,
    UserNoteRow,
)
from skillscope.store.tables import StudentRow
from skillscope.synthesis.files import replacing
from skillscope.tutoring.mix import phase_for

__all__ = [
    "QUARTER",
    "TRIGGER_PAIRS",
    "Training",
    "TutoringStatus",
    "read_training",
    "record_training",
    "tutoring_status",
]

TRIGGER_PAIRS: Final = 50_000
QUARTER: Final = timedelta(days=91)
_PATTERN: Final = 3
_GOOD: Final = 4


class Training(BaseModel):
    """The last training: when, and on how many real pairs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trained_at: AwareDatetime
    real_pairs: int = Field(ge=0)


@dataclass(frozen=True, slots=True)
class TutoringStatus:
    """`real_pairs` is what an extraction would find, before its checks; `due` says why training is due, if it is."""

    tables: dict[str, int]
    real_pairs: int
    phase: str
    due: tuple[str, ...]
    next_at: datetime | None
    next_pairs: int


def _path(data_dir: Path) -> Path:
    return data_dir / "tutoring_training.json"


def record_training(data_dir: Path, training: Training) -> None:
    """Keep what was trained on last; whoever trains the small model calls this.

    Raises:
        FileError: the folder cannot be written.
    """
    with replacing(_path(data_dir)) as stream:
        stream.write(training.model_dump_json(indent=2) + "\n")


def read_training(data_dir: Path) -> Training | None:
    """The last training; None before the first one.

    Raises:
        FileError: the record cannot be read.
        SchemaError: it is none.
    """
    try:
        return Training.model_validate(json.loads(_path(data_dir).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(f"{_path(data_dir)} cannot be read") from error
    except (ValidationError, ValueError) as error:
        raise SchemaError(f"{_path(data_dir)} is no record of a training: trained_at and real_pairs") from error


def _count(session: Session, query: Select[Any]) -> int:
    return int(session.scalar(query) or 0)


def tutoring_status(session: Session, last: Training | None, *, now: datetime | None = None) -> TutoringStatus:
    """Count, and weigh against the last training: due at 50,000 real pairs, at twice as many, or a quarter on."""
    size = {table.__tablename__: _count(session, select(func.count()).select_from(table)) for table in PRACTICE_TABLES}
    students = _count(session, select(func.count()).select_from(StudentRow))
    patterns = select(func.count()).select_from(SkillStateRow).where(SkillStateRow.answers >= _PATTERN)
    good = select(func.count()).select_from(FeedbackRatingRow).where(FeedbackRatingRow.rating >= _GOOD)
    answered = select(func.count()).select_from(UserNoteRow).where(UserNoteRow.ai_response.is_not(None))
    moved = select(func.count()).select_from(PlanActionRow).where(PlanActionRow.performance_update.is_not(None))
    practised = (
        select(func.count())
        .select_from(StudyPlanRow)
        .where(StudyPlanRow.student_key.in_(select(SkillStateRow.student_key).where(SkillStateRow.answers >= _PATTERN)))
    )
    whole = (QuestionRow, LessonRow, HelpRequestRow, CommunityAnswerRow)
    pairs = sum(size[table.__tablename__] for table in whole)
    pairs += sum(_count(session, query) for query in (patterns, good, answered, moved, practised))
    due: list[str] = []
    next_pairs, next_at = TRIGGER_PAIRS, None
    if last is not None:
        next_at = last.trained_at + QUARTER
        if last.real_pairs and pairs >= 2 * last.real_pairs:
            due.append("the real pairs have doubled since the last training")
        if (now or datetime.now(UTC)) >= next_at:
            due.append("a quarter has gone by since the last training")
        if last.real_pairs >= TRIGGER_PAIRS:
            next_pairs = 2 * last.real_pairs
        elif last.real_pairs:
            next_pairs = min(TRIGGER_PAIRS, 2 * last.real_pairs)
    if pairs >= TRIGGER_PAIRS and (last is None or last.real_pairs < TRIGGER_PAIRS):
        due.append(f"there are {TRIGGER_PAIRS:,} real pairs or more")
    return TutoringStatus({"students": students} | size, pairs, phase_for(pairs).name, tuple(due), next_at, next_pairs)
