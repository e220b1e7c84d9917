"""Simulated users who practise through the store layer, to see how much training data a month leaves behind."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from sqlalchemy.orm import Session, sessionmaker

from skillscope.errors import InputError
from skillscope.store import writing
from skillscope.store.practice_tables import QuestionRow, StudyPlanRow
from skillscope.store.tables import StudentRow
from skillscope.synthesis import row_random
from skillscope.synthesis.filters import words_of
from skillscope.tutoring.asking import ask_for_help, rate_feedback
from skillscope.tutoring.grading import PracticeAnswer, submit_practice
from skillscope.tutoring.practice import start_practice
from skillscope.tutoring.proficiency import SkillState, chance_of_right
from skillscope.tutoring.studying import act_on_plan, add_note, make_plan
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["PLANNED_PER_USER", "Habits", "simulate_month"]

PLANNED_PER_USER: Final = {"ratings": 1.0, "help": 2.0, "plans": 0.5, "notes": 0.2}
"""The planned volumes (10K ratings, 20K help requests, 5K plan adjustments, 2K notes) for each of 10,000 users."""

_OPENERS: Final = ("", "hey, ", "please help: ", "ok so ", "sorry, ", "hi! ", "one more thing, ", "quick question: ")
_QUERIES: Final = (
    "why is this wrong?",
    "why is {option} not the answer?",
    "I got {option}, is that close to the answer?",
    "how do I solve this step by step",
    "I don't understand step {number}",
    "why is my answer not right",
    "can you explain the question",
    "I got stuck at step {number}, what now?",
    "tried it {number} times and the answer is still wrong",
    "how would I know that {option} is wrong?",
    "what is this question about {word} asking for?",
    "what does {word} mean in this question",
    "is there a shorter solution than mine? took me {number} steps",
    "which step do I do first",
    "is it always {option} in a problem like this?",
    "my friend says the answer is {option}, why not?",
    "what formula do I need here",
    "where did I make the mistake",
)
_TAILS: Final = (
    "",
    " we did this in class but I forgot",
    " the practice test is tomorrow",
    " I have {number} more like this",
    " the hint did not help",
    " thanks!",
    " it looked easy",
    " please go slow",
    " I read it {number} times",
    " same mistake as last week",
)
_NOTES: Final = (
    "I don't get {skill}",
    "{skill} is hard, how do I practice it?",
    "mixed up {skill} again",
    "took me {number} tries to solve {skill}",
    "need {number} more practice days for {skill}",
    "want to get {number} of 10 in {skill}",
    "read the lesson on {skill} twice",
    "{skill} was {number} of my mistakes today",
    "skipped {skill} in the test, came back to it later",
    "remember to check {skill} before the quiz",
    "got better at {skill} this week",
    "what should I study first in {skill}?",
    "my score in {skill} went down",
    "{skill} makes sense when I draw it",
)
_GUESSED: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Habits:
    """What a user does in a month, on average: sittings of so many answers, and the rest for each user."""

    sittings: int = 1
    answers: int = 10
    ratings: float = PLANNED_PER_USER["ratings"]
    help: float = PLANNED_PER_USER["help"]
    plans: float = PLANNED_PER_USER["plans"]
    notes: float = PLANNED_PER_USER["notes"]


def simulate_month(
    sessions: sessionmaker[Session],
    users: int,
    *,
    seed: int = 42,
    habits: Habits | None = None,
    end: datetime | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Register users and let each practise; the bank must be filled. Commits every hundred users.

    Raises:
        InputError: `users` is below 1.
        NotFoundError: the bank is empty.
    """
    if users < 1:
        raise InputError("at least one user is needed", field="users")
    habits, end = habits or Habits(), end or datetime.now(UTC)
    for first in range(0, users, 100):
        with sessions.begin() as session:
            writing(session)
            for number in range(first, min(first + 100, users)):
                _one(session, number, seed, habits, end)
        if progress is not None:
            progress(min(first + 100, users))


def _one(session: Session, number: int, seed: int, habits: Habits, end: datetime) -> None:
    random = row_random(seed, "tutoring.volume", number)
    name = f"volume-{seed}-{number:06d}"
    session.add(StudentRow(student_id=name, created_at=end - timedelta(days=31)))
    session.flush()
    plan: StudyPlanRow = make_plan(session, name, now=end - timedelta(days=30))
    ability = random.gauss(0, 1)
    labels = [skill.label for skill in load_taxonomy().skills]

    def times(mean: float) -> int:
        return int(mean) + (random.random() < mean % 1 - _GUESSED)

    for sitting in range(habits.sittings):
        at = end - timedelta(days=30 * (1 - (sitting + random.random()) / habits.sittings))
        skills = random.sample(labels, 2)
        test, rows = start_practice(session, name, skills=skills, count=habits.answers, now=at, seed=f"{seed}-{number}")
        answers = [_answer(row, ability, random.random(), random.uniform(15, 110)) for row in rows]
        submit_practice(session, test.test_id, answers, now=at)
        share = 1 / habits.sittings
        if times(habits.ratings * share):
            rate_feedback(session, test.test_id, random.choices((1, 2, 3, 4, 5), (4, 6, 15, 40, 35))[0], now=at)
        for _ in range(times(habits.help * share)):
            row = random.choice(rows)
            ask_for_help(session, test.test_id, row.question_id, _query(random, row), now=at)
    for task in range(times(habits.plans)):
        act_on_plan(session, plan.plan_id, task, random.choice(("completed", "skipped")), now=end)
    for _ in range(times(habits.notes)):
        said = random.choice(_OPENERS) + random.choice(_NOTES) + random.choice(_TAILS)
        add_note(session, name, said.format(skill=random.choice(labels), number=random.randint(2, 9)), now=end)


def _query(random: Random, row: QuestionRow) -> str:
    """What a student asks about a question: its own options and words come up in it."""
    words = [word for word in words_of(row.content["text"]) if len(word) > 3] or ["this"]
    option = random.choice(row.content["options"] or [row.content["correct_answer"]])
    said = random.choice(_OPENERS) + random.choice(_QUERIES) + random.choice(_TAILS)
    return said.format(number=random.randint(1, 4), option=option, word=random.choice(words))


def _answer(row: QuestionRow, ability: float, luck: float, seconds: float) -> PracticeAnswer:
    right = luck < chance_of_right(SkillState(ability), row.difficulty)
    wrong = [option for option in row.content["options"] if option != row.content["correct_answer"]]
    given = row.content["correct_answer"] if right or not wrong else wrong[int(luck * 1000) % len(wrong)]
    return PracticeAnswer(row.question_id, given, round(seconds, 1))
