"""Where tutoring stands: rows by table, the phase of the mix, and when the small model is due for training again."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from skillscope.errors import FileError, SchemaError
from skillscope.store.practice_tables import PRACTICE_TABLES
from skillscope.store.tables import Base, StudentRow
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


class Training(BaseModel):
    """The last training: when, and on how many real pairs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trained_at: AwareDatetime
    real_pairs: int = Field(ge=0)


@dataclass(frozen=True, slots=True)
class TutoringStatus:
    """`real_pairs` is what an extraction would write; `due` says why training is due, if it is."""

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


def tutoring_status(
    session: Session, real_pairs: int, last: Training | None, *, now: datetime | None = None
) -> TutoringStatus:
    """Rows by table, and the pairs weighed against the last training.

    Training is due at 50,000 real pairs, at twice as many as the last time, or a quarter later. `real_pairs` is what
    an extraction would write (`extraction.count_pairs`).
    """
    tables: tuple[type[Base], ...] = (StudentRow, *PRACTICE_TABLES)
    size = {table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
    pairs = real_pairs
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
    return TutoringStatus(size, pairs, phase_for(pairs).name, tuple(due), next_at, next_pairs)
