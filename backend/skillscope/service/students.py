"""Routes that register students and bring their responses and events in."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from skillscope.assessment.ingest import add_events, add_responses, register_student
from skillscope.assessment.records import ResponseRecord, StudentRecord
from skillscope.errors import InputError
from skillscope.service.access import SecuredRoute, StudentOfPath, allow, runtime_of
from skillscope.service.keyed import derived_id
from skillscope.service.replies import problem_docs, reply
from skillscope.service.schemas import AddedAnswer, EventBatch, ResponseBatch, Student
from skillscope.service.scope import own_student
from skillscope.service.tokens import Role
from skillscope.store import queries
from skillscope.store.tables import StudentRow

__all__ = ["router"]

router = APIRouter(route_class=SecuredRoute, tags=["students"])

_REGISTERED_BEFORE: dict[int | str, dict[str, Any]] = {
    200: {"model": Student, "description": "It was registered before"}
}
_Staff = allow(Role.SERVICE, Role.ADMIN)


def _shown(student: StudentRow, counts: dict[str, int]) -> Student:
    return Student(student_id=student.student_id, grade=student.grade, created_at=student.created_at, **counts)


@router.post(
    "/students",
    status_code=201,
    response_model=Student,
    responses=_REGISTERED_BEFORE | problem_docs("conflict", "invalid", "too-large", "unsupported-media-type"),
    dependencies=[_Staff],
)
def register(request: Request, body: StudentRecord) -> Response:
    """Register a student. Sent again with the same grade, or without one, it changes nothing."""
    with runtime_of(request).sessions.begin() as session:
        registered = register_student(session, body.student_id, body.grade)
        counts = queries.student_counts(session, registered.student.key)
    location = {"Location": f"/api/v1/students/{body.student_id}"}
    return reply(_shown(registered.student, counts), 201 if registered.created else 200, location)


@router.get(
    "/students/{student_id}",
    response_model=Student,
    responses=problem_docs("not-found", "invalid"),
    dependencies=[Depends(own_student)],
)
def read(request: Request, student_id: StudentOfPath) -> Response:
    """A student, and how much is known."""
    with runtime_of(request).sessions() as session:
        student = queries.require_student(session, student_id)
        return reply(_shown(student, queries.student_counts(session, student.key)))


_Ingested = problem_docs("not-found", "conflict", "invalid", "too-large", "unsupported-media-type")


def _named(request: Request, responses: list[ResponseRecord]) -> list[ResponseRecord]:
    """Nameless responses of a keyed request get the same ids when it comes again."""
    return [
        response
        if response.response_id is not None
        else response.model_copy(update={"response_id": derived_id(request, number)})
        for number, response in enumerate(responses)
    ]


@router.post(
    "/students/{student_id}/responses",
    status_code=201,
    response_model=AddedAnswer,
    responses=_Ingested,
    dependencies=[Depends(own_student)],
)
def bring_responses(request: Request, student_id: StudentOfPath, body: ResponseBatch) -> Response:
    """Store responses and measure them. All are stored or none; a `response_id` seen before changes nothing."""
    with runtime_of(request).sessions.begin() as session:
        added = add_responses(session, student_id, _named(request, body.responses))
    return reply(AddedAnswer(added=list(added.added), unchanged=list(added.unchanged)), 201)


@router.post(
    "/students/{student_id}/events",
    status_code=201,
    response_model=AddedAnswer,
    responses=_Ingested,
    dependencies=[Depends(own_student)],
)
def bring_events(request: Request, student_id: StudentOfPath, body: EventBatch) -> Response:
    """Store events, in any order, and measure their sessions: all or none; one seen before changes nothing."""
    for number, event in enumerate(body.events):
        if event.student_id not in {None, student_id}:
            raise InputError(
                f"event {number} is of another student than the address", field=f"events.{number}.student_id"
            )
    with runtime_of(request).sessions.begin() as session:
        added = add_events(session, [event.of_student(student_id) for event in body.events])
    return reply(AddedAnswer(added=list(added.added), unchanged=list(added.unchanged)), 201)
