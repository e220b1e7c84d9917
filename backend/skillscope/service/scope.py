"""Whom a caller reaches: a student itself, a teacher the students of own classes, service and admin all."""

from collections.abc import Collection

from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from skillscope.assessment.records import StudentId
from skillscope.errors import AccessError, NotFoundError
from skillscope.service.access import caller_of, runtime_of
from skillscope.service.tokens import Caller, Role
from skillscope.store import rosters
from skillscope.store.practice_tables import StudyPlanRow, TestRow
from skillscope.store.roster_tables import ClassRow
from skillscope.store.tables import StudentRow

__all__ = ["narrowed_to", "own_student", "reached", "require_class", "require_student"]

_STUDENT_ID: TypeAdapter[str] = TypeAdapter(StudentId)
_NOBODYS = ""


def _refused(caller: Caller) -> AccessError:
    if caller.role is Role.STUDENT:
        return AccessError("a student's token reaches that student alone", authenticated=True)
    return AccessError("a teacher's token reaches the students of own classes alone", authenticated=True)


def reached(session: Session, caller: Caller, student_ids: Collection[str]) -> set[str]:
    """Those of the students, registered or not, whom the caller reaches."""
    if caller.is_staff:
        return set(student_ids)
    if caller.role is Role.STUDENT:
        return {name for name in student_ids if name == caller.student_id}
    usable = [name for name in student_ids if _is_id(name)]
    return rosters.taught_among(session, caller.teacher_id or _NOBODYS, usable)


def _is_id(text: str) -> bool:
    try:
        _STUDENT_ID.validate_python(text)
    except ValidationError:
        return False
    return True


def require_student(session: Session, caller: Caller, student_id: str) -> None:
    """See that the caller reaches a student; whether somebody else exists is nothing to ask about.

    Raises:
        AccessError: the caller does not.
    """
    if not reached(session, caller, [student_id]):
        raise _refused(caller)


async def own_student(request: Request) -> Caller:
    """A dependency of routes with a `student_id` in their address.

    Raises:
        AccessError: the caller does not reach that student.
    """
    caller = caller_of(request)
    student_id: str = request.path_params["student_id"]
    if caller.is_staff:
        return caller
    if caller.role is Role.STUDENT:
        if caller.student_id != student_id:
            raise _refused(caller)
        return caller

    def check() -> None:
        with runtime_of(request).sessions() as session:
            require_student(session, caller, student_id)

    await run_in_threadpool(check)
    return caller


def require_class(session: Session, caller: Caller, class_id: str) -> ClassRow:
    """The class of that id, where the caller may see it.

    Raises:
        AccessError: a teacher asks for another's class, or for one that is none.
        NotFoundError: there is none.
    """
    try:
        found = rosters.require_class(session, class_id)
    except NotFoundError:
        if caller.is_staff:
            raise
        found = None
    if caller.is_staff and found is not None:
        return found
    if found is None or not rosters.teaches_class(session, caller.teacher_id or _NOBODYS, found.key):
        raise AccessError("a teacher's token reaches own classes alone", authenticated=True)
    return found


def narrowed_to(
    session: Session, caller: Caller, *, practice_id: str | None = None, plan_id: int | None = None
) -> str | None:
    """The student that a request about a sitting or a plan is narrowed to; None where all are in reach.

    For a teacher that is the owner, where a class of the teacher holds it; otherwise nobody, so that what belongs to
    others does not exist.
    """
    if caller.is_staff:
        return None
    if caller.role is Role.STUDENT:
        return caller.student_id
    query = select(StudentRow.student_id)
    if practice_id is not None:
        query = query.join(TestRow, TestRow.student_key == StudentRow.key).where(TestRow.test_id == practice_id)
    else:
        query = query.join(StudyPlanRow, StudyPlanRow.student_key == StudentRow.key).where(
            StudyPlanRow.plan_id == plan_id
        )
    owner = session.scalar(query)
    if owner is None or not reached(session, caller, [owner]):
        return _NOBODYS
    return owner
