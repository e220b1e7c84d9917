"""Routes of a student's rights: to see everything that is held, and to be forgotten; with receipts."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import jwt
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from skillscope.assessment.erasure import checkpoint, erase_student
from skillscope.assessment.export import export_student
from skillscope.assessment.names import names_cipher
from skillscope.errors import InputError
from skillscope.service.access import (
    SecuredRoute,
    StudentOfPath,
    allow,
    caller_of,
    no_body,
    note_access,
    runtime_of,
)
from skillscope.service.replies import problem_docs, reply
from skillscope.service.revocation import mark_erased
from skillscope.service.scope import own_student
from skillscope.service.secrets import Keyring, load_keyring
from skillscope.service.tokens import Role
from skillscope.settings import Settings
from skillscope.store import queries, records, writing
from skillscope.store.record_tables import AccessRow, DisclosureRow

__all__ = ["Erased", "Seen", "erase_with_receipt", "export_of", "read_receipt", "router"]

router = APIRouter(route_class=SecuredRoute, tags=["privacy"])

_ALGORITHM: Final = "HS256"
_KIND: Final = "skillscope-erasure"
_PAGE: Final = 1000
_ZIP: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A zip with JSON and CSV of everything that is held",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Erased(BaseModel):
    """Rows by table that went, or would go; and the signed receipt, which names nobody."""

    dry_run: bool
    counts: dict[str, int] = Field(examples=[{"assessments": 3, "responses": 12, "students": 1}])
    receipt: str | None = Field(description="a signed JWT with the counts and the time; `skillscope privacy receipt`")


class Access(BaseModel):
    """Somebody saw the student."""

    at: datetime
    role: str
    caller: str = Field(description="a teacher's or student's id, or the id of a token")
    route: str = Field(examples=["GET /api/v1/students/{student_id}"])


class Disclosure(BaseModel):
    """Something left for somebody."""

    at: datetime
    recipient: str
    what: str


class Seen(BaseModel):
    """Who saw a student, and what left for whom, newest first: the last 1,000 of each; the export holds all."""

    accesses: list[Access]
    disclosures: list[Disclosure]


def export_of(session: Session, settings: Settings, student_id: str, *, recipient: str) -> bytes:
    """Everything that is held of a student as a zip; that it left, and for whom, is noted.

    Raises:
        NotFoundError: there is no such student.
        ConfigurationError: the name is encrypted with a key that is not given.
    """
    writing(session)
    packed = export_student(session, student_id, cipher=names_cipher(settings))
    key = queries.require_student_key(session, student_id)
    records.add_disclosure(session, [key], recipient=recipient, what="everything (export)")
    return packed


def erase_with_receipt(
    sessions: sessionmaker[Session], settings: Settings, student_id: str, *, dry_run: bool
) -> Erased:
    """Erase a student everywhere and give a receipt; the student's tokens count no more. `dry_run`: count only.

    Raises:
        NotFoundError: there is no such student.
        ConflictError: pairs are being written; nothing was changed.
    """
    keyring = load_keyring(settings)
    folders = [settings.data_dir]
    with sessions.begin() as session:
        counts = erase_student(session, student_id, folders, dry_run=dry_run, data_dir=settings.data_dir)
        if dry_run:
            return Erased(dry_run=True, counts=counts, receipt=None)
        now = datetime.now(UTC)
        mark_erased(session, student_id, keyring, at=now)
        number = str(uuid.uuid4())
        claims = {"iss": _KIND, "jti": number, "iat": now, "erased": counts}
        receipt = jwt.encode(claims, keyring.signing, algorithm=_ALGORITHM, headers={"kid": keyring.kid})
        records.add_erasure(session, number, receipt, at=now)
    with sessions() as session:
        checkpoint(session)
    return Erased(dry_run=False, counts=counts, receipt=receipt)


def read_receipt(receipt: str, keyring: Keyring) -> dict[str, Any]:
    """What a receipt says: `jti`, `iat` and the counts under `erased`.

    Raises:
        InputError: it is no receipt of ours, or was changed.
    """
    for secret in keyring.secrets:
        try:
            claims: dict[str, Any] = jwt.decode(
                receipt, secret, algorithms=[_ALGORITHM], issuer=_KIND, leeway=timedelta(seconds=5)
            )
        except jwt.InvalidTokenError:
            continue
        return claims
    raise InputError("this is no receipt of this service, or it was changed", field="receipt")


@router.get(
    "/students/{student_id}/export",
    response_class=Response,
    responses=_ZIP | problem_docs("not-found", "invalid"),
    dependencies=[allow(Role.STUDENT, Role.SERVICE, Role.ADMIN), Depends(own_student)],
)
def export(request: Request, student_id: StudentOfPath) -> Response:
    """Everything that is held of a student. That it was given, and to whom, is noted."""
    runtime = runtime_of(request)
    caller = caller_of(request)
    with runtime.sessions.begin() as session:
        packed = export_of(session, runtime.settings, student_id, recipient=f"{caller.role}:{caller.name}")
        note_access(session, request, [queries.require_student_key(session, student_id)])
    headers = {"Content-Disposition": 'attachment; filename="skillscope-export.zip"'}
    return Response(packed, 200, headers, media_type="application/zip")


@router.get(
    "/students/{student_id}/accesses",
    response_model=Seen,
    responses=problem_docs("not-found", "invalid"),
    dependencies=[allow(Role.STUDENT, Role.ADMIN), Depends(own_student)],
)
def accesses(request: Request, student_id: StudentOfPath) -> Response:
    """Who saw a student, and what left for whom."""
    with runtime_of(request).sessions() as session:
        key = queries.require_student_key(session, student_id)
        seen = session.scalars(
            select(AccessRow).where(AccessRow.student_key == key).order_by(AccessRow.key.desc()).limit(_PAGE)
        )
        left = session.scalars(
            select(DisclosureRow)
            .where(DisclosureRow.student_key == key)
            .order_by(DisclosureRow.key.desc())
            .limit(_PAGE)
        )
        shown = Seen(
            accesses=[Access(at=row.at, role=row.role, caller=row.caller, route=row.route) for row in seen],
            disclosures=[Disclosure(at=row.at, recipient=row.recipient, what=row.what) for row in left],
        )
    return reply(shown)


@router.delete(
    "/students/{student_id}",
    response_model=Erased,
    responses=problem_docs("not-found", "invalid", "conflict", "too-large"),
    dependencies=[allow(Role.ADMIN), Depends(no_body)],
)
def erase(
    request: Request,
    student_id: StudentOfPath,
    dry_run: Annotated[bool, Query(description="count what would go, and change nothing")] = False,
) -> Response:
    """Erase a student everywhere: rows, features, assessments, practice, exported pairs, stored answers, logs."""
    runtime = runtime_of(request)
    return reply(erase_with_receipt(runtime.sessions, runtime.settings, student_id, dry_run=dry_run))
