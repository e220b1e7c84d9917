"""A student's rights: to see all that is held, to be forgotten everywhere, and to know who looked."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from served_parts import TEXT, bearer, problem
from skillscope.assessment import erasure
from skillscope.assessment.erasure import purge
from skillscope.assessment.export import student_tables
from skillscope.assessment.names import keep_names
from skillscope.errors import AccessError, InputError
from skillscope.service.privacy import read_receipt
from skillscope.service.runtime import Runtime
from skillscope.service.secrets import Keyring, load_keyring
from skillscope.service.tokens import Role, read_token
from skillscope.store import rosters, writing
from skillscope.store.record_tables import AccessRow, ErasureRow, IdempotencyRow
from skillscope.store.tables import StudentRow
from skillscope.tutoring.bank import load_demo_tutoring
from skillscope.tutoring.pseudonyms import Pseudonyms

V1 = "/api/v1"
CHILD = "private-child-77"
NAME = "Zebulon Quist"
SAID = "The heron flew off and I felt sorry for my sister so I gave her mine."
Headers = Callable[..., dict[str, str]]


def live(api: TestClient, runtime: Runtime, student: str = CHILD) -> None:
    """A student who leaves something in every table."""
    pair = {"student_id": student}
    api.post(f"{V1}/students", json=pair | {"grade": 5})
    with runtime.sessions.begin() as session:
        key = writing(session).scalars(select(StudentRow.key).where(StudentRow.student_id == student)).one()
        keep_names(session, {key: NAME}, None)
    load_demo_tutoring(runtime.sessions, [student], questions=29)
    api.put(f"{V1}/classes/c-1", json={})
    api.put(f"{V1}/classes/c-1/students/{student}")
    api.put(f"{V1}/classes/c-1/teachers/t-1")
    statement = {
        "actor": {"account": {"homePage": "https://x.example", "name": student}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://x.example/bridge"},
        "timestamp": "2026-03-01T09:30:00Z",
    }
    now = {"at": datetime.now(UTC).isoformat()}
    responses = {"responses": [{"text": SAID, "source": "human:=1+1", **now}]}
    event = {"event_id": "e-1", "session_id": "g-1", "type": "help_given", **now}
    sent = [
        ("responses", responses, {"Idempotency-Key": "k-1"}),
        ("events", {"events": [event]}, {}),
    ]
    for what, body, headers in sent:
        assert api.post(f"{V1}/students/{student}/{what}", json=body, headers=headers).status_code == 201
    xapi = {"X-Experience-API-Version": "1.0.3"}
    assert api.post(f"{V1}/xapi/statements", json=statement, headers=xapi).status_code == 200
    assert (
        api.post(f"{V1}/inference/student/{student}?evidence=true", headers={"Idempotency-Key": "k-2"}).status_code
        == 200
    )
    many = {"student_ids": [student]}
    assert api.post(f"{V1}/inference/batch", json=many, headers={"Idempotency-Key": "k-3"}).status_code == 200
    begun = api.post(f"{V1}/practice/start", json=pair | {"count": 1}).json()
    practice, question = begun["practice_id"], begun["questions"][0]["question_id"]
    given = [{"question_id": question, "answer": "1", "time_spent": 4}]
    plan = api.get(f"{V1}/study_plan/{student}").json()["plan_id"]
    for path, body in (
        ("practice/submit", {"practice_id": practice, "responses": given}),
        (f"practice/help/{practice}/{question}", {"user_query": SAID}),
        ("practice/rate-feedback", {"practice_id": practice, "rating": 4}),
        (f"study_plan/action/{plan}", {"task_index": 0, "action": "completed"}),
        ("community/note", pair | {"note_text": SAID}),
    ):
        answer = api.post(f"{V1}/{path}", json=body)
        assert answer.status_code < 300, answer.text
    asked = api.post(f"{V1}/community/question", json=pair | {"text": SAID}).json()["community_question_id"]
    own = bearer(runtime.settings, Role.STUDENT, student)
    answered = api.post(f"{V1}/community/question/{asked}/answers", json={"text": SAID}, headers=own)
    assert answered.status_code == 201
    assert api.get(f"{V1}/students/{student}/export").status_code == 200


def held(runtime: Runtime) -> dict[str, int]:
    """Rows by table of those that belong to students."""
    with runtime.sessions() as session:
        return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in student_tables()}


def test_the_export_holds_everything_and_says_that_it_left(api: TestClient, runtime: Runtime) -> None:
    live(api, runtime)
    answer = api.get(f"{V1}/students/{CHILD}/export")
    assert answer.headers["content-type"] == "application/zip"
    assert CHILD not in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        read = {name: archive.read(name).decode() for name in archive.namelist()}
    about = json.loads(read["student.json"])
    assert (about["student_id"], about["name"], about["grade"]) == (CHILD, NAME, 5)
    tables = {table.name for table in student_tables()} - {"idempotency_keys", "student_names"}
    assert {name for name in read if name.endswith(".csv")} == {f"{table}.csv" for table in tables}
    counts = held(runtime)
    for table in tables:
        rows = json.loads(read[f"{table}.json"])
        assert len(rows) == len(list(csv.DictReader(io.StringIO(read[f"{table}.csv"])))), table
        if table not in {"access_log", "disclosures"}:
            assert len(rows) == counts[table], table
        assert len(rows) > 0, table
    (response,) = json.loads(read["responses.json"])
    assert (response["text"], response["source"]) == (SAID, "human:=1+1")
    measured = json.loads(read["response_features.json"])[0]["values"]
    assert measured["word_count"] == 16
    assert json.loads(read["assessments.json"])[0]["features"]["event_count"] == 1
    assert {row["what"] for row in json.loads(read["disclosures.json"])} == {"everything (export)"}
    problem(api.get(f"{V1}/students/nobody/export"), "not-found")


def test_a_text_that_a_spreadsheet_would_run_is_marked(api: TestClient, known: str) -> None:
    text = '=HYPERLINK("http://x.example", "so much fun we had")'
    api.post(f"{V1}/students/{known}/responses", json={"responses": [{"text": text, "response_id": "r"}]})
    with zipfile.ZipFile(io.BytesIO(api.get(f"{V1}/students/{known}/export").content)) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("responses.csv").decode())))
        exact = json.loads(archive.read("responses.json"))
    assert rows[1]["text"] == f"'{text}"
    assert exact[1]["text"] == text


def test_a_student_is_erased_everywhere_with_a_receipt_that_names_nobody(api: TestClient, runtime: Runtime) -> None:
    live(api, runtime)
    folder = runtime.settings.data_dir
    names = Pseudonyms.open(folder)
    pairs = folder / "pairs.jsonl"
    kept = json.dumps({"output": "other", "students": ["someone-else"]}) + "\n"
    pairs.write_text(json.dumps({"output": SAID, "students": [names.of(CHILD)]}) + "\n" + kept, encoding="utf-8")
    before = held(runtime)
    path = f"{V1}/students/{CHILD}"
    counted = api.delete(path, params={"dry_run": "true"}).json()
    assert (counted["dry_run"], counted["receipt"]) == (True, None)
    assert held(runtime) == before
    assert pairs.read_text(encoding="utf-8").count("\n") == 2
    done = api.delete(path).json()
    assert done["counts"] == counted["counts"]
    assert done["counts"] | {"access_log": 0} == {**before, "students": 1, "exported_pairs": 1, "access_log": 0}
    assert set(held(runtime).values()) == {0}
    assert pairs.read_text(encoding="utf-8") == kept
    problem(api.get(path), "not-found")
    problem(api.delete(path), "not-found")
    receipt = done["receipt"]
    told = read_receipt(receipt, load_keyring(runtime.settings))
    assert told["erased"] == done["counts"]
    assert CHILD not in str(told)
    with runtime.sessions() as session:
        assert session.scalars(select(ErasureRow.receipt)).all()[-1] == receipt
    for other in (receipt[:-3] + "abc", "x.y.z", jwt.encode({"iss": "skillscope-erasure"}, "s" * 40, "HS256")):
        with pytest.raises(InputError):
            read_receipt(other, load_keyring(runtime.settings))
    with pytest.raises(AccessError):
        read_token(receipt, Keyring((load_keyring(runtime.settings).signing,)))
    database = runtime.sessions.kw["bind"].url
    if database.get_backend_name() == "sqlite":
        for file in Path(database.database).parent.glob("*.db*"):
            left = file.read_bytes()
            assert CHILD.encode() not in left, file.name
            assert SAID.encode() not in left, file.name
            assert NAME.encode() not in left, file.name


def test_who_saw_a_student_is_told(api: TestClient, runtime: Runtime, known: str, token_for: Headers) -> None:
    for path, body in (("c-1", {}), ("c-1/students/s-1", None), ("c-1/teachers/t-1", None)):
        assert api.put(f"{V1}/classes/{path}", json=body).status_code < 300
    teacher = token_for(Role.TEACHER, "t-1")
    assert api.get(f"{V1}/students/{known}", headers=teacher).status_code == 200
    assert api.post(f"/inference/student/{known}", headers=teacher).status_code == 200
    assert api.post("/inference/batch", json={"student_ids": [known, known]}, headers=teacher).status_code == 200
    assert api.get(f"{V1}/classes/c-1/students", headers=teacher).status_code == 200
    assert api.get(f"{V1}/students/{known}", headers=token_for(Role.TEACHER, "t-2")).status_code == 403
    api.post(f"{V1}/students/{known}/responses", json={"responses": [{"text": TEXT}]}, headers=teacher)  # shows nothing
    seen = api.get(f"{V1}/students/{known}/accesses", headers=token_for(Role.STUDENT, known)).json()
    assert [(row["role"], row["caller"], row["route"]) for row in seen["accesses"]] == [
        ("teacher", "t-1", "GET /classes/{class_id}/students"),
        ("teacher", "t-1", "POST /inference/batch"),
        ("teacher", "t-1", "POST /inference/student/{student_id}"),
        ("teacher", "t-1", "GET /students/{student_id}"),
    ]
    with runtime.sessions() as session:
        assert session.scalar(select(func.count()).select_from(AccessRow)) == 5  # and the look at the log itself


def test_what_is_old_is_purged_and_the_rest_stays(api: TestClient, runtime: Runtime) -> None:
    live(api, runtime)
    api.post(f"{V1}/students", json={"student_id": "empty"})
    days = timedelta(days=400)
    assert sum(purge(runtime.sessions, days).values()) == 0
    before = held(runtime)
    later = datetime.now(UTC) + days + timedelta(minutes=1)
    counted = purge(runtime.sessions, days, dry_run=True, now=later)
    assert held(runtime) == before
    assert purge(runtime.sessions, days, now=later) == counted
    left = {table: rows for table, rows in held(runtime).items() if rows}
    assert left == {"class_students": 1, "student_names": 1}  # who sits in a class stays
    assert counted["students"] == 1
    assert counted["responses"] == 1
    with runtime.sessions.begin() as session:
        rosters.remove_class(writing(session), "c-1")
    assert purge(runtime.sessions, days, now=later)["students"] == 1
    assert set(held(runtime).values()) == {0}


def test_a_session_of_play_is_purged_as_a_whole(api: TestClient, runtime: Runtime, known: str) -> None:
    now = datetime.now(UTC)

    def event(name: str, session: str, days: int) -> dict[str, Any]:
        at = (now - timedelta(days=days)).isoformat()
        return {"event_id": name, "session_id": session, "type": "other", "at": at}

    events = [event("e1", "old", 50), event("e2", "old", 45), event("e3", "long", 50), event("e4", "long", 10)]
    api.post(f"{V1}/students/{known}/events", json={"events": events})
    counts = purge(runtime.sessions, timedelta(days=40), now=now)
    assert (counts["events"], counts["session_features"]) == (2, 1)
    assert api.get(f"{V1}/students/{known}").json()["events"] == 2


def test_every_table_of_students_has_its_time() -> None:
    known = {"events", *erasure._MOMENTS, *erasure._WITH_OTHERS}
    assert {table.name for table in student_tables()} == known


def test_stored_answers_go_with_the_student(api: TestClient, runtime: Runtime) -> None:
    live(api, runtime)
    api.delete(f"{V1}/students/{CHILD}")
    with runtime.sessions() as session:
        assert session.scalar(select(func.count()).select_from(IdempotencyRow)) == 0
