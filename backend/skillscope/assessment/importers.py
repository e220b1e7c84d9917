"""Bringing in data sets of others, through the same path as the API."""

import csv
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session, sessionmaker

from skillscope.assessment.ingest import measure_responses, register_student, store_responses
from skillscope.assessment.records import ResponseRecord, StudentId
from skillscope.errors import FileError, SchemaError
from skillscope.skills import grade_for_age
from skillscope.store import queries

__all__ = ["MIND_CA_COLUMNS", "ImportResult", "MindCaAnswer", "import_mind_ca", "mind_ca_student", "read_mind_ca"]

MIND_CA_COLUMNS: Final = ("child_id", "answer", "score", "age", "gender", "question")
_AGES: Final = range(3, 20)
_CHILDREN_AT_ONCE: Final = 32
_STUDENT_ID: Final = TypeAdapter[str](StudentId)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did: students and responses that are new, responses that were there, rows without an answer."""

    students: int
    responses: int
    unchanged: int
    blank: int


@dataclass(frozen=True, slots=True)
class _Child:
    grade: int
    responses: dict[str, ResponseRecord]


@dataclass(frozen=True, slots=True)
class MindCaAnswer:
    """One row of MIND-CA: a child's answer to a question, with its human score of 0, 1 or 2."""

    child_id: str
    answer: str
    score: int
    age: int
    question: str

    @property
    def student_id(self) -> str:
        """What the child goes by in the store."""
        return mind_ca_student(self.child_id)

    @property
    def response_id(self) -> str:
        """The same answer to the same question has the same id, in every import."""
        digest = hashlib.sha256(f"{self.question}\x1f{self.answer}".encode()).hexdigest()
        return f"{self.question}-{digest[:16]}"


def mind_ca_student(child_id: str) -> str:
    """The student id of a child of MIND-CA."""
    return f"mind-ca-{child_id}"


def _number(row: dict[str, str], column: str, line: int, allowed: range) -> int:
    try:
        value = int(row[column])
    except ValueError:
        value = allowed.start - 1
    if value not in allowed:
        raise SchemaError(
            f"line {line}: {column} is a whole number from {allowed.start} to {allowed.stop - 1}", field=column
        )
    return value


def read_mind_ca(path: Path) -> Iterator[MindCaAnswer]:
    """The rows of a MIND-CA file (Kovatchev et al. 2020): CSV with `child_id, answer, score, age, gender, question`.

    Raises:
        FileError: it is missing, empty, or not UTF-8.
        SchemaError: columns are missing, or a row holds something else than such a row does; it names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames is None:
                raise FileError(f"{path.name} is empty; it needs the columns {', '.join(MIND_CA_COLUMNS)}")
            absent = [name for name in MIND_CA_COLUMNS if name not in rows.fieldnames]
            if absent:
                raise SchemaError(
                    f"{path.name} has no column {', '.join(absent)}; it needs {', '.join(MIND_CA_COLUMNS)}",
                    field=absent[0],
                )
            for row in rows:
                line = rows.line_num
                if any(row[name] is None for name in MIND_CA_COLUMNS):
                    raise SchemaError(f"line {line} of {path.name} has too few columns", field="child_id")
                yield MindCaAnswer(
                    child_id=row["child_id"].strip(),
                    answer=row["answer"],
                    score=_number(row, "score", line, range(3)),
                    age=_number(row, "age", line, _AGES),
                    question=row["question"].strip(),
                )
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path.name} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except csv.Error as error:
        raise SchemaError(f"{path.name} is not CSV: {error}") from error


def _checked_records(answers: Iterator[MindCaAnswer], at: datetime) -> tuple[dict[str, _Child], int]:
    """Every answer of the file as a response, by child, and how many rows were blank. Stores nothing."""
    children: dict[str, _Child] = {}
    blank = 0
    for number, answer in enumerate(answers, start=1):
        try:
            _STUDENT_ID.validate_python(answer.student_id)
            child = children.setdefault(answer.student_id, _Child(grade_for_age(answer.age), {}))
            if not answer.answer.strip():
                blank += 1
                continue
            child.responses[answer.response_id] = ResponseRecord(
                text=answer.answer, source=f"human:{answer.question}", response_id=answer.response_id, at=at
            )
        except ValidationError as error:
            problem = error.errors()[0]
            column = {"text": "answer", "response_id": "question", "source": "question"}.get(
                str(problem["loc"][0]) if problem["loc"] else "", "child_id"
            )
            raise SchemaError(f"row {number}: {column}: {problem['msg']}", field=column) from error
    return children, blank


def import_mind_ca(
    sessions: sessionmaker[Session],
    path: Path,
    *,
    at: datetime | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> ImportResult:
    """Bring in a MIND-CA file: children become students `mind-ca-<id>`, their age a grade, their answers responses.

    The whole file is checked before anything is stored. Rows without an answer are counted and left out; the same
    answer given twice is one response. A second import changes nothing. `at` is when the answers count as given
    (default: now, so that they lie within the window of an assessment). `progress` hears of children done, of all.

    Raises:
        FileError: the file is missing, empty, or not UTF-8.
        SchemaError: a column is missing or a row is wrong; nothing is stored.
    """
    children, blank = _checked_records(read_mind_ca(path), at or datetime.now(UTC))
    if not children:
        raise FileError(f"{path.name} holds no rows; it needs {', '.join(MIND_CA_COLUMNS)}")
    names = list(children)
    students = responses = unchanged = 0
    for start in range(0, len(names), _CHILDREN_AT_ONCE):
        batch = {name: children[name] for name in names[start : start + _CHILDREN_AT_ONCE]}
        fresh, known = _unknown_responses(sessions, batch)
        measured = measure_responses(fresh)
        with sessions.begin() as session:
            students += sum(register_student(session, name, child.grade).created for name, child in batch.items())
            responses += sum(len(added.added) for added in store_responses(session, measured).values())
        unchanged += known
        progress(min(start + _CHILDREN_AT_ONCE, len(names)), len(names))
    return ImportResult(students, responses, unchanged, blank)


def _unknown_responses(
    sessions: sessionmaker[Session], batch: dict[str, _Child]
) -> tuple[dict[str, list[ResponseRecord]], int]:
    """The responses of each child that are not stored yet, so that no text is measured twice, and how many are."""
    fresh: dict[str, list[ResponseRecord]] = {}
    known = 0
    with sessions() as session:
        for name, child in batch.items():
            student = queries.find_student(session, name)
            stored = queries.stored_responses(session, student.key, child.responses.keys()) if student else {}
            fresh[name] = [response for key, response in child.responses.items() if key not in stored]
            known += len(stored)
    return fresh, known
