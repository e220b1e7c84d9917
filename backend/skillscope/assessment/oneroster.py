"""Rosters as 1EdTech OneRoster 1.2 CSV: users, classes, enrollments (roles, orgs and manifest where they are there).

Column names are the standard's (https://www.imsglobal.org/spec/oneroster/v1p2/bind/csv); 1.1 files, whose users carry
their role, are read too. A student, teacher or class goes by its `sourcedId`.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from skillscope.assessment.names import MAX_NAME_CHARS
from skillscope.assessment.records import StudentId, storable
from skillscope.errors import FileError, SchemaError

__all__ = ["Roster", "RosterClass", "read_oneroster"]

_NEEDED: Final = {
    "users.csv": ("sourcedId",),
    "classes.csv": ("sourcedId", "title"),
    "enrollments.csv": ("sourcedId", "classSourcedId", "userSourcedId", "role"),
    "roles.csv": ("userSourcedId", "role"),
    "orgs.csv": ("sourcedId",),
    "manifest.csv": ("propertyName", "value"),
}
_OPTIONAL: Final = frozenset({"roles.csv", "orgs.csv", "manifest.csv"})
_ENROLLED: Final = frozenset({"student", "teacher", "administrator", "proctor", "aide"})
_STATUSES: Final = frozenset({"", "active", "tobedeleted"})
_SHOWN_ERRORS: Final = 5
_ID: Final = TypeAdapter[str](StudentId)


@dataclass(slots=True)
class RosterClass:
    """A class with whom the roster puts into it, and whom a delta takes out."""

    title: str | None
    org_id: str | None
    removed: bool = False
    students: set[str] = field(default_factory=set)
    teachers: set[str] = field(default_factory=set)
    left_students: set[str] = field(default_factory=set)
    left_teachers: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Roster:
    """What the files say. `whole` (bulk): whoever is not named in a class is in it no more."""

    grades: dict[str, int | None] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    teachers: set[str] = field(default_factory=set)
    classes: dict[str, RosterClass] = field(default_factory=dict)
    whole: bool = True
    ungraded: int = 0


@dataclass(frozen=True, slots=True)
class _Row:
    file: str
    line: int
    values: dict[str, str]

    def get(self, column: str) -> str:
        return self.values.get(column, "").strip()

    def wrong(self, column: str, message: str) -> SchemaError:
        return SchemaError(f"{self.file} line {self.line}, {column}: {message}", field=column)

    def identifier(self, column: str) -> str:
        try:
            return _ID.validate_python(self.get(column))
        except ValidationError:
            raise self.wrong(
                column, "an id is 1 to 128 letters, digits and ._:@-, and begins with one of the first two"
            ) from None

    @property
    def removed(self) -> bool:
        status = self.get("status").lower()
        if status not in _STATUSES:
            raise self.wrong("status", "right is active, tobedeleted or nothing")
        return status == "tobedeleted"

    def text(self, column: str, most: int) -> str | None:
        found = self.get(column)
        if len(found) > most:
            raise self.wrong(column, f"has {len(found)} characters; at most {most} are kept")
        try:
            return storable(found) or None
        except ValueError as error:
            raise self.wrong(column, str(error)) from None

    def day(self, column: str) -> date | None:
        found = self.get(column)
        try:
            return date.fromisoformat(found[:10]) if found else None
        except ValueError:
            raise self.wrong(column, "no date; right is 2026-09-01") from None


class _Reader:
    """Reads the files of a folder; what is wrong is gathered, so that one run tells of several errors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.errors: list[SchemaError] = []

    def rows(self, name: str) -> Iterator[_Row]:
        path = self.folder / name
        if not path.is_file():
            if name in _OPTIONAL:
                return
            raise FileError(f"{path} is missing; a roster has users.csv, classes.csv and enrollments.csv")
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield from self._rows(name, csv.DictReader(file, strict=True))
        except OSError as error:
            raise FileError(f"{path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise FileError(f"{name} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
        except csv.Error as error:
            raise SchemaError(f"{name} is not CSV: {error}") from error

    def _rows(self, name: str, rows: "csv.DictReader[str]") -> Iterator[_Row]:
        columns = rows.fieldnames
        if columns is None:
            raise FileError(f"{name} is empty; it needs the columns {', '.join(_NEEDED[name])}")
        absent = [column for column in _NEEDED[name] if column not in columns]
        if absent:
            raise SchemaError(
                f"{name} has no column {', '.join(absent)}; it needs {', '.join(_NEEDED[name])}", field=absent[0]
            )
        for row in rows:
            if None in row or None in row.values():
                self.errors.append(
                    SchemaError(f"{name} line {rows.line_num}: has not {len(columns)} columns", field=columns[0])
                )
                continue
            yield _Row(name, rows.line_num, row)

    def each(self, name: str) -> Iterator[tuple[_Row, list[SchemaError]]]:
        """The rows of a file, each with the list that takes what is wrong with it."""
        for row in self.rows(name):
            yield row, self.errors


def _grade(row: _Row) -> int | None:
    """The first of the row's grades (CEDS: 01, 02, ..., KG) that is 2 to 8."""
    found = [part.strip() for part in row.get("grades").replace(";", ",").split(",")]
    grades = [int(part) for part in found if part.isdecimal() and len(part) <= 2]
    return next((grade for grade in grades if 2 <= grade <= 8), None)


def _roles(reader: _Reader) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row, errors in reader.each("roles.csv"):
        try:
            if not row.removed:
                found.setdefault(row.identifier("userSourcedId"), set()).add(row.get("role").lower())
        except SchemaError as error:
            errors.append(error)
    return found


def _users(reader: _Reader, roster: Roster, *, names: bool) -> dict[str, set[str]]:
    """The roles of every user of the files; students and teachers go into the roster."""
    roles = _roles(reader)
    users: dict[str, set[str]] = {}
    for row, errors in reader.each("users.csv"):
        try:
            user = row.identifier("sourcedId")
            if user in users:
                raise row.wrong("sourcedId", "stands on an earlier line too")
            users[user] = {role for role in (*roles.get(user, ()), row.get("role").lower()) if role}
            if row.removed:
                users[user] = {"gone"}
                continue
            if "student" in users[user]:
                _student(row, user, roster, names=names)
            if "teacher" in users[user]:
                roster.teachers.add(user)
            elif not users[user]:  # 1.2 without roles.csv: the enrollment says what a user is
                _student(row, user, roster, names=names)
        except SchemaError as error:
            errors.append(error)
    return users


def _student(row: _Row, user: str, roster: Roster, *, names: bool) -> None:
    grade = _grade(row)
    roster.grades[user] = grade
    roster.ungraded += grade is None
    if names:
        parts = (row.text(column, MAX_NAME_CHARS) for column in ("givenName", "familyName"))
        name = " ".join(part for part in parts if part)[:MAX_NAME_CHARS]
        if name:
            roster.names[user] = name


def _classes(reader: _Reader, roster: Roster) -> None:
    orgs: set[str] = set()
    for row, errors in reader.each("orgs.csv"):
        try:
            orgs.add(row.identifier("sourcedId"))
        except SchemaError as error:
            errors.append(error)
    for row, errors in reader.each("classes.csv"):
        try:
            name = row.identifier("sourcedId")
            if name in roster.classes:
                raise row.wrong("sourcedId", "stands on an earlier line too")
            org = row.identifier("schoolSourcedId") if row.get("schoolSourcedId") else None
            if org is not None and orgs and org not in orgs:
                raise row.wrong("schoolSourcedId", "is no sourcedId of orgs.csv")
            roster.classes[name] = RosterClass(row.text("title", 256), org, removed=row.removed)
        except SchemaError as error:
            errors.append(error)


def _enrollments(reader: _Reader, roster: Roster, users: dict[str, set[str]], today: date) -> None:
    taught: set[str] = set()
    studying: set[str] = set()
    for row, errors in reader.each("enrollments.csv"):
        try:
            user, name, role = (
                row.identifier("userSourcedId"),
                row.identifier("classSourcedId"),
                row.get("role").lower(),
            )
            if user not in users:
                raise row.wrong("userSourcedId", "is no sourcedId of users.csv")
            if name not in roster.classes:
                raise row.wrong("classSourcedId", "is no sourcedId of classes.csv")
            if role not in _ENROLLED:
                raise row.wrong("role", f"right is one of {', '.join(sorted(_ENROLLED))}")
            begin, end = row.day("beginDate"), row.day("endDate")
            if role not in {"student", "teacher"}:
                continue
            (taught if role == "teacher" else studying).add(user)
            over = row.removed or users[user] == {"gone"} or (begin and begin > today) or (end and end <= today)
            found = roster.classes[name]
            if role == "student":
                (found.left_students if over else found.students).add(user)
            else:
                (found.left_teachers if over else found.teachers).add(user)
        except SchemaError as error:
            errors.append(error)
    for user in {user for user, roles in users.items() if not roles} - studying:
        roster.grades.pop(user, None)
        roster.names.pop(user, None)
    roster.teachers |= taught - {user for user, roles in users.items() if roles == {"gone"}}


def _manifest(reader: _Reader) -> bool:
    """Whether the files are the whole roster (bulk), and not changes of it (delta)."""
    told = {row.get("propertyName"): row.get("value").lower() for row in reader.rows("manifest.csv")}
    return told.get("file.enrollments", "bulk") != "delta"


def read_oneroster(folder: Path, *, names: bool = False, today: date | None = None) -> Roster:
    """The roster of a folder of OneRoster CSV files, checked as a whole. `names` asks for students' names too.

    Enrollments that have not begun or are over by `today` count as left.

    Raises:
        FileError: a file is missing, empty, or not UTF-8.
        SchemaError: columns are missing or rows are wrong; the message names file, line and field of the first few.
    """
    if not folder.is_dir():
        raise FileError(f"{folder} is no folder; a roster is a folder with users.csv, classes.csv and enrollments.csv")
    reader = _Reader(folder)
    roster = Roster(whole=_manifest(reader))
    users = _users(reader, roster, names=names)
    _classes(reader, roster)
    _enrollments(reader, roster, users, today or datetime.now(UTC).date())
    if reader.errors:
        more = len(reader.errors) - _SHOWN_ERRORS
        told = "; ".join(str(error) for error in reader.errors[:_SHOWN_ERRORS])
        raise SchemaError(told + (f"; and {more} more" if more > 0 else ""), field=reader.errors[0].field)
    return roster
