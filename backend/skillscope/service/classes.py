"""Routes of classes: who is taught by whom. A teacher sees own classes; service and admin keep the roster."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from skillscope.assessment.records import StudentId
from skillscope.service.access import (
    SecuredRoute,
    StudentOfPath,
    allow,
    caller_of,
    no_body,
    runtime_of,
    saw,
)
from skillscope.service.replies import Cursor, problem_docs, read_cursor, reply, write_cursor
from skillscope.service.schemas import Class, ClassBody, Classes, ClassStudent, ClassStudents
from skillscope.service.scope import require_class
from skillscope.service.tokens import Role
from skillscope.store import queries, rosters, writing

__all__ = ["router"]

router = APIRouter(route_class=SecuredRoute, tags=["classes"])

_THERE_BEFORE: dict[int | str, dict[str, Any]] = {200: {"model": Class, "description": "It was there before"}}
_ClassOfPath = Annotated[StudentId, Path(description="the school's own id for the class", examples=["c-4b"])]
_TeacherOfPath = Annotated[StudentId, Path(description="the school's own id for the teacher", examples=["t-12"])]
_Limit = Annotated[int, Query(ge=1, le=200)]
_Staff = allow(Role.TEACHER, Role.SERVICE, Role.ADMIN)
_Keepers = allow(Role.SERVICE, Role.ADMIN)
_Kept = problem_docs("not-found", "invalid", "too-large")


@router.get("/classes", response_model=Classes, responses=problem_docs("invalid"), dependencies=[_Staff])
def list_classes(request: Request, limit: _Limit = 50, cursor: Cursor = None) -> Response:
    """Classes: a teacher's own, or all, a page at a time."""
    caller = caller_of(request)
    after = read_cursor(cursor)
    with runtime_of(request).sessions() as session:
        found = rosters.classes(session, teacher_id=caller.teacher_id, limit=limit + 1, after=after)
    shown = [
        Class(class_id=row.class_id, title=row.title, org_id=row.org_id, students=row.students) for row in found[:limit]
    ]
    return reply(Classes(classes=shown, next=write_cursor(found[limit - 1].key) if len(found) > limit else None))


@router.put(
    "/classes/{class_id}",
    status_code=201,
    response_model=Class,
    responses=_THERE_BEFORE | problem_docs("invalid", "too-large", "unsupported-media-type"),
    dependencies=[_Keepers],
)
def put_class(request: Request, class_id: _ClassOfPath, body: ClassBody) -> Response:
    """Make a class, or change its title and school."""
    with runtime_of(request).sessions.begin() as session:
        made = rosters.put_class(writing(session), class_id, title=body.title, org_id=body.org_id)
        key = rosters.require_class(session, class_id).key
        found = rosters.classes(session, limit=1, after=key - 1)[0]
    shown = Class(class_id=class_id, title=found.title, org_id=found.org_id, students=found.students)
    return reply(shown, 201 if made else 200)


@router.delete("/classes/{class_id}", status_code=204, responses=_Kept, dependencies=[_Keepers, Depends(no_body)])
def remove_class(request: Request, class_id: _ClassOfPath) -> Response:
    """Remove a class; its students stay."""
    with runtime_of(request).sessions.begin() as session:
        rosters.remove_class(writing(session), class_id)
    return Response(status_code=204)


@router.get(
    "/classes/{class_id}/students",
    response_model=ClassStudents,
    responses=problem_docs("not-found", "invalid"),
    dependencies=[_Staff],
)
def list_students(request: Request, class_id: _ClassOfPath, limit: _Limit = 50, cursor: Cursor = None) -> Response:
    """Students of a class, a page at a time."""
    after = read_cursor(cursor)
    with runtime_of(request).sessions() as session:
        taught = require_class(session, caller_of(request), class_id)
        found = rosters.class_students(session, taught.key, limit=limit + 1, after=after)
    saw(request, [row.student_id for row in found[:limit]])
    shown = [ClassStudent(student_id=row.student_id, grade=row.grade) for row in found[:limit]]
    more = write_cursor(found[limit - 1].key) if len(found) > limit else None
    return reply(ClassStudents(students=shown, next=more))


@router.put(
    "/classes/{class_id}/students/{student_id}",
    status_code=204,
    responses=_Kept,
    dependencies=[_Keepers, Depends(no_body)],
)
def enrol_student(request: Request, class_id: _ClassOfPath, student_id: StudentOfPath) -> Response:
    """Put a registered student into a class; again, it changes nothing."""
    with runtime_of(request).sessions.begin() as session:
        taught = rosters.require_class(writing(session), class_id)
        rosters.enrol(session, taught.key, student_keys=[queries.require_student_key(session, student_id)])
    return Response(status_code=204)


@router.delete(
    "/classes/{class_id}/students/{student_id}",
    status_code=204,
    responses=_Kept,
    dependencies=[_Keepers, Depends(no_body)],
)
def withdraw_student(request: Request, class_id: _ClassOfPath, student_id: StudentOfPath) -> Response:
    """Take a student out of a class; one who is not in it stays out."""
    with runtime_of(request).sessions.begin() as session:
        taught = rosters.require_class(writing(session), class_id)
        rosters.withdraw(session, taught.key, student_keys=[queries.require_student_key(session, student_id)])
    return Response(status_code=204)


@router.put(
    "/classes/{class_id}/teachers/{teacher_id}",
    status_code=204,
    responses=_Kept,
    dependencies=[_Keepers, Depends(no_body)],
)
def enrol_teacher(request: Request, class_id: _ClassOfPath, teacher_id: _TeacherOfPath) -> Response:
    """Let a teacher teach a class, and so see its students; again, it changes nothing."""
    with runtime_of(request).sessions.begin() as session:
        taught = rosters.require_class(writing(session), class_id)
        rosters.enrol(session, taught.key, teacher_keys=[rosters.put_teacher(session, teacher_id)])
    return Response(status_code=204)


@router.delete(
    "/classes/{class_id}/teachers/{teacher_id}",
    status_code=204,
    responses=_Kept,
    dependencies=[_Keepers, Depends(no_body)],
)
def withdraw_teacher(request: Request, class_id: _ClassOfPath, teacher_id: _TeacherOfPath) -> Response:
    """Let a teacher teach a class no longer; one who does not stays out."""
    with runtime_of(request).sessions.begin() as session:
        taught = rosters.require_class(writing(session), class_id)
        known = rosters.find_teacher(session, teacher_id)
        rosters.withdraw(session, taught.key, teacher_keys=[] if known is None else [known])
    return Response(status_code=204)
