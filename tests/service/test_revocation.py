"""Tokens that count no more: of an erased student, at once and on every worker."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from served_parts import TEXT, bearer, problem
from skillscope.modeling.bundle import Bundle
from skillscope.service.app import create_app
from skillscope.service.revocation import counts_no_more, mark_erased, revoke
from skillscope.service.runtime import Runtime
from skillscope.service.secrets import Keyring
from skillscope.service.tokens import MAX_TTL, Caller, Role
from skillscope.store import writing
from skillscope.store.tables import RevokedTokenRow

V1 = "/api/v1"
AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
OLD, NEW = "old-secret-" + "a" * 32, "new-secret-" + "b" * 32


def caller(student: str, issued: datetime) -> Caller:
    return Caller(Role.STUDENT, student, f"token of {student}", issued, issued + MAX_TTL)


def test_an_erased_students_tokens_are_refused_at_once_on_every_worker(
    api: TestClient, runtime: Runtime, bundle: Bundle, known: str
) -> None:
    theirs = bearer(runtime.settings, Role.STUDENT, known)
    others = bearer(runtime.settings, Role.STUDENT, "s-2")
    api.post(f"{V1}/students", json={"student_id": "s-2"})
    with TestClient(create_app(Runtime(runtime.settings, lambda _: bundle))) as another_worker:
        for worker in (api, another_worker):
            assert worker.get(f"{V1}/students/{known}", headers=theirs).status_code == 200
        assert api.delete(f"{V1}/students/{known}").status_code == 200
        for worker in (api, another_worker):
            problem(worker.get(f"{V1}/students/{known}", headers=theirs), "unauthenticated")
            answers = {"responses": [{"text": TEXT}]}
            problem(worker.post(f"{V1}/students/{known}/responses", json=answers, headers=theirs), "unauthenticated")
            assert worker.get(f"{V1}/students/s-2", headers=others).status_code == 200
        assert api.post(f"{V1}/students", json={"student_id": known}).status_code == 201
        for worker in (api, another_worker):  # who comes after, under the same id, is somebody else
            problem(worker.get(f"{V1}/students/{known}", headers=theirs), "unauthenticated")


def test_a_dry_run_leaves_tokens_as_they_are(api: TestClient, runtime: Runtime, known: str) -> None:
    theirs = bearer(runtime.settings, Role.STUDENT, known)
    assert api.delete(f"{V1}/students/{known}?dry_run=true").status_code == 200
    assert api.get(f"{V1}/students/{known}", headers=theirs).status_code == 200


def test_a_students_revoked_token_is_refused_at_once(api: TestClient, runtime: Runtime, known: str) -> None:
    theirs = bearer(runtime.settings, Role.STUDENT, known)
    assert api.get(f"{V1}/students/{known}", headers=theirs).status_code == 200
    revoke(runtime.settings, theirs["Authorization"].removeprefix("Bearer "))
    problem(api.get(f"{V1}/students/{known}", headers=theirs), "unauthenticated")


@pytest.mark.parametrize(
    ("student", "issued", "refused"),
    [
        ("s-1", -timedelta(days=300), True),
        ("s-1", timedelta(0), True),
        ("s-1", timedelta(seconds=1), False),
        ("s-2", -timedelta(days=1), False),
    ],
)
def test_tokens_made_until_the_erasure_count_no_more(
    runtime: Runtime, student: str, issued: timedelta, refused: bool
) -> None:
    with runtime.sessions.begin() as session:
        mark_erased(writing(session), "s-1", Keyring((NEW, OLD)), at=AT)
        assert counts_no_more(session, caller(student, AT + issued), Keyring((NEW, OLD))) is refused


def test_an_erasure_is_known_as_long_as_its_secret_counts(runtime: Runtime) -> None:
    with runtime.sessions.begin() as session:
        mark_erased(writing(session), "s-1", Keyring((OLD,)), at=AT)
        before = caller("s-1", AT - timedelta(days=1))
        assert counts_no_more(session, before, Keyring((NEW, OLD)))
        assert not counts_no_more(session, before, Keyring((NEW,)))  # as is the token's own signature by then


def test_a_student_erased_twice_is_erased_until_the_second_time(runtime: Runtime) -> None:
    keyring = Keyring((NEW,))
    with runtime.sessions.begin() as session:
        mark_erased(writing(session), "s-1", keyring, at=AT)
        mark_erased(session, "s-1", keyring, at=AT + timedelta(days=9))
        assert counts_no_more(session, caller("s-1", AT + timedelta(days=8)), keyring)
        assert not counts_no_more(session, caller("s-1", AT + timedelta(days=10)), keyring)


def test_what_is_kept_of_an_erased_student_names_nobody(runtime: Runtime) -> None:
    with runtime.sessions.begin() as session:
        mark_erased(writing(session), "private-child-77", Keyring((NEW,)), at=AT)
    with runtime.sessions() as session:
        (row,) = session.scalars(select(RevokedTokenRow)).all()
        assert "private" not in row.token_id
        assert row.token_id.startswith("erased-")
        assert row.expires_at == AT + MAX_TTL
