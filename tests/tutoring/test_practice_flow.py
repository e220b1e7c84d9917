"""A student practises: through the store layer, on SQLite."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from skillscope.errors import ConflictError, InputError, NotFoundError
from skillscope.store import make_engine, open_store
from skillscope.store.practice_tables import (
    FeedbackRatingRow,
    PlanActionRow,
    PracticeResponseRow,
    QuestionRow,
    ResultRow,
    SkillStateRow,
)
from skillscope.store.tables import StudentRow
from skillscope.tutoring.asking import ask_for_help, rate_feedback
from skillscope.tutoring.bank import lesson_texts, load_demo_tutoring
from skillscope.tutoring.community import answer_community, ask_community
from skillscope.tutoring.grading import PracticeAnswer, submit_practice
from skillscope.tutoring.pairs.prompts import Prompt
from skillscope.tutoring.practice import start_practice, stored_question
from skillscope.tutoring.proficiency import SkillState, proficiency, update
from skillscope.tutoring.studying import act_on_plan, add_note, find_plan, lessons
from skillscope.tutoring.taxonomy import load_taxonomy
from skillscope.tutoring.verify import verify_explanation, verify_feedback

NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[sessionmaker[Session]]:
    """A store with two students and a small bank."""
    engine = make_engine(f"sqlite:///{tmp_path / 'x.db'}")
    made = open_store(engine)
    with made.begin() as session:
        session.add_all([StudentRow(student_id=name, created_at=NOW) for name in ("s-1", "s-2")])
    load_demo_tutoring(made, questions=58)
    yield made
    engine.dispose()


def practised(
    sessions: sessionmaker[Session], *, right: bool, skill: str = "Linear Functions", count: int = 2
) -> tuple[str, list[QuestionRow]]:
    """A sitting of s-1 that was handed in."""
    with sessions.begin() as session:
        test, rows = start_practice(session, "s-1", skills=[skill], count=count)
        given = []
        for row in rows:
            content = row.content
            wrong = next(option for option in content["options"] if option != content["correct_answer"])
            given.append(PracticeAnswer(row.question_id, content["correct_answer"] if right else wrong, 30))
        submit_practice(session, test.test_id, given)
    return test.test_id, rows


def test_loading_twice_changes_nothing(sessions: sessionmaker[Session]) -> None:
    again = load_demo_tutoring(sessions, questions=58)
    assert (again.questions, again.lessons, again.plans, again.created) == (58, 29, 2, False)


def test_every_skill_has_a_lesson_and_a_shorter_summary() -> None:
    assert list(lesson_texts()) == [skill.id for skill in load_taxonomy().skills]
    assert all(len(row["summary"]) < len(row["text"]) / 1.5 for row in lesson_texts().values())


def test_a_sitting_is_graded_explained_and_moves_the_skill_by_elo(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        test, rows = start_practice(session, "s-1", skills=["linear-functions"], count=2)
        assert {row.skill for row in rows} == {"linear-functions"}
        one, two = (stored_question(row) for row in rows)
        wrong = two.distractors[0].option
        done = submit_practice(
            session,
            test.test_id,
            [PracticeAnswer(one.id, one.correct_answer, 20.5), PracticeAnswer(two.id, wrong, 70)],
            now=NOW,
        )
    assert [row.is_correct for row in done.graded] == [True, False]
    assert verify_explanation(two, done.graded[1].feedback, wrong).ok
    assert {row.answered_by for row in done.graded} == {"template"}
    expected = update(update(SkillState(), one.difficulty, right=True), two.difficulty, right=False)
    assert done.proficiencies == {"Linear Functions": proficiency(expected)}
    with sessions() as session:
        state = session.scalars(select(SkillStateRow)).one()
        result = session.scalars(select(ResultRow)).one()
        assert (state.ability, state.answers, state.correct, state.seconds) == (expected.ability, 2, 1, 90.5)
        assert session.scalar(select(func.count()).select_from(PracticeResponseRow)) == 2
    assert result.proficiencies == {"Math": {"Algebra": {"Linear Functions": proficiency(expected)}}}
    assert result.feedback == done.feedback


def test_the_feedback_on_the_whole_is_verified(sessions: sessionmaker[Session]) -> None:
    practised(sessions, right=True)
    with sessions() as session:
        result = session.scalars(select(ResultRow)).one()
    assert verify_feedback(json.dumps(result.performance), result.feedback).ok


def test_answerers_stand_before_the_template_and_are_stored(sessions: sessionmaker[Session]) -> None:
    class Wild:
        name = "wild"

        def write(self, prompt: Prompt, attempt: int) -> str | None:
            return f"The answer is {prompt.kind} 99. ⟨nothing⟩"

    with sessions.begin() as session:
        test, rows = start_practice(session, "s-1", count=1)
        done = submit_practice(session, test.test_id, [PracticeAnswer(rows[0].question_id, "?", 5)], [Wild()])
    assert done.answered_by == "template"
    assert "99" not in done.graded[0].feedback


def test_new_questions_come_before_seen_ones(sessions: sessionmaker[Session]) -> None:
    _, first = practised(sessions, right=True, count=1)
    _, second = practised(sessions, right=True, count=1)
    assert first[0].question_id != second[0].question_id


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ([], "responses"),
        ([("nope", 1)], "responses.0.question_id"),
        ([(0, 1), (0, 1)], "responses.0.question_id"),
        ([(0, -1)], "responses.0.time_spent"),
    ],
)
def test_answers_that_cannot_be(
    sessions: sessionmaker[Session], answers: list[tuple[str | int, float]], field: str
) -> None:
    with sessions.begin() as session:
        test, rows = start_practice(session, "s-1", count=1)
        given = [
            PracticeAnswer(name if isinstance(name, str) else rows[name].question_id, "1", t) for name, t in answers
        ]
        with pytest.raises(InputError) as raised:
            submit_practice(session, test.test_id, given)
    assert raised.value.field == field


def test_a_sitting_is_handed_in_once_and_belongs_to_one_student(sessions: sessionmaker[Session]) -> None:
    test_id, rows = practised(sessions, right=True)
    given = [PracticeAnswer(rows[0].question_id, "1", 1)]
    with sessions.begin() as session:
        with pytest.raises(ConflictError):
            submit_practice(session, test_id, given)
        with pytest.raises(NotFoundError):
            submit_practice(session, test_id, given, only="s-2")
        with pytest.raises(NotFoundError):
            rate_feedback(session, test_id, 5, only="s-2")


def test_a_second_rating_replaces_the_first(sessions: sessionmaker[Session]) -> None:
    test_id, rows = practised(sessions, right=False)
    with sessions.begin() as session:
        rate_feedback(session, test_id, 2)
        rate_feedback(session, test_id, 5)
        rate_feedback(session, test_id, 4, question_id=rows[0].question_id)
    with sessions() as session:
        kept = session.execute(select(FeedbackRatingRow.question_id, FeedbackRatingRow.rating)).all()
    assert {tuple(row) for row in kept} == {(None, 5), (rows[0].question_id, 4)}


def test_help_speaks_of_the_wrong_choice(sessions: sessionmaker[Session]) -> None:
    test_id, rows = practised(sessions, right=False, count=1)
    with sessions.begin() as session:
        help_row = ask_for_help(session, test_id, rows[0].question_id, "why is this wrong?")
        given = session.scalar(select(PracticeResponseRow.answer))
    assert verify_explanation(stored_question(rows[0]), help_row.ai_response, given).ok


def test_the_plan_adapts_to_a_weak_skill_and_says_why(sessions: sessionmaker[Session]) -> None:
    practised(sessions, right=False, skill="Percentages")
    with sessions() as session:
        plan = find_plan(session, "s-1")
    before = plan.plan["skill_building"]
    with sessions.begin() as session:
        step = act_on_plan(session, plan.plan_id, 0, "skipped")
        after = find_plan(session, "s-1").plan["skill_building"]
        with pytest.raises(ConflictError):
            act_on_plan(session, plan.plan_id, 0, "completed")
        with pytest.raises(InputError):
            act_on_plan(session, plan.plan_id, 99, "completed")
        kept = session.scalars(select(PlanActionRow)).one()
    assert step.changed
    assert "Percentages is at 0%" in step.reason
    assert step.answered_by == "template"
    assert (before[0]["skill"], after[0]["status"]) == (after[0]["skill"], "skipped")
    assert "Percentages" in {task["skill"] for task in after}
    assert kept.performance_update == {
        "Math": {"Problem-Solving and Data Analysis": {"Percentages": {"correct": 0, "total": 2, "avg_time": 30}}}
    }


def test_a_note_that_names_a_skill_gets_its_lesson(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        named = add_note(session, "s-1", "I don't get quadratics at all")
        silent = add_note(session, "s-1", "tired today")
        asked = ask_community(session, "s-1", "how do circles work?")
        answer_community(session, asked.key, "s-2", "use the radius")
    assert (named.ai_response, named.answered_by) == (lesson_texts()["nonlinear-equations"]["summary"], "lesson")
    assert silent.ai_response is None
    with sessions() as session:
        assert [row.lesson_id for row in lessons(session, "Circles")] == ["lesson-circles"]
        with pytest.raises(NotFoundError):
            lessons(session, "alchemy")
