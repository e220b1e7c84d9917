"""Idempotency-Key on POST: the same key and body gives the stored answer, on whichever worker it arrives."""

import hashlib
import json
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import Request, Response
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool

from skillscope.service.problems import ProblemError
from skillscope.service.tokens import Caller
from skillscope.store import queries, writing
from skillscope.store.record_tables import IdempotencyRow
from skillscope.store.tables import StudentRow

__all__ = ["HEADER", "KEPT", "derived_id", "forget_expired", "keyed"]

HEADER: Final = "Idempotency-Key"
KEPT: Final = timedelta(hours=24)
"""How long an answer is kept."""

IN_FLIGHT: Final = timedelta(seconds=150)
"""After this a request that never ended (its worker was killed) may be sent again. One that takes longer is not hurt:
what is sent again finds stored what the first has stored, and the answer of whoever holds the key is kept."""

_FORM: Final = re.compile(r"[\x21-\x7e]{1,255}")
_HEADERS: Final = ("location", "content-type", "x-experience-api-version")


@dataclass(frozen=True, slots=True)
class _Stored:
    status: int
    headers: dict[str, str]
    body: bytes


def _digests(request: Request, caller: Caller, key: str, body: bytes) -> tuple[str, str]:
    name = hashlib.sha256(f"{caller.token_id}\0{key}".encode()).hexdigest()
    address = f"{request.url.path}?{request.url.query}\0{request.headers.get('content-type', '')}\0"
    return name, hashlib.sha256(address.encode() + body).hexdigest()


def derived_id(request: Request, number: int) -> str | None:
    """An id for the n-th nameless record of a keyed request, the same when it is sent again; None without a key."""
    name = getattr(request.state, "key_digest", None)
    return None if name is None else str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}:{number}"))


def _claim(session: Session, name: str, body: str, holder: str) -> _Stored | None:
    """Take the key, or give what it was answered with.

    Raises:
        ProblemError: it was sent with another body, or its request is not answered yet.
    """
    now = datetime.now(UTC)
    forget_expired(session, now=now)
    row = {
        "key_digest": name,
        "body_digest": body,
        "holder": holder,
        "started_at": now,
        "expires_at": now + IN_FLIGHT,
    }
    if queries.insert_new(session, IdempotencyRow, [row]):
        return None
    found = session.scalars(select(IdempotencyRow).where(IdempotencyRow.key_digest == name)).one()
    if found.body_digest != body:
        raise ProblemError(
            "key-reused", "this Idempotency-Key came with another request; a new request has a new key", field=HEADER
        )
    if found.status is None:
        raise ProblemError(
            "in-flight", "the request with this Idempotency-Key is not answered yet", headers={"Retry-After": "1"}
        )
    return _Stored(found.status, json.loads(found.headers or "{}"), found.body or b"")


def _release(session: Session, name: str, holder: str) -> None:
    session.execute(
        delete(IdempotencyRow).where(
            IdempotencyRow.key_digest == name, IdempotencyRow.holder == holder, IdempotencyRow.status.is_(None)
        )
    )


def _keep(session: Session, name: str, holder: str, response: Response, student_id: str | None) -> None:
    kept = {header: response.headers[header] for header in _HEADERS if header in response.headers}
    student = select(StudentRow.key).where(StudentRow.student_id == student_id).scalar_subquery()
    session.execute(
        update(IdempotencyRow)
        .where(IdempotencyRow.key_digest == name, IdempotencyRow.holder == holder)
        .values(
            status=response.status_code,
            headers=json.dumps(kept),
            body=bytes(response.body),
            expires_at=datetime.now(UTC) + KEPT,
            student_key=student if student_id is not None else None,
        )
    )


async def keyed(
    sessions: sessionmaker[Session],
    request: Request,
    caller: Caller,
    handle: Callable[[Request], Awaitable[Response]],
) -> Response:
    """Answer a request that may come again. Only successes are kept: a refused request may be sent again, corrected.

    Raises:
        ProblemError: the key has another form, came with another body, or its request is not answered yet.
    """
    key = request.headers[HEADER]
    if not _FORM.fullmatch(key):
        raise ProblemError("invalid", f"{HEADER}: 1 to 255 printable ASCII characters without blanks", field=HEADER)
    name, body = _digests(request, caller, key, await request.body())
    holder = str(uuid.uuid4())

    def in_store(work: Callable[[Session], _Stored | None]) -> _Stored | None:
        with sessions.begin() as session:
            return work(writing(session))

    stored = await run_in_threadpool(in_store, lambda session: _claim(session, name, body, holder))
    if stored is not None:
        return Response(stored.body, stored.status, {**stored.headers, "Idempotent-Replayed": "true"})
    request.state.key_digest = name
    try:
        response = await handle(request)
    except Exception:
        await run_in_threadpool(in_store, lambda session: _release(session, name, holder))
        raise
    student_id = request.path_params.get("student_id")
    await run_in_threadpool(in_store, lambda session: _keep(session, name, holder, response, student_id))
    return response


def forget_expired(session: Session, *, now: datetime | None = None) -> int:
    """Delete the answers that are kept no longer; how many there were."""
    statement = delete(IdempotencyRow).where(IdempotencyRow.expires_at < (now or datetime.now(UTC)))
    return len(session.execute(statement.returning(IdempotencyRow.key_digest)).all())
