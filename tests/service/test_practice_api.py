"""The practice routes: a whole sitting, who may do what, and what is refused."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text
from starlette.testclient import TestClient

from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role
from skillscope.store import writing
from skillscope.store.practice_tables import HelpRequestRow, QuestionRow, UserNoteRow
from skillscope.tutoring.answerer import explanation_request
from skillscope.tutoring.bank import load_demo_tutoring
from skillscope.tutoring.pairs.prompts import Prompt
from skillscope.tutoring.practice import stored_question

V1 = "/api/v1"
Headers = Callable[..., dict[str, str]]
MARKUP = "<script>alert('hi')</script> why?"


@pytest.fixture
def pupil(api: TestClient, runtime: Runtime) -> str:
    """A student with a plan, and a bank."""
    for name in ("s-1", "s-2"):
        api.post(f"{V1}/students", json={"student_id": name})
    with runtime.sessions.begin() as session:
        for table in ("questions", "lessons"):
            session.execute(text(f"DELETE FROM {table}"))
    load_demo_tutoring(runtime.sessions, ["s-1", "s-2"], questions=29)
    return "s-1"


def _key(runtime: Runtime, question_id: str) -> str:
    with runtime.sessions() as session:
        content = session.scalar(select(QuestionRow.content).where(QuestionRow.question_id == question_id))
    assert content is not None
    return str(content["correct_answer"])


def _started(api: TestClient, headers: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
    made = api.post(f"{V1}/practice/start", json={"student_id": "s-1", "count": 1} | body, headers=headers)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def _handed_in(api: TestClient, runtime: Runtime) -> tuple[str, str]:
    begun = _started(api)
    name = begun["questions"][0]["question_id"]
    given = [{"question_id": name, "answer": _key(runtime, name), "time_spent": 12}]
    done = api.post(f"{V1}/practice/submit", json={"practice_id": begun["practice_id"], "responses": given})
    assert done.status_code == 200, done.text
    return begun["practice_id"], name


def test_a_student_practises_from_start_to_rating(
    api: TestClient, runtime: Runtime, pupil: str, token_for: Headers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api.headers.update(token_for(Role.STUDENT, pupil))
    begun = api.post(f"{V1}/practice/start", json={"skills": ["Percentages", "Boundaries"], "count": 2}).json()
    assert [row["skill"] for row in begun["questions"]] == ["percentages", "boundaries"]
    assert all("correct_answer" not in row and "rationale" not in row for row in begun["questions"])
    one, two = (row["question_id"] for row in begun["questions"])
    right = _key(runtime, one)
    wrong = next(o for o in begun["questions"][1]["options"] if o != _key(runtime, two))
    given = [
        {"question_id": one, "answer": right, "time_spent": 31.5},
        {"question_id": two, "answer": wrong, "time_spent": 70},
    ]
    sent = {"practice_id": begun["practice_id"], "responses": given}
    done = api.post(f"{V1}/practice/submit", json=sent).json()
    assert [row["is_correct"] for row in done["feedback"]] == [True, False]
    assert done["proficiencies"]["Percentages"] > 4 > done["proficiencies"]["Boundaries"]
    assert done["answered_by"] == "template"
    assert api.post(f"{V1}/practice/submit", json=sent).status_code == 409
    helped = api.post(f"{V1}/practice/help/{begun['practice_id']}/{two}", json={"user_query": MARKUP})
    assert helped.status_code == 200
    assert "script" not in helped.text
    rated = api.post(f"{V1}/practice/rate-feedback", json={"practice_id": begun["practice_id"], "rating": 4})
    assert rated.json() == {"practice_id": begun["practice_id"], "question_id": None, "rating": 4}
    noted = api.post(f"{V1}/community/note", json={"note_text": f"{MARKUP} circles"})
    assert noted.status_code == 201
    assert "script" not in noted.text
    assert noted.json()["answered_by"] == "lesson"
    with runtime.sessions() as session:
        assert session.scalar(select(HelpRequestRow.user_query)) == MARKUP
        assert session.scalar(select(UserNoteRow.note_text)) == f"{MARKUP} circles"
    assert "script" not in caplog.text


def test_the_plan_adapts_and_says_why(api: TestClient, runtime: Runtime, pupil: str) -> None:
    _handed_in(api, runtime)
    plan = api.get(f"{V1}/study_plan/{pupil}").json()
    body = {"task_index": 0, "action": "completed"}
    done = api.post(f"{V1}/study_plan/action/{plan['plan_id']}", json=body)
    assert done.status_code == 200, done.text
    assert done.json()["task"]["status"] == "completed"
    assert "%" in done.json()["reason"]
    assert api.get(f"{V1}/study_plan/{pupil}").json()["plan"] == done.json()["plan"]
    assert api.post(f"{V1}/study_plan/action/{plan['plan_id']}", json=body).status_code == 409
    burnt = api.post(f"{V1}/study_plan/action/{plan['plan_id']}", json={"task_index": 1, "action": "burnt"})
    assert burnt.status_code == 422
    assert api.post(f"{V1}/study_plan/{pupil}").json()["plan_id"] > plan["plan_id"]


@pytest.mark.parametrize("rating", [0, 6, -1, 3.5, "5", None, True])
def test_anything_but_one_to_five_stars_is_refused(api: TestClient, runtime: Runtime, pupil: str, rating: Any) -> None:
    practice_id, _ = _handed_in(api, runtime)
    answer = api.post(f"{V1}/practice/rate-feedback", json={"practice_id": practice_id, "rating": rating})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_student_reaches_itself_alone(api: TestClient, runtime: Runtime, pupil: str, token_for: Headers) -> None:
    practice_id, name = _handed_in(api, runtime)
    plan_id = api.get(f"{V1}/study_plan/{pupil}").json()["plan_id"]
    asked = api.post(f"{V1}/community/question", json={"student_id": pupil, "text": "how?"}).json()
    other = token_for(Role.STUDENT, "s-2")
    tried = {
        "practice/start": ({"student_id": pupil}, 403),
        "practice/submit": (
            {"practice_id": practice_id, "responses": [{"question_id": name, "answer": "1", "time_spent": 1}]},
            404,
        ),
        f"practice/help/{practice_id}/{name}": ({"user_query": "why?"}, 404),
        "practice/rate-feedback": ({"practice_id": practice_id, "rating": 1}, 404),
        f"study_plan/action/{plan_id}": ({"task_index": 0, "action": "skipped"}, 404),
        "community/note": ({"student_id": pupil, "note_text": "hm"}, 403),
        "community/question": ({"student_id": pupil, "text": "hm"}, 403),
    }
    for path, (body, status) in tried.items():
        assert api.post(f"{V1}/{path}", json=body, headers=other).status_code == status, path
    assert api.get(f"{V1}/study_plan/{pupil}", headers=other).status_code == 403
    assert api.post(f"{V1}/study_plan/{pupil}", headers=other).status_code == 403
    answers = f"{V1}/community/question/{asked['community_question_id']}/answers"
    assert api.post(answers, json={"text": "so"}, headers=other).status_code == 201
    assert api.post(answers, json={"text": "so"}).status_code == 201
    assert api.post(f"{V1}/community/question/999999/answers", json={"text": "so"}).status_code == 404


class _FarAway:
    """An answerer that is waited for; it words what it is told to, and sees whether the store can be written."""

    name = "openai:test"
    remote = True

    def __init__(self, runtime: Runtime, text: str | None) -> None:
        self.runtime, self.text, self.asked = runtime, text, 0

    def write(self, prompt: Prompt, attempt: int) -> str | None:
        self.asked += 1
        with self.runtime.sessions.begin() as session:
            writing(session)
            session.execute(text("UPDATE lessons SET duration = duration"))
        return self.text


def test_a_model_far_away_is_waited_for_outside_of_any_transaction(
    api: TestClient, runtime: Runtime, pupil: str
) -> None:
    practice_id, name = _handed_in(api, runtime)
    with runtime.sessions() as session:
        row = session.get(QuestionRow, name)
        assert row is not None
        good = explanation_request(stored_question(row)).template(99)
    for far, by in ((_FarAway(runtime, good), "openai:test"), (_FarAway(runtime, "It is 7."), "template")):
        runtime.answerers = (far,)
        helped = api.post(f"{V1}/practice/help/{practice_id}/{name}", json={"user_query": f"why {by}?"})
        assert (helped.status_code, helped.json()["answered_by"], far.asked) == (200, by, 1)
        noted = api.post(f"{V1}/community/note", json={"student_id": pupil, "note_text": by, "question_id": name})
        assert (noted.status_code, noted.json()["answered_by"], far.asked) == (201, by, 2)
    runtime.answerers = (_FarAway(runtime, None),)
    _handed_in(api, runtime)
    plan_id = api.get(f"{V1}/study_plan/{pupil}").json()["plan_id"]
    acted = api.post(f"{V1}/study_plan/action/{plan_id}", json={"task_index": 0, "action": "completed"})
    assert acted.json()["answered_by"] == "template"
    with runtime.sessions() as session:
        assert session.scalar(select(func.count()).select_from(HelpRequestRow)) == 2
        assert session.scalar(select(func.count()).select_from(UserNoteRow)) == 2


def test_the_community_is_read_in_pages_and_names_nobody(api: TestClient, pupil: str, token_for: Headers) -> None:
    me, other = token_for(Role.STUDENT, pupil), token_for(Role.STUDENT, "s-2")
    asked = [
        api.post(f"{V1}/community/question", json={"text": f"how {n}?"}, headers=me if n % 2 else other).json()
        for n in range(5)
    ]
    keys = [row["community_question_id"] for row in asked]
    for n, headers in enumerate((me, other, None)):
        path = f"{V1}/community/question/{keys[0]}/answers"
        assert api.post(path, json={"text": MARKUP + str(n)}, headers=headers).status_code == 201
    seen, cursor = [], None
    while True:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        page = api.get(f"{V1}/community/questions{query}", headers=me).json()
        seen += page["questions"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [row["community_question_id"] for row in seen] == keys[::-1]
    assert [(row["text"], row["mine"]) for row in seen] == [(f"how {n}?", n % 2 == 1) for n in (4, 3, 2, 1, 0)]
    assert [row["answers"] for row in seen] == [0, 0, 0, 0, 3]
    thread = api.get(f"{V1}/community/question/{keys[0]}?limit=2", headers=me)
    rest = api.get(f"{V1}/community/question/{keys[0]}?limit=2&cursor={thread.json()['next']}", headers=me).json()
    answers = thread.json()["answers"] + rest["answers"]
    assert [(row["by"], row["mine"]) for row in answers] == [("student", True), ("student", False), ("staff", False)]
    assert [row["text"] for row in answers] == [f"{MARKUP}{n}" for n in range(3)]
    assert thread.headers["content-type"] == "application/json"
    assert "s-1" not in thread.text
    assert "s-2" not in thread.text
    assert rest["next"] is None
    assert api.get(f"{V1}/community/questions?question_id=none", headers=me).status_code == 404
    assert api.get(f"{V1}/community/question/999999", headers=me).status_code == 404
    assert api.get(f"{V1}/community/questions?cursor=!!", headers=me).status_code == 422


def test_what_others_read_in_the_community_holds_no_personal_data(
    api: TestClient, pupil: str, token_for: Headers
) -> None:
    me, other = token_for(Role.STUDENT, pupil), token_for(Role.STUDENT, "s-2")
    written = "My friend Emily says 12. Who helps? Mail me at emily.p@example.org or call 555-867-5309."
    asked = api.post(f"{V1}/community/question", json={"text": written}, headers=other).json()
    path = f"{V1}/community/question/{asked['community_question_id']}"
    assert api.post(f"{path}/answers", json={"text": written}, headers=other).status_code == 201
    for headers in (me, None):  # another student, and staff
        for shown in (api.get(path, headers=headers), api.get(f"{V1}/community/questions", headers=headers)):
            assert "says 12" in shown.text
            for private in ("Emily", "emily", "example.org", "867"):
                assert private not in shown.text
    thread = api.get(path, headers=other).json()
    assert thread["question"]["text"] == thread["answers"][0]["text"] == written


def test_lessons_and_what_is_refused(api: TestClient, pupil: str) -> None:
    assert len(api.get(f"{V1}/lessons").json()["lessons"]) == 29
    assert [row["skill"] for row in api.get(f"{V1}/lessons?skill=Triangles").json()["lessons"]] == [
        "lines-angles-triangles"
    ]
    assert api.get(f"{V1}/lessons?skill=alchemy").status_code == 404
    assert api.post(f"{V1}/practice/start", json={"count": 3}).status_code == 422
    assert api.post(f"{V1}/practice/start", json={"student_id": pupil, "count": 99}).status_code == 422
    assert api.post(f"{V1}/practice/start", json={"student_id": "nobody"}).status_code == 404
    assert api.post(f"{V1}/community/note", json={"student_id": pupil, "note_text": " "}).status_code == 422


def test_without_a_token_there_is_nothing(api: TestClient) -> None:
    del api.headers["Authorization"]
    for path in ("practice/start", "practice/submit", "practice/rate-feedback", "community/note"):
        assert api.post(f"{V1}/{path}", content=b"{").status_code == 401
    assert api.get(f"{V1}/lessons").status_code == 401
