"""Every call of the API once: its request, and the type of its answer. The two clients send them."""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from skillscope.assessment.model import Assessment
from skillscope.assessment.records import EventRecord, ResponseRecord
from skillscope.service.bulk import BulkAnswer
from skillscope.service.models import Models, Reloaded
from skillscope.service.privacy import Erased, Seen
from skillscope.service.schemas import (
    AddedAnswer,
    Class,
    Classes,
    ClassStudents,
    FeatureScores,
    History,
    Outcomes,
    Readiness,
    Student,
)
from skillscope.service.statement_reads import StatementResult
from skillscope.service.statements import EnvelopeAnswer
from skillscope.skills import Skill

__all__ = ["Call", "Calls", "Json"]

Answer = TypeVar("Answer")
Json = dict[str, Any]
_V1: Final = "/api/v1"
_NDJSON: Final = {"Content-Type": "application/x-ndjson"}
_XAPI: Final = {"X-Experience-API-Version": "1.0.3"}


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """A request and how its answer is read: a model, or `bytes`, `list` and `None` as they are."""

    method: str
    path: str
    answer: type[Answer]
    body: Any = None
    content: bytes | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    changes: bool = True

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again when no answer came: it changes nothing, or does the same again."""
        return self.method in {"GET", "PUT"} or not self.changes or "Idempotency-Key" in self.headers


def _plain(record: BaseModel | Mapping[str, Any]) -> Any:
    return record.model_dump(mode="json", exclude_none=True) if isinstance(record, BaseModel) else dict(record)


def _lines(records: Iterable[BaseModel | Mapping[str, Any]]) -> bytes:
    return b"".join(json.dumps(_plain(record), ensure_ascii=False).encode() + b"\n" for record in records)


def _keyed() -> dict[str, str]:
    """A key of its own for each call, so that it can be sent again without doing its work twice."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def _student(student_id: str) -> str:
    return f"{_V1}/students/{quote(student_id, safe='')}"


def _class(class_id: str) -> str:
    return f"{_V1}/classes/{quote(class_id, safe='')}"


def _chosen(**query: Any) -> dict[str, Any]:
    given = {name: value for name, value in query.items() if value is not None}
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}


Response = ResponseRecord | Mapping[str, Any]
Event = EventRecord | Mapping[str, Any]


class Calls:
    """The calls by name. Records are given as the package's models or as plain dictionaries."""

    @staticmethod
    def ready() -> Call[Readiness]:
        """Which parts can serve."""
        return Call("GET", "/readyz", Readiness)

    @staticmethod
    def register(student_id: str, grade: int | None = None) -> Call[Student]:
        """Register a student; one that is there stays."""
        body = {"student_id": student_id} | ({} if grade is None else {"grade": grade})
        return Call("POST", f"{_V1}/students", Student, body, headers=_keyed())

    @staticmethod
    def student(student_id: str) -> Call[Student]:
        """A student, and how much is known."""
        return Call("GET", _student(student_id), Student)

    @staticmethod
    def add_responses(student_id: str, responses: Iterable[Response]) -> Call[AddedAnswer]:
        """Store up to 100 responses, all or none."""
        body = {"responses": [_plain(response) for response in responses]}
        return Call("POST", f"{_student(student_id)}/responses", AddedAnswer, body, headers=_keyed())

    @staticmethod
    def add_events(student_id: str, events: Iterable[Event]) -> Call[AddedAnswer]:
        """Store up to 1,000 events, all or none."""
        body = {"events": [_plain(event) for event in events]}
        return Call("POST", f"{_student(student_id)}/events", AddedAnswer, body, headers=_keyed())

    @staticmethod
    def add_many_responses(student_id: str, responses: Iterable[Response]) -> Call[BulkAnswer]:
        """Store up to 10 MB of responses; a wrong one costs no other."""
        headers = _keyed() | _NDJSON
        path = f"{_student(student_id)}/responses:bulk"
        return Call("POST", path, BulkAnswer, content=_lines(responses), headers=headers)

    @staticmethod
    def add_many_events(student_id: str, events: Iterable[Event]) -> Call[BulkAnswer]:
        """Store up to 10 MB of events; a wrong one costs no other."""
        headers = _keyed() | _NDJSON
        return Call("POST", f"{_student(student_id)}/events:bulk", BulkAnswer, content=_lines(events), headers=headers)

    @staticmethod
    def add_statements(statements: Json | list[Json]) -> Call[list[str]]:
        """Store xAPI statements, all or none; their ids."""
        return Call("POST", f"{_V1}/xapi/statements", list[str], statements, headers=_keyed() | _XAPI)

    @staticmethod
    def statement(statement_id: str, *, voided: bool = False) -> Call[Json]:
        """An xAPI statement, as it is given back; `voided` for one that was voided."""
        query = {"voidedStatementId" if voided else "statementId": statement_id}
        return Call("GET", f"{_V1}/xapi/statements", dict[str, Any], query=query, headers=_XAPI)

    @staticmethod
    def statements(
        *,
        agent: Json | None = None,
        verb: str | None = None,
        activity: str | None = None,
        registration: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 0,
        ascending: bool = False,
        cursor: str | None = None,
    ) -> Call[StatementResult]:
        """A page of xAPI statements, newest first; `cursor` stands in `more` of the page before."""
        asked = _chosen(
            agent=None if agent is None else json.dumps(agent),
            verb=verb,
            activity=activity,
            registration=registration,
            since=None if since is None else since.isoformat(),
            until=None if until is None else until.isoformat(),
            limit=limit,
            ascending=ascending,
            cursor=cursor,
        )
        return Call("GET", f"{_V1}/xapi/statements", StatementResult, query=asked, headers=_XAPI)

    @staticmethod
    def add_envelope(envelope: Json) -> Call[EnvelopeAnswer]:
        """Store the events of a Caliper envelope, all or none."""
        return Call("POST", f"{_V1}/caliper/envelopes", EnvelopeAnswer, envelope, headers=_keyed())

    @staticmethod
    def assess(student_id: str, *, evidence: bool = False, skill: Skill | None = None) -> Call[Assessment]:
        """Assess a student now and store it."""
        path = f"{_V1}/inference/student/{quote(student_id, safe='')}"
        return Call("POST", path, Assessment, query=_chosen(evidence=evidence, skill=skill), headers=_keyed())

    @staticmethod
    def last_assessment(student_id: str, *, skill: Skill | None = None) -> Call[Assessment]:
        """The last assessment, as it was given."""
        path = f"{_V1}/inference/student/{quote(student_id, safe='')}"
        return Call("GET", path, Assessment, query=_chosen(skill=skill))

    @staticmethod
    def history(
        student_id: str, *, skill: Skill | None = None, limit: int = 50, cursor: str | None = None
    ) -> Call[History]:
        """A page of assessments, newest first; `next` is the cursor of the following one."""
        path = f"{_V1}/inference/student/{quote(student_id, safe='')}/history"
        return Call("GET", path, History, query=_chosen(skill=skill, limit=limit, cursor=cursor))

    @staticmethod
    def assess_many(
        student_ids: Iterable[str], *, evidence: bool = False, skill: Skill | None = None
    ) -> Call[Outcomes]:
        """Assess up to 1,000 students; each has its own outcome."""
        query = _chosen(evidence=evidence, skill=skill)
        body = {"student_ids": list(student_ids)}
        return Call("POST", f"{_V1}/inference/batch", Outcomes, body, query=query, headers=_keyed())

    @staticmethod
    def score_features(rows: Iterable[Mapping[str, float | None]]) -> Call[FeatureScores]:
        """Score rows of features; nothing is stored."""
        body = {"rows": [dict(row) for row in rows]}
        return Call("POST", f"{_V1}/inference/features", FeatureScores, body, changes=False)

    @staticmethod
    def classes(*, limit: int = 50, cursor: str | None = None) -> Call[Classes]:
        """A page of classes."""
        return Call("GET", f"{_V1}/classes", Classes, query=_chosen(limit=limit, cursor=cursor))

    @staticmethod
    def put_class(class_id: str, *, title: str | None = None, org_id: str | None = None) -> Call[Class]:
        """Make a class, or change it."""
        return Call("PUT", _class(class_id), Class, _chosen(title=title, org_id=org_id))

    @staticmethod
    def remove_class(class_id: str) -> Call[None]:
        """Remove a class; its students stay."""
        return Call("DELETE", _class(class_id), type(None))

    @staticmethod
    def class_students(class_id: str, *, limit: int = 50, cursor: str | None = None) -> Call[ClassStudents]:
        """A page of a class's students."""
        return Call("GET", f"{_class(class_id)}/students", ClassStudents, query=_chosen(limit=limit, cursor=cursor))

    @staticmethod
    def enrol_student(class_id: str, student_id: str) -> Call[None]:
        """Put a student into a class."""
        return Call("PUT", f"{_class(class_id)}/students/{quote(student_id, safe='')}", type(None))

    @staticmethod
    def withdraw_student(class_id: str, student_id: str) -> Call[None]:
        """Take a student out of a class."""
        return Call("DELETE", f"{_class(class_id)}/students/{quote(student_id, safe='')}", type(None))

    @staticmethod
    def enrol_teacher(class_id: str, teacher_id: str) -> Call[None]:
        """Let a teacher teach a class."""
        return Call("PUT", f"{_class(class_id)}/teachers/{quote(teacher_id, safe='')}", type(None))

    @staticmethod
    def withdraw_teacher(class_id: str, teacher_id: str) -> Call[None]:
        """Let a teacher teach a class no longer."""
        return Call("DELETE", f"{_class(class_id)}/teachers/{quote(teacher_id, safe='')}", type(None))

    @staticmethod
    def models() -> Call[Models]:
        """Which model serves, and which are registered."""
        return Call("GET", f"{_V1}/models", Models)

    @staticmethod
    def reload_model() -> Call[Reloaded]:
        """Serve the present champion."""
        return Call("POST", f"{_V1}/models/reload", Reloaded)

    @staticmethod
    def export(student_id: str) -> Call[bytes]:
        """Everything that is held of a student, as a zip."""
        return Call("GET", f"{_student(student_id)}/export", bytes)

    @staticmethod
    def accesses(student_id: str) -> Call[Seen]:
        """Who saw a student, and what left for whom."""
        return Call("GET", f"{_student(student_id)}/accesses", Seen)

    @staticmethod
    def erase(student_id: str, *, dry_run: bool = False) -> Call[Erased]:
        """Erase a student everywhere; or count what would go."""
        return Call("DELETE", _student(student_id), Erased, query=_chosen(dry_run=dry_run))
