"""Brings GSM8K word problems in as free-response questions with rationales.

GSM8K (Cobbe et al. 2021, MIT licence): each step of a solution carries its calculation as `<<48/2=24>>24`. The
calculations become symbolic steps over the numbers of the problem and of earlier steps.
"""

import json
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from skillscope.errors import FileError, SchemaError
from skillscope.lm.expressions import ExpressionError, evaluate
from skillscope.lm.slots import display, fill, to_number
from skillscope.synthesis.files import canonical_json, file_sha256, replacing
from skillscope.tutoring.questions.mathematics import number_slots
from skillscope.tutoring.questions.model import Question, Step
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["Gsm8kManifest", "import_gsm8k", "question_from_gsm8k"]

SECTION = "Math"
_CALCULATION = re.compile(r"<<([^<>=]*)=([^<>]*)>>")
_FINAL = re.compile(r"####\s*(-?[\d,.]+)\s*$")
_OPERAND = re.compile(r"(?<![\w.])\d+(?:\.\d+)?|(?<![\w.])\.\d+")
_CUES = (
    ("percentages", re.compile(r"%|percent", re.IGNORECASE)),
    ("one-variable-data", re.compile(r"\baverage\b|\bmean\b|\bmedian\b", re.IGNORECASE)),
    (
        "area-and-volume",
        re.compile(r"\barea\b|\bperimeter\b|\bvolume\b|\bsquare (feet|meters|inches)\b", re.IGNORECASE),
    ),
    ("probability", re.compile(r"\bprobability\b|\blikely\b", re.IGNORECASE)),
    (
        "ratios-rates-units",
        re.compile(r"\bratio\b|\bper\b|\bevery\b|\beach\b|\ban? (hour|day|week|minute)\b", re.IGNORECASE),
    ),
)


class Gsm8kManifest(BaseModel):
    """What became of every line."""

    model_config = ConfigDict(extra="forbid")

    kind: str = "skillscope.gsm8k.v1"
    source: str
    read: int
    kept: int
    dropped: dict[str, int]
    by_skill: dict[str, int]
    sha256: str


def _plain(text: str) -> str:
    return re.sub(r"(?<=\d),(?=\d{3})", "", text)


def _skill(text: str) -> str:
    return next((skill for skill, cue in _CUES if cue.search(text)), "linear-equations-one-variable")


def _symbolic(expression: str, known: dict[str, Fraction]) -> str:
    """The calculation with every number that is known replaced by its slot, latest results first."""

    def one(match: re.Match[str]) -> str:
        value = Fraction(match.group())
        names = [name for name, number in known.items() if number == value]
        results = [name for name in names if name.startswith("r")]
        return (results or names or [match.group()])[-1]

    return _OPERAND.sub(one, expression.replace(" ", ""))


def question_from_gsm8k(row: dict[str, Any], number: int) -> Question:
    """One line as a question.

    Raises:
        SchemaError: the line lacks its texts, a calculation is wrong or unreadable, or the answer does not follow.
    """
    text, solution = row.get("question"), row.get("answer")
    if not isinstance(text, str) or not isinstance(solution, str):
        raise SchemaError("a GSM8K line needs the texts `question` and `answer`")
    final = _FINAL.search(_plain(solution))
    if final is None:
        raise SchemaError("the solution names no answer")
    answer = to_number(final.group(1).rstrip("."))
    delex, slots, _ = number_slots(_plain(text), {})
    known = {name: value for name, shown in slots.items() if (value := to_number(shown)) is not None}
    steps: list[Step] = []
    for line in _plain(solution[: solution.rindex("####")]).splitlines():
        steps.extend(_step(line, known))
    if answer is None or not steps or answer not in known.values():
        raise SchemaError("the answer does not follow from the calculations")
    skill = load_taxonomy().get(_skill(text))
    chain = " ".join(step.delex for step in steps)
    fill(chain, slots)
    return Question(
        id=f"gsm8k-{number:05d}",
        family="",
        skill=skill.id,
        domain=skill.domain,
        section=SECTION,
        difficulty=min(3, 1 + len(steps) // 3),
        type="Solve the word problem",
        type_delex="Solve the word problem",
        text=_plain(text).strip(),
        text_delex=delex.strip(),
        options=(),
        correct_answer=display(answer),
        answer_delex=f"⟨{next(name for name, value in reversed(known.items()) if value == answer)}⟩",
        rationale=re.sub(_CALCULATION, "", _plain(solution[: solution.rindex("####")])).strip(),
        key="gsm8k|" + "|".join(re.findall(r"=([^⟨⟩]*)⟩", chain)) + "|" + ",".join(slots.values()),
        steps=tuple(steps),
        slots=slots,
        provenance="gsm8k",
    )


def _step(line: str, known: dict[str, Fraction]) -> list[Step]:
    """The calculations of one line, checked; each result becomes a slot `r1`, `r2`, …"""
    steps = []
    for match in _CALCULATION.finditer(line):
        expression, result = match.groups()
        expression = expression.replace("$", "").replace("%", "/100").replace("x", "*").replace("–", "-")
        try:
            symbolic = _symbolic(expression, known)
            value = evaluate(symbolic, known)
        except ExpressionError as error:
            raise SchemaError("a calculation cannot be read") from error
        shown = to_number(result.replace("$", "").replace("%", "").strip())
        if shown is None or abs(value - shown) > Fraction(1, 100):
            raise SchemaError("a calculation is wrong or rounded")
        name = f"r{1 + sum(slot.startswith('r') for slot in known)}"
        before = {slot: display(number) for slot, number in known.items()}
        known[name] = value
        delex = f"{_shown(symbolic)} = ⟨{name}={symbolic}⟩."
        steps.append(Step(delex, fill(delex, before)))
    return steps


def _shown(symbolic: str) -> str:
    text = re.sub(r"\b([nr]\d+)\b", r"⟨\1⟩", symbolic)
    return re.sub(
        r"(?<=[\d⟩)])([-+*/])(?=[\d⟨(.])", lambda m: f" {m.group(1).replace('*', '×').replace('/', '÷')} ", text
    )


def import_gsm8k(source: Path, output: Path) -> Gsm8kManifest:
    """Reads GSM8K's JSONL and writes questions as JSONL with a manifest; a line that does not check is dropped.

    Raises:
        FileError: the source cannot be read, or the output not written.
        SchemaError: a line is no JSON.
    """
    try:
        lines = source.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{source} cannot be read as UTF-8 text") from error
    dropped: Counter[str] = Counter()
    kept: list[Question] = []
    for number, line in enumerate(lines):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise SchemaError(f"{source}, line {number + 1}: not JSON") from error
        try:
            kept.append(question_from_gsm8k(row, number))
        except SchemaError as error:
            dropped[str(error)] += 1
    with replacing(output) as stream:
        for question in kept:
            stream.write(canonical_json(question.to_json()) + "\n")
    manifest = Gsm8kManifest(
        source=source.name,
        read=len(lines),
        kept=len(kept),
        dropped=dict(sorted(dropped.items())),
        by_skill=dict(sorted(Counter(question.skill for question in kept).items())),
        sha256=file_sha256(output),
    )
    with replacing(output.with_name(f"{output.stem}.manifest.json")) as stream:
        stream.write(manifest.model_dump_json(indent=2) + "\n")
    return manifest
