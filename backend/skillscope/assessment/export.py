"""Everything that is held of one student, as a zip with JSON and CSV.

Goes through every table that has a student's key, so that a new table is in it without being named here.
"""

import base64
import csv
import io
import json
import math
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from cryptography.fernet import MultiFernet
from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from skillscope.assessment.names import read_names
from skillscope.features import FEATURE_NAMES, LINGUISTIC, TELEMETRY
from skillscope.store import queries
from skillscope.store.tables import Base

__all__ = ["export_student", "student_tables"]

_LEFT_OUT: Final = frozenset({"student_key"})
_NOT_EXPORTED: Final = frozenset({"idempotency_keys", "student_names"})
"""Copies of answers kept for a day, and the name, which stands with the student."""

_NAMED: Final = {
    ("response_features", "values"): tuple(item.name for item in LINGUISTIC),
    ("session_features", "values"): tuple(item.name for item in TELEMETRY),
    ("assessments", "features"): FEATURE_NAMES,
}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_README: Final = """\
Everything that Skillscope holds of one student.

Each table is here twice: as JSON, exact, and as CSV for spreadsheets, where a text that a spreadsheet would take for a
formula has an apostrophe before it. Times are UTC. Features are numbers measured in responses and sessions; null is
unknown. A score of a model whose label_source is "simulated" is no measurement of a child.
"""


def student_tables() -> list[Table]:
    """The tables whose rows belong to a student, those that others refer to first."""
    return [table for table in Base.metadata.sorted_tables if "student_key" in table.c]


def _plain(table: Table, column: str, value: Any) -> Any:
    names = _NAMED.get((table.name, column))
    if names is not None and value is not None:
        return {name: _plain(table, "", number) for name, number in zip(names, value, strict=False)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _rows(session: Session, table: Table, student_key: int) -> list[dict[str, Any]]:
    query = select(table).where(table.c.student_key == student_key).order_by(*table.primary_key)
    return [
        {name: _plain(table, name, value) for name, value in row.items() if name not in _LEFT_OUT}
        for row in session.execute(query).mappings()
    ]


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _csv(rows: Iterable[Mapping[str, Any]], columns: list[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def export_student(session: Session, student_id: str, *, cipher: MultiFernet | None = None) -> bytes:
    """A zip: `README.txt`, `student.json`, and `<table>.json` and `<table>.csv` for each table.

    Raises:
        NotFoundError: there is no such student.
        ConfigurationError: the name is encrypted with a key that is not given.
    """
    student = queries.require_student(session, student_id)
    name = read_names(session, [student.key], cipher).get(student.key)
    about = {
        "student_id": student_id,
        "name": name,
        "grade": student.grade,
        "created_at": student.created_at.isoformat(),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _README)
        archive.writestr("student.json", json.dumps(about, ensure_ascii=False, indent=2) + "\n")
        for table in student_tables():
            if table.name in _NOT_EXPORTED:
                continue
            rows = _rows(session, table, student.key)
            columns = [column.name for column in table.c if column.name not in _LEFT_OUT]
            archive.writestr(f"{table.name}.json", json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
            archive.writestr(f"{table.name}.csv", _csv(rows, columns))
    return packed.getvalue()
