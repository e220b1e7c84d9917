"""What a practice question is: the same shape for generated, imported and stored questions."""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from skillscope.errors import SchemaError
from skillscope.lm.slots import to_number
from skillscope.tutoring.mathtext import Context, MathError, parse, relations_in

__all__ = ["Distractor", "Question", "Step", "format_options", "math_context", "question_prompt", "split_options"]


@dataclass(frozen=True)
class Step:
    """One step of a rationale: with slots (symbolic) and filled."""

    delex: str
    text: str


@dataclass(frozen=True)
class Distractor:
    """Why a wrong option is there: the misconception's id, and how one arrives at it (delexicalised gerund phrase)."""

    option: str
    misconception: str
    why: str


@dataclass(frozen=True)
class Question:
    """A practice question. `options` is empty for free response; `slots` fill every `*_delex` text.

    `names` maps the family's own slot names onto the numbered ones (`a` -> `n1`). `key` is the normalised equation
    (or the family with its values): two questions that differ only in a variable's letter or in a story share it.
    `points`, `functions`, `region` say what its letters stand for, so that any text about it can be checked.
    """

    id: str
    family: str
    skill: str
    domain: str
    section: str
    difficulty: int
    type: str
    text: str
    options: tuple[str, ...]
    correct_answer: str
    rationale: str
    key: str
    text_delex: str = ""
    type_delex: str = ""
    passage: str | None = None
    passage_delex: str | None = None
    answer_delex: str = "⟨answer⟩"
    steps: tuple[Step, ...] = ()
    distractors: tuple[Distractor, ...] = ()
    slots: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    points: tuple[dict[str, str], ...] = ()
    functions: dict[str, str] = field(default_factory=dict)
    region: str | None = None
    provenance: str = "template"

    def distractor(self, option: str) -> Distractor | None:
        """What is known about a wrong option; None for the right one and for unknown options."""
        return next((row for row in self.distractors if row.option == option), None)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON; `from_json` reads it back unchanged."""
        return {
            **self.__dict__,
            "options": list(self.options),
            "steps": [dict(step.__dict__) for step in self.steps],
            "distractors": [dict(row.__dict__) for row in self.distractors],
            "points": [dict(point) for point in self.points],
        }

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Question":
        """The question that `to_json` wrote.

        Raises:
            SchemaError: a field is missing or unknown.
        """
        try:
            return cls(
                **{
                    **row,
                    "options": tuple(row["options"]),
                    "steps": tuple(Step(**step) for step in row.get("steps", ())),
                    "distractors": tuple(Distractor(**item) for item in row.get("distractors", ())),
                    "points": tuple(row.get("points", ())),
                }
            )
        except (KeyError, TypeError) as error:
            raise SchemaError("a stored question lacks a field or has an unknown one") from error


def math_context(question: Question) -> Context:
    """The meaning of a question's letters, ready for `mathtext.false_statements`."""
    points = tuple(
        {name: number for name, text in point.items() if (number := to_number(text)) is not None}
        for point in question.points
    )
    functions = {
        name: ("x" if "x" in body else _letter(body), parse(body)) for name, body in question.functions.items()
    }
    region = None
    if question.region:
        try:
            region = relations_in(question.region)[0]
        except (MathError, IndexError) as error:
            raise SchemaError("a question's region is no inequality") from error
    return Context(points=points or ({},), functions=functions, region=region)


def _letter(body: str) -> str:
    letters = re.findall(r"[A-Za-z]", body)
    return letters[0] if letters else "x"


def _is_bare(option: str) -> bool:
    return re.fullmatch(r"(?:\([^()]*\)|[^,\[\]\"()])*(?:\([^()]*\)[^,\[\]\"()]*)*", option) is not None


def format_options(options: tuple[str, ...]) -> str:
    """`[2, 3, 4, 5]`; an option that holds a comma outside brackets is put in double quotes."""
    return "[" + ", ".join(option if _is_bare(option) else f'"{option}"' for option in options) + "]"


def split_options(text: str) -> tuple[str, ...]:
    """The options of an explanation input that `format_options` wrote; empty when there are none."""
    match = re.search(r"Options: \[(.*)\]", text, re.DOTALL)
    if match is None:
        return ()
    parts = re.findall(r'"[^"]*"|(?:\([^()]*\)|[^,"()])+', match.group(1))
    return tuple(part.strip().strip('"') for part in parts if part.strip())


def question_prompt(question: Question) -> str:
    """The explanation input of the seed documents: `Solve for x: 3x + 4 = 13. Options: [2, 3, 4, 5]`."""
    body = question.text if question.text[-1] in ".?!" else f"{question.text}."
    passage = f"{question.passage} " if question.passage else ""
    options = f" Options: {format_options(question.options)}" if question.options else ""
    return f"{question.type}: {passage}{body}{options}"


def as_fraction(text: str) -> Fraction | None:
    """The number that an option stands for, if it is one."""
    return to_number(text.replace("$", "").replace("°", "").strip())
