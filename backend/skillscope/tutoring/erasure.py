"""Takes a student out of tutoring: the rows of practice, and the lines of exported pairs.

    with sessions.begin() as session:
        counts = erase(session, "s-1", [settings.data_dir])

Lines are found by the student's pseudonym (`students` of a pair), so mixtures and rejected pairs are found as well. A
run that is writing pairs in one of the folders has read the student's rows already: it is waited for by refusal
(`ConflictError`), so that no line comes back. What a model has learned from a line is not undone; it goes with the next
training.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from skillscope.errors import FileError, SchemaError
from skillscope.settings import get_settings
from skillscope.store import queries, writing
from skillscope.store.practice_tables import PRACTICE_TABLES, CommunityAnswerRow, CommunityQuestionRow
from skillscope.store.tables import Base
from skillscope.synthesis.files import file_sha256, lines_of, replacing
from skillscope.synthesis.lock import RunLock
from skillscope.tutoring.pseudonyms import Pseudonyms

__all__ = ["EXPORTED", "erase", "erase_exported", "erase_rows", "export_lock"]

EXPORTED: Final = "exported_pairs"
"""Beside the tables, what `erase` counts."""

_LOCKED: Final = ".students.lock"

_log = logging.getLogger("skillscope.tutoring")


def export_lock(output: Path) -> RunLock:
    """Held by whatever writes students' pairs to `output`, from before it reads them; one writer at a time.

    Runs that write no student's pairs hold a lock of another name, and stand in nobody's way.
    """
    lock = RunLock(output)
    lock.path = output.with_name(f"{output.name}{_LOCKED}")
    return lock


def erase(
    session: Session,
    student_id: str,
    folders: Iterable[Path] = (),
    *,
    dry_run: bool = False,
    data_dir: Path | None = None,
) -> dict[str, int]:
    """Rows by table, and exported lines under `EXPORTED`, that were erased; with `dry_run`, that would be.

    Files are rewritten at once, rows when the caller's transaction ends. The row in `students` is the caller's.
    `data_dir` holds the key of the pseudonyms; that of the settings by default.

    Raises:
        NotFoundError: the student is unknown.
        ConflictError: pairs are being written in one of the folders; nothing was changed.
        FileError: a file cannot be read or written.
    """
    if not dry_run:
        writing(session)
    queries.require_student_key(session, student_id)
    lines = erase_exported(student_id, folders, dry_run=dry_run, data_dir=data_dir)
    return erase_rows(session, student_id, dry_run=dry_run) | {EXPORTED: lines}


def _whose(table: type[Base], student_key: int) -> ColumnElement[bool]:
    columns: Any = table
    own: ColumnElement[bool] = columns.student_key == student_key
    if table is not CommunityAnswerRow:
        return own
    asked = select(CommunityQuestionRow.key).where(CommunityQuestionRow.student_key == student_key)
    return or_(own, CommunityAnswerRow.question_key.in_(asked))  # answers to the student's questions go with them


def erase_rows(session: Session, student_id: str, *, dry_run: bool = False) -> dict[str, int]:
    """Rows by table of everything that the student left in practice; the answers of others to its questions too.

    Raises:
        NotFoundError: the student is unknown.
    """
    if not dry_run:
        writing(session)
    student_key = queries.require_student_key(session, student_id)
    tables = [table for table in PRACTICE_TABLES if hasattr(table, "student_key")]
    counts = {
        table.__tablename__: session.scalar(
            select(func.count()).select_from(table).where(_whose(table, student_key))
        ) or 0
        for table in tables
    }  # fmt: skip
    if not dry_run:
        for table in reversed(tables):
            session.execute(delete(table).where(_whose(table, student_key)))
    return counts


def erase_exported(
    student_id: str, folders: Iterable[Path], *, dry_run: bool = False, data_dir: Path | None = None
) -> int:
    """How many lines of the `.jsonl` files under these folders stand for the student and were taken out.

    The manifest beside a file gets the file's new sha256 and the number of lines erased. Works for a student that the
    store has forgotten already, and for the users of another database.

    Raises:
        ConflictError: pairs are being written there; nothing was changed.
        FileError: a file cannot be read or written.
    """
    names = Pseudonyms.find(data_dir or get_settings().data_dir)
    if names is None:
        return 0
    mark = names.of(student_id)
    erased = 0
    with ExitStack() as locks:
        paths = sorted(set(_pairs_files(folders)))
        if not dry_run:
            for path in paths:
                locks.enter_context(export_lock(path))
        for path in paths:
            found = sum(_stands_for(line, mark) for line in lines_of(path)) if path.exists() else 0
            if found and not dry_run:
                _rewrite(path, mark, found)
            erased += found
    return erased


def _pairs_files(folders: Iterable[Path]) -> Iterator[Path]:
    """Every JSONL file, and those that a run is about to make: its lock is there before the file."""
    for folder in folders:
        yield from (path for path in folder.rglob("*.jsonl") if path.is_file())
        yield from (path.with_name(path.name.removesuffix(_LOCKED)) for path in folder.rglob(f"*.jsonl{_LOCKED}"))


def _stands_for(line: str, mark: str) -> bool:
    if mark not in line:
        return False
    try:
        row = json.loads(line)
    except ValueError:
        return False
    return isinstance(row, dict) and isinstance(row.get("students"), list) and mark in row["students"]


def _rewrite(path: Path, mark: str, erased: int) -> None:
    with replacing(path) as stream:
        for line in lines_of(path):
            if not _stands_for(line, mark):
                stream.write(line + "\n")
    _log.info("erased %d line(s) of %s", erased, path.name)
    manifest = path.with_name(f"{path.stem}.manifest.json")
    if not manifest.exists():
        return
    try:
        told = json.loads(manifest.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(f"{manifest} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SchemaError(f"{manifest} is no JSON") from error
    if isinstance(told, dict) and "sha256" in told:
        told |= {"sha256": file_sha256(path), "erased": int(told.get("erased", 0)) + erased}
        with replacing(manifest) as stream:
            stream.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
