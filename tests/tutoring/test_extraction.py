"""Pairs from a database made as the seed documents describe it, on SQLite and PostgreSQL, and from our own store."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from skillscope.errors import ConfigurationError, InputError, SchemaError
from skillscope.store import make_engine, open_store
from skillscope.store.tables import StudentRow
from skillscope.tutoring.asking import ask_for_help, rate_feedback
from skillscope.tutoring.bank import load_demo_tutoring
from skillscope.tutoring.extraction import count_pairs, extract_pairs
from skillscope.tutoring.extraction.extract import rejected_path
from skillscope.tutoring.extraction.quality import clean, even_tone, on_topic
from skillscope.tutoring.grading import PracticeAnswer, submit_practice
from skillscope.tutoring.practice import start_practice
from skillscope.tutoring.pseudonyms import Pseudonyms
from skillscope.tutoring.studying import act_on_plan, add_note, find_plan
from skillscope.tutoring.verify import verify_feedback, verify_plan
from small_parts import empty_schema

SINCE = datetime(2024, 1, 1, tzinfo=UTC)
NAMES = Pseudonyms(b"0123456789abcdef" * 2)
COLUMNS = {
    "users": "user_id",
    "questions": "question_id test domain skill content",
    "responses": "user_id question_id test_id answer is_correct time_spent timestamp",
    "results": "test_id proficiencies",
    "lessons": "lesson_id section domain skill content duration",
    "study_plans": "plan_id user_id plan",
    "feedback_ratings": "id user_id feedback_text rating performance_data timestamp",
    "help_requests": "id user_id question_id user_query ai_response timestamp",
    "study_plan_actions": "id user_id plan_id task action performance_update timestamp",
    "user_notes": "id user_id question_id note_text ai_response timestamp",
}
KINDS = {
    **dict.fromkeys(("id", "plan_id", "rating", "time_spent", "duration"), "INTEGER"),
    **dict.fromkeys(("content", "proficiencies", "plan", "performance_data", "task", "performance_update"), "JSON"),
    "is_correct": "BOOLEAN",
    "timestamp": "TIMESTAMP",
}
AT, OLD = "2025-03-01 10:00:00", "2023-03-01 10:00:00"
LINEAR = {"text": "Solve for x: 2x + 3 = 7", "options": ["1", "2", "3", "4"], "correct_answer": "2"}
TRIANGLES = {"Math": {"Geometry": {"Triangles": {"correct": 2, "total": 5}}}}
ROWS: dict[str, list[tuple[Any, ...]]] = {
    "users": [("u1",), ("u2",)],
    "questions": [
        ("q1", "Math", "Algebra", "Linear Functions", LINEAR | {"rationale": "Subtract 3: 2x = 4. THEN divide by 2!!"}),
        (
            "q2",
            "Math",
            "Geometry",
            "Triangles",
            {"text": "Two angles are 60 and 60. The third?", "correct_answer": "60"},
        ),
        ("q3", "Art", "Painting", "Colour", {"text": "Which is warm?", "correct_answer": "red"}),
        ("q4", "Math", "Algebra", "Linear Functions", {"options": []}),
    ],
    "responses": [
        ("u1", "q1", "t1", "2", True, 40, "2025-03-01 10:00:00"),
        ("u1", "q1", "t2", "2", True, 50, "2025-03-01 10:01:00"),
        ("u1", "q1", "t3", "1", False, 60, "2025-03-01 10:02:00"),
        ("u1", "q1", "t4", "1", False, 60, OLD),
        ("u2", "q2", "t5", "50", False, 90, AT),
        ("u2", "q3", "t5", "red", True, 9, "2025-03-01 10:03:00"),
    ],
    "results": [("t1", {"Algebra": {"Linear Functions": 4}}), ("t3", {"Algebra": {"Linear Functions": 5}})],
    "lessons": [("l1", "Math", "Algebra", "Linear Functions", {"text": "y = mx + b. m is slope. b is start."}, 5)],
    "study_plans": [(1, "u1", {"skill_building": [{"day": 1, "type": "practice", "skill": "Triangles"}]})],
    "feedback_ratings": [
        (1, "u1", "Great job on Algebra!", 4, {"Math": {"Algebra": {"correct": 7, "total": 10}}}, AT),
        (2, "u1", "Meh.", 1, {"question_id": "q1", "is_correct": False}, AT),
        (3, "u1", "Fine.", 3, {"question_id": "q1"}, AT),
    ],
    "help_requests": [
        (1, "u1", "q1", "Why is x = 2? mail me at kid@school.org or 555-123-4567", "Subtract 3, then halve it.", AT),
        (2, "u1", "q1", "what's for lunch", "Pizza.", AT),
        (3, "u1", "q1", "Why is x = 2?", "Old words.", OLD),
    ],
    "study_plan_actions": [
        (1, "u1", 1, {"day": 1, "type": "practice", "skill": "Circles"}, "skipped", TRIANGLES, AT),
        (2, "u1", 1, {"day": 1, "type": "practice", "skill": "Circles"}, "skipped", None, AT),
    ],
    "user_notes": [(1, "u1", None, "My name is Zelda Smith and I don't get triangles", "Angles add up to 180.", AT)],
}


def _fill(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for table, names in COLUMNS.items():
            columns = ", ".join(f"{name} {KINDS.get(name, 'VARCHAR(400)')}" for name in names.split())
            connection.execute(text(f"CREATE TABLE {table} ({columns})"))
        for table, rows in ROWS.items():
            for row in rows:
                values = {f"v{n}": json.dumps(v) if isinstance(v, dict) else v for n, v in enumerate(row)}
                connection.execute(text(f"INSERT INTO {table} VALUES ({', '.join(':' + n for n in values)})"), values)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def foreign(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database as the documents describe it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'sat_prep.db'}"
        _fill(url)
        yield url
        return
    with empty_schema(request.getfixturevalue("postgres_server")) as url:
        _fill(url)
        yield url


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_kind_comes_out_of_a_foreign_database(foreign: str, tmp_path: Path) -> None:
    output = tmp_path / "real.jsonl"
    manifest = extract_pairs(foreign, output, since=SINCE, names=NAMES)
    rows = _read(output)
    of = {kind: [row for row in rows if row["kind"] == kind] for kind in manifest.by_kind}
    assert manifest.by_kind == {
        "explanation": 2, "feedback": 1, "help": 1, "lesson": 1, "note": 1, "plan": 2, "rated": 1,
    }  # fmt: skip
    assert len(rows) == manifest.pairs == 9
    assert of["explanation"][0]["output"] == "Subtract 3: 2x = 4. Then divide by 2!"
    assert (of["explanation"][1]["filled"], manifest.rationales_filled) == (True, 1)
    assert of["explanation"][1]["output"].endswith("The correct answer is 60.")
    feedback = json.loads(of["feedback"][0]["input"])
    assert feedback["Math"]["Algebra"]["Linear Functions"] == {"correct": 2, "total": 3, "avg_time": 50}
    assert feedback["predictions"]["Math"]["Algebra"]["Linear Functions"]["predicted_prof"] == 5
    assert verify_feedback(of["feedback"][0]["input"], of["feedback"][0]["output"]).ok
    assert all(verify_plan(row["input"], row["output"]).ok for row in of["plan"])
    assert of["help"][0]["input"].endswith("Student: Why is x = 2? mail me at [email] or [phone]")
    assert of["note"][0]["input"] == "My name is [name] and I don't get triangles"
    assert of["lesson"][0]["output"] == "y = mx + b. m is slope."
    assert manifest.personal_data_removed == {"email": 1, "name": 1, "phone": 1}
    assert manifest.dropped == {
        "question of no SAT skill": 1,
        "question without text or answer": 1,
        "response to no SAT question": 1,
        "too few answers of a student in a skill": 1,
        "plan action without readable performance": 1,
        "help off topic": 1,
        "rating of three stars": 1,
    }
    rejected = _read(rejected_path(output))
    assert [row["output"] for row in rejected] == ["Meh."]
    assert manifest.rejected == 1
    assert "u1" not in output.read_text(encoding="utf-8")
    assert {name for row in rows for name in row.get("students", ())} == {NAMES.of("u1")}
    assert ["students" in row for row in rows] == [row["kind"] not in ("explanation", "lesson") for row in rows]
    assert count_pairs(foreign, since=SINCE) == manifest.pairs


def test_a_database_without_the_later_tables_will_do(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    _fill(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in ("feedback_ratings", "user_notes", "lessons"):
            connection.execute(text(f"DROP TABLE {table}"))
    manifest = extract_pairs(url, tmp_path / "out.jsonl", since=SINCE, names=NAMES)
    assert manifest.absent_tables == ["feedback_ratings", "lessons", "user_notes"]
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE results"))
    engine.dispose()
    with pytest.raises(SchemaError, match="lacks results"):
        extract_pairs(url, tmp_path / "out.jsonl", since=SINCE, names=NAMES)
    with pytest.raises(ConfigurationError, match="not there"):
        extract_pairs(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "out.jsonl", since=SINCE, names=NAMES)
    with pytest.raises(InputError):
        extract_pairs(url, tmp_path / "out.jsonl", since=SINCE, names=NAMES, minimum=0)
    assert not (tmp_path / "none.db").exists()


def test_weak_skills_are_worded_anew_up_to_half_their_even_share(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    _fill(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        for number in range(400):
            connection.execute(
                text("INSERT INTO questions VALUES (:id, 'Math', 'Algebra', 'Inequalities', :content)"),
                {"id": f"n{number}", "content": json.dumps(LINEAR | {"text": f"2x = {number}", "rationale": "Halve."})},
            )
    engine.dispose()
    manifest = extract_pairs(url, tmp_path / "out.jsonl", since=SINCE, names=NAMES, oversample_weak=True)
    rows = _read(tmp_path / "out.jsonl")
    fresh = [row for row in rows if row.get("oversampled")]
    assert manifest.oversampled == len(fresh) > 0
    assert {row["skill"] for row in fresh} == {"linear-functions"}
    assert manifest.by_skill["linear-functions"] <= manifest.pairs // 58
    assert all(verify_feedback(row["input"], row["output"]).ok for row in fresh)


def test_our_own_store_gives_pairs_and_forgets_the_erased(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    engine = make_engine(url)
    sessions = open_store(engine)
    with sessions.begin() as session:
        session.add(StudentRow(student_id="s-1", created_at=SINCE))
    load_demo_tutoring(sessions, questions=145)
    with sessions.begin() as session:
        _practise(session)
    manifest = extract_pairs(url, tmp_path / "out.jsonl", since=SINCE, names=NAMES)
    assert manifest.by_kind == {"feedback": 1, "help": 1, "lesson": 29, "note": 1, "plan": 2, "rated": 1}
    assert manifest.dropped == {"explanation of a generated question, no real one": 145}
    with sessions.begin() as session:
        session.execute(text("DELETE FROM students"))
    after = extract_pairs(url, tmp_path / "out.jsonl", since=SINCE, names=NAMES)
    assert set(after.by_kind) == {"lesson"}
    engine.dispose()


def _practise(session: Session) -> None:
    test, rows = start_practice(session, "s-1", skills=["Circles"], count=5)
    given = [PracticeAnswer(row.question_id, row.content["correct_answer"], 30) for row in rows]
    submit_practice(session, test.test_id, given)
    rate_feedback(session, test.test_id, 5)
    ask_for_help(session, test.test_id, rows[0].question_id, "why is this the answer?")
    act_on_plan(session, find_plan(session, "s-1").plan_id, 0, "completed")
    add_note(session, "s-1", "circles are hard")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("I live at 12 Oak Street, call (555) 123-4567", "I live at [address], call [phone]"),
        ("see https://x.org/me <b>now</b>", "see [link] now"),
        ("why did Jessica pick 5/2 and not 1,250?", "why did [name] pick 5/2 and not 1,250?"),
        ("Subtract 123 456 from 7890 in Algebra", "Subtract 123 456 from 7890 in Algebra"),
    ],
)
def test_personal_data_goes_and_mathematics_stays(given: str, expected: str) -> None:
    assert clean(given)[0] == expected


def test_names_of_the_question_may_stay() -> None:
    assert clean("Why did Maya buy 3?", {"maya"}) == ("Why did Maya buy 3?", {})


def test_tone_and_topic() -> None:
    assert even_tone("that was STUPID!!! \U0001f600 try again??") == "That was tricky! Try again?"
    assert on_topic("how do I solve this")
    assert not on_topic("my dog is cute")
