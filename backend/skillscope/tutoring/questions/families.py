"""Families of questions, read from `questions/math/*.yaml` and `questions/reading/*.yaml`.

A family draws numbers and words, derives others, and words a question, its solution and its wrong options with slots.

| key | meaning |
|---|---|
| `draw` | slot -> `2-9` (whole number), `@list` of words.yaml, or a list to choose from |
| `let` | slot -> expression over earlier slots |
| `where` | conditions; a draw that breaks one is drawn again |
| `format` | slot -> number format for showing it |
| `passage` | wordings of the passage, for Reading and Writing |
| `text` | wordings of the question; `{a}` is a slot, `{=a+b}` a computed one |
| `equation` | what is asked, as an equation: the key for splitting |
| `answer` / `answer_text` | an expression / an option's wording; `ans` stands for the expression elsewhere |
| `form` | format of numeric options |
| `check` | equations that only the right option satisfies (`{ANS}`), or `point` |
| `at`, `functions`, `region` | what the letters stand for: point(s), function bodies, the inequality |
| `idea`, `steps`, `verify` | wordings of the explanation |
| `distractors` | misconception -> expression or wording, or `[that, how one gets there]` |
| `unscaled` | drawn numbers that stay small when a caller asks for larger ones (exponents) |
| `signed`, `fractions` | wrong options may be negative / fractions though the answer is not |
"""

import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from skillscope.errors import SchemaError
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["Family", "load_families", "load_words", "misconceptions", "to_slots"]


FILES = (
    ("math", "algebra.yaml"),
    ("math", "advanced.yaml"),
    ("math", "data.yaml"),
    ("math", "geometry.yaml"),
    ("reading", "ideas.yaml"),
    ("reading", "writing.yaml"),
)


@dataclass(frozen=True)
class Family:
    """One row of the YAML files, texts turned into slot notation."""

    id: str
    skill: str
    difficulty: int
    type: str
    draw: dict[str, Any]
    text: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]
    distractors: dict[str, Any]
    equation: str | None = None
    answer: str | None = None
    answer_text: str | None = None
    form: str | None = None
    let: dict[str, str] = field(default_factory=dict)
    where: tuple[str, ...] = ()
    format: dict[str, str] = field(default_factory=dict)
    check: tuple[str, ...] = ()
    at: tuple[dict[str, str], ...] = ()
    functions: dict[str, str] = field(default_factory=dict)
    region: str | None = None
    idea: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    passage: tuple[str, ...] = ()
    unscaled: frozenset[str] = frozenset()
    signed: bool = False
    fractions: bool = False
    section: str = "Math"
    used: frozenset[str] = frozenset()


def to_slots(text: str) -> str:
    """`{a}` and `{=a+b:f}` as ⟨a⟩ and ⟨=a+b:f⟩."""
    return text.replace("{", "⟨").replace("}", "⟩")


def _texts(row: dict[str, Any], key: str) -> tuple[str, ...]:
    value = row.get(key, [])
    return tuple(to_slots(text) for text in ([value] if isinstance(value, str) else value))


def _family(row: dict[str, Any]) -> Family:
    unknown = row.keys() - Family.__dataclass_fields__.keys()
    if unknown:
        raise SchemaError(f"family {row.get('id')}: unknown keys {', '.join(sorted(unknown))}")
    answer = None if row.get("answer") is None else str(row["answer"])

    def macro(text: str) -> str:
        """`ans` replaced by the answer's expression, inside computed slots and expressions alike."""
        return text if answer is None else re.sub(r"\bans\b", f"({answer})", text)

    def computed(text: str) -> str:
        return re.sub(r"⟨=[^⟨⟩]*⟩", lambda match: macro(match.group()), to_slots(text))

    points = row.get("at", [])
    points = [points] if isinstance(points, dict) else points
    return Family(
        id=row["id"],
        skill=row["skill"],
        difficulty=row["difficulty"],
        type=to_slots(row["type"]),
        draw=row["draw"],
        text=_texts(row, "text"),
        steps=tuple(tuple(computed(text) for text in step) for step in row["steps"]),
        distractors={
            name: ([to_slots(str(value[0])), computed(value[1])] if isinstance(value, list) else to_slots(str(value)))
            for name, value in row["distractors"].items()
        },
        equation=to_slots(row["equation"]) if "equation" in row else None,
        answer=answer,
        answer_text=to_slots(row["answer_text"]) if "answer_text" in row else None,
        form=row.get("form"),
        let={name: str(value) for name, value in row.get("let", {}).items()},
        where=tuple(str(value) for value in row.get("where", ())),
        format=row.get("format", {}),
        check=_texts(row, "check"),
        at=tuple({to_slots(k): macro(str(v)) for k, v in point.items()} for point in points),
        functions={to_slots(k): to_slots(v) for k, v in row.get("functions", {}).items()},
        region=to_slots(row["region"]) if "region" in row else None,
        idea=tuple(computed(text) for text in row.get("idea", ())),
        verify=tuple(computed(text) for text in row.get("verify", ())),
        passage=_texts(row, "passage"),
        unscaled=frozenset(row.get("unscaled", ())),
        signed=row.get("signed", False),
        fractions=row.get("fractions", False),
        section=load_taxonomy().get(row["skill"]).section,
        used=frozenset(re.findall(r"\{([a-z_0-9]+)(?::c)?\}", str(row))),
    )


def _read(*path: str) -> Any:
    return yaml.safe_load(files("skillscope.tutoring").joinpath("questions", *path).read_text("utf-8"))


@cache
def load_families() -> dict[str, tuple[Family, ...]]:
    """The families of every skill, by skill id, in file order.

    Raises:
        SchemaError: a family has an unknown key.
    """
    found: dict[str, list[Family]] = {}
    for path in FILES:
        for row in _read(*path):
            found.setdefault(row["skill"], []).append(_family(row))
    return {skill: tuple(families) for skill, families in found.items()}


@cache
def load_words() -> dict[str, list[Any]]:
    """The word lists that families draw from."""
    words: dict[str, list[Any]] = _read("words.yaml")
    entries = [
        {**entry, "full": entry["sentence"].replace("______", entry["word"])}
        for entry in _read("reading", "words.yaml")
    ]
    return {**words, "topic": _read("reading", "topics.yaml"), "entry": entries}


@cache
def misconceptions() -> dict[str, tuple[str, ...]]:
    """Misconception id -> how one arrives at such an option, as gerund phrases (`adding instead of subtracting`)."""
    rows = {**_read("misconceptions.yaml"), **_read("reading", "misconceptions.yaml")}
    return {name: tuple(to_slots(text) for text in texts) for name, texts in rows.items()}
