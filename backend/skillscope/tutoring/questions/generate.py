"""A bank of questions as JSONL, on the synthesis engine; every Math step confirmed by SymPy."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skillscope.errors import InputError
from skillscope.synthesis import Check, Generator, Outcome, RunOptions, RunResult, row_random
from skillscope.synthesis import generate as run
from skillscope.tutoring.mathtext import false_statements
from skillscope.tutoring.questions.families import load_families
from skillscope.tutoring.questions.mathematics import make_math_question
from skillscope.tutoring.questions.model import Question, math_context
from skillscope.tutoring.questions.symbolic import symbolic_faults
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["check_question", "generate_questions", "render_question"]

NAME = "tutoring.questions.v1"


def render_question(number: int, seed: int, attempt: int = 0, *, scale: int = 1) -> Question:
    """One question: skills take turns, and families within a skill. `scale` widens the range of the numbers."""
    skills = load_taxonomy().skills
    families = load_families()[skills[number % len(skills)].id]
    family = families[(number // len(skills)) % len(families)]
    rng = row_random(seed, NAME, number, attempt, scale)
    return make_math_question(family, rng, f"q-{seed}-{number:06d}", scale=scale)


def check_question(question: Question) -> list[str]:
    """What is wrong with a question: options, answer, steps (exact fractions, then SymPy for Math)."""
    faults = []
    if len(set(question.options)) != 4 or question.correct_answer not in question.options:
        faults.append("options are not four distinct ones with the right one among them")
    if {row.option for row in question.distractors} != set(question.options) - {question.correct_answer}:
        faults.append("a wrong option has no misconception")
    context = math_context(question)
    faults += [f"not true: {text}" for step in question.steps for text in false_statements(step.text, context)]
    if question.section == "Math":
        faults += symbolic_faults(question)
    return faults


@dataclass
class _QuestionGenerator(Generator):
    def render(self, rows: Sequence[int]) -> Sequence[Outcome]:
        return [self._outcome(render_question(row, self.seed)) for row in rows]

    def _outcome(self, question: Question) -> Outcome:
        faults = check_question(question)
        return Outcome(None, faults[0].split(":")[0]) if faults else Outcome(question.to_json())

    def checks(self) -> Sequence[Check]:
        seen: set[tuple[str, str]] = set()

        def new(row: int, value: dict[str, Any]) -> str | None:
            mark = (value["passage"] or "", value["text"])
            if mark in seen:
                return "duplicate question"
            seen.add(mark)
            return None

        return (new,)

    def again(self, row: int, attempt: int) -> dict[str, Any] | None:
        question = render_question(row, self.seed, attempt)
        return None if check_question(question) else question.to_json()


def generate_questions(
    output: Path, count: int = 1000, *, seed: int = 42, options: RunOptions | None = None
) -> RunResult:
    """Writes `count` questions as JSONL with their manifest beside it, all skills in equal shares.

    Raises:
        InputError: `count` is below 1.
        FileError: the output cannot be written.
    """
    if count < 1:
        raise InputError("count must be at least 1", field="count")
    generator = _QuestionGenerator(
        name=NAME,
        seed=seed,
        planned=count,
        rows_per_unit=50,
        settings={"count": count},
        versions={"taxonomy": str(load_taxonomy().version)},
    )
    return run(generator, output, options)
