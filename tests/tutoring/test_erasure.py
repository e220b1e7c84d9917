"""Erasing a student from practice and from exported pairs: all of theirs goes, nothing of anybody else's."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from skillscope.errors import ConfigurationError, ConflictError, NotFoundError
from skillscope.store import make_engine, open_store, writing
from skillscope.store.practice_tables import PRACTICE_TABLES, CommunityAnswerRow
from skillscope.store.tables import StudentRow
from skillscope.synthesis.files import file_sha256
from skillscope.tutoring.asking import ask_for_help, rate_feedback
from skillscope.tutoring.bank import load_demo_tutoring
from skillscope.tutoring.community import answer_community, ask_community
from skillscope.tutoring.erasure import EXPORTED, erase, erase_exported, export_lock
from skillscope.tutoring.extraction import extract_pairs
from skillscope.tutoring.extraction.extract import rejected_path
from skillscope.tutoring.grading import PracticeAnswer, submit_practice
from skillscope.tutoring.mix import mix_pairs
from skillscope.tutoring.practice import start_practice
from skillscope.tutoring.pseudonyms import Pseudonyms
from skillscope.tutoring.studying import act_on_plan, add_note, make_plan

NOW = datetime(2026, 3, 4, tzinfo=UTC)
SINCE = datetime(2024, 1, 1, tzinfo=UTC)


def _practise(session: Session, name: str, number: int) -> None:
    session.add(StudentRow(student_id=name, created_at=NOW))
    session.flush()
    plan = make_plan(session, name, now=NOW)
    test, rows = start_practice(session, name, skills=["Circles"], count=5, now=NOW, seed="s")
    given = [PracticeAnswer(row.question_id, row.content["correct_answer"], 30 + number) for row in rows]
    submit_practice(session, test.test_id, given, now=NOW)
    rate_feedback(session, test.test_id, 5 if number else 1, now=NOW)
    ask_for_help(session, test.test_id, rows[0].question_id, f"why is this the answer {number}?", now=NOW)
    act_on_plan(session, plan.plan_id, 0, "completed", now=NOW)
    add_note(session, name, f"circles are hard {number}", now=NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[str, sessionmaker[Session]]]:
    """Two students who practised, and asked and answered each other."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    engine = make_engine(url)
    sessions = open_store(engine)
    load_demo_tutoring(sessions, [], questions=145)
    for number, name in enumerate(("s-1", "s-2")):
        with sessions.begin() as session:
            writing(session)
            _practise(session, name, number)
    with sessions.begin() as session:
        mine = ask_community(session, "s-1", "how do circles work?", now=NOW)
        answer_community(session, mine.key, "s-2", "the circle has the area pi r squared", now=NOW)
        theirs = ask_community(session, "s-2", "what is slope?", now=NOW)
        answer_community(session, theirs.key, "s-1", "rise over run", now=NOW)
        answer_community(session, theirs.key, None, "the change in y over that in x", now=NOW)
    yield url, sessions
    engine.dispose()


def _sizes(session: Session) -> dict[str, int]:
    return {t.__tablename__: session.scalar(select(func.count()).select_from(t)) or 0 for t in PRACTICE_TABLES}


def test_a_student_goes_from_every_table_and_every_file(
    store: tuple[str, sessionmaker[Session]], tmp_path: Path
) -> None:
    url, sessions = store
    names = Pseudonyms.open(tmp_path)
    real, mixed, made = (tmp_path / "out" / name for name in ("real.jsonl", "mixed.jsonl", "made.jsonl"))
    manifest = extract_pairs(url, real, since=SINCE, names=names)
    made.write_text('{"input": "a", "output": "b", "kind": "plan"}\n', encoding="utf-8")
    mix_pairs(made, real, mixed)
    rows = [json.loads(line) for line in real.read_text("utf-8").splitlines()]
    of_both = [row for row in rows if len(row.get("students", ())) == 2]
    assert len(of_both) == 2  # a question of one, answered by the other
    holding = sum(names.of("s-1") in row.get("students", ()) for row in rows)
    assert holding == 7  # feedback, help, note, two plans, two exchanges; the bad rating is a rejected one
    before_files = {path: path.read_bytes() for path in (real, mixed, made, rejected_path(real))}
    with sessions() as session:
        before = _sizes(session)
        planned = erase(session, "s-1", [tmp_path], dry_run=True, data_dir=tmp_path)
        assert _sizes(session) == before
    assert {path: path.read_bytes() for path in before_files} == before_files
    assert planned == {
        "tests": 1, "practice_responses": 5, "results": 1, "skill_states": 1, "study_plans": 1,
        "study_plan_actions": 1, "feedback_ratings": 1, "help_requests": 1, "user_notes": 1,
        "community_questions": 1, "community_answers": 2, EXPORTED: 7 + 7 + 1,
    }  # fmt: skip
    with sessions.begin() as session:
        assert erase(session, "s-1", [tmp_path], data_dir=tmp_path) == planned
        after = _sizes(session)
        assert after == {name: size - planned.get(name, 0) for name, size in before.items()}
        assert session.scalar(select(func.count()).select_from(StudentRow)) == 2  # the row itself is the caller's
        assert session.scalars(select(CommunityAnswerRow.text)).all() == ["the change in y over that in x"]
    for path in before_files:
        assert names.of("s-1") not in path.read_text("utf-8")
    kept = [json.loads(line) for line in real.read_text("utf-8").splitlines()]
    assert kept == [row for row in rows if names.of("s-1") not in row.get("students", ())]
    assert made.read_bytes() == before_files[made]
    told = json.loads((real.parent / "real.manifest.json").read_text("utf-8"))
    assert (told["sha256"], told["erased"], told["pairs"]) == (file_sha256(real), 7, manifest.pairs)
    assert erase_exported("s-1", [tmp_path], data_dir=tmp_path) == 0


def test_no_line_comes_back_by_a_run_that_had_read_it(store: tuple[str, sessionmaker[Session]], tmp_path: Path) -> None:
    _, sessions = store
    Pseudonyms.open(tmp_path)
    with sessions() as session:
        before = _sizes(session)
    with export_lock(tmp_path / "real.jsonl"):
        with pytest.raises(ConflictError), sessions.begin() as session:
            erase(session, "s-1", [tmp_path], data_dir=tmp_path)
        with sessions() as session:
            assert _sizes(session) == before
            assert erase(session, "s-1", [tmp_path], dry_run=True, data_dir=tmp_path)["tests"] == 1
    with pytest.raises(NotFoundError), sessions.begin() as session:
        erase(session, "nobody", [tmp_path], data_dir=tmp_path)


def test_pseudonyms_are_keyed_kept_and_private(tmp_path: Path) -> None:
    assert Pseudonyms.find(tmp_path) is None
    assert erase_exported("s-1", [tmp_path], data_dir=tmp_path) == 0
    assert not list(tmp_path.iterdir())  # asking makes no key
    names = Pseudonyms.open(tmp_path)
    assert (tmp_path / "pseudonym_key").stat().st_mode & 0o077 == 0
    assert Pseudonyms.open(tmp_path).of("s-1") == names.of("s-1") != names.of("s-2")
    assert Pseudonyms(bytes(32)).of("s-1") != names.of("s-1")
    (tmp_path / "pseudonym_key").write_text("short", encoding="ascii")
    with pytest.raises(ConfigurationError):
        Pseudonyms.open(tmp_path)
