"""Frozen prompts to measure a model on: keys that no training sees (`lm.rows.is_reserved`), written once to a file.

Four sets: `feedback`, `explanation` and `plan` as the pairs are, and `wide`, Math explanations whose coefficients reach
ten times as far as any that was trained on.
"""

import gzip
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from skillscope.errors import FileError, InputError, SchemaError
from skillscope.lm.rows import is_reserved
from skillscope.synthesis import row_random
from skillscope.synthesis.files import canonical_json, file_sha256, writing
from skillscope.tutoring.adapt import parse_plan_input
from skillscope.tutoring.answerer import Request, explanation_request, feedback_request, plan_request
from skillscope.tutoring.pairs.explanations import explanation_draft
from skillscope.tutoring.pairs.feedback import draw_performance, feedback_draft
from skillscope.tutoring.pairs.plans import draw_plan, plan_draft
from skillscope.tutoring.pairs.prompts import explanation_prompt, feedback_prompt, plan_prompt
from skillscope.tutoring.pairs.roles import roles_of, slots_renamed
from skillscope.tutoring.performance import parse_feedback_input
from skillscope.tutoring.questions.generate import render_question
from skillscope.tutoring.questions.model import Question
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["SETS", "WIDE", "HeldOut", "freeze_holdout", "of_set", "read_holdout"]

SETS: Final = ("feedback", "explanation", "plan", "wide")
WIDE: Final = 10
"""How much further the coefficients of the set `wide` reach."""
_NAME: Final = "lm.holdout.v1"
_TRIES: Final = 400


@dataclass(frozen=True)
class HeldOut:
    """One prompt: its set, what code prepared, and one text of the templates' to compare with (delexicalised)."""

    set: str
    request: Request
    reference: str


def _feedback(number: int, seed: int) -> dict[str, Any] | None:
    rng = row_random(seed, f"{_NAME}.feedback", number)
    skills = load_taxonomy().skills
    rows = draw_performance(rng, skills[number % len(skills)])
    prompt = feedback_prompt(rows)
    if not is_reserved("feedback", prompt.delex):
        return None
    return {"input": prompt.text, "key": prompt.delex, "reference": feedback_draft(rng, rows).delex}


def _plan(number: int, seed: int) -> dict[str, Any] | None:
    rng = row_random(seed, f"{_NAME}.plan", number)
    skills = load_taxonomy().skills
    plan, rows = draw_plan(rng, skills[number % len(skills)])
    prompt, adjustment = plan_prompt(plan, rows)
    if not is_reserved("plan", prompt.delex):
        return None
    return {"input": prompt.text, "key": prompt.delex, "reference": plan_draft(rng, adjustment, prompt.slots).delex}


def _explanation(number: int, seed: int, *, scale: int = 1) -> dict[str, Any] | None:
    question = render_question(number, seed, scale=scale)
    if not is_reserved("explanation", question.key) or (scale > 1 and question.section != "Math"):
        return None
    rng = row_random(seed, f"{_NAME}.explanation", number, scale)
    chosen = rng.choice(question.distractors).option if rng.random() < 0.5 else None
    draft = explanation_draft(rng, question, explanation_prompt(question, chosen))
    shown = {**question.to_json(), "rationale": "", "steps": []}
    as_asked = {role: slot for slot, role in roles_of(question).items()}
    reference = slots_renamed(draft.delex, as_asked)
    return {"question": shown, "chosen": chosen, "key": question.key, "reference": reference}


def _wide(number: int, seed: int) -> dict[str, Any] | None:
    return _explanation(number, seed, scale=WIDE)


_MAKERS: Final[dict[str, Callable[[int, int], dict[str, Any] | None]]] = {
    "feedback": _feedback,
    "explanation": _explanation,
    "plan": _plan,
    "wide": _wide,
}


def _rows(count: int, seed: int, progress: Callable[[str, int], None]) -> Iterator[dict[str, Any]]:
    for name in SETS:
        found = 0
        for number in range(count * _TRIES):
            made = _MAKERS[name](number, seed)
            if made is None:
                continue
            yield {"set": name, **made}
            found += 1
            progress(name, found)
            if found == count:
                break


def freeze_holdout(
    output: Path,
    count: int = 600,
    *,
    seed: int = 2026,
    progress: Callable[[str, int], None] = lambda _name, _done: None,
) -> str:
    """Writes `count` prompts of each set as gzipped JSONL, and gives the file's sha256. Same seed, same bytes.

    Raises:
        InputError: `count` is below 1.
        FileError: the file cannot be written.
    """
    if count < 1:
        raise InputError("at least one prompt of each set is needed", field="count")
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, filename="") as stream:
        for row in _rows(count, seed, progress):
            stream.write(f"{canonical_json(row)}\n".encode())
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    with writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(buffer.getvalue())
            temporary.replace(output)
        finally:
            temporary.unlink(missing_ok=True)
    return file_sha256(output)


def read_holdout(path: Path, *, at_most: int | None = None) -> list[HeldOut]:
    """The prompts of a file, the first `at_most` of each set.

    Raises:
        FileError: it cannot be read.
        SchemaError: a line is no prompt, or its key is not reserved.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            lines = stream.read().splitlines()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read as gzipped JSON lines: `skillscope lm holdout` writes them") from error
    items: list[HeldOut] = []
    taken = dict.fromkeys(SETS, 0)
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            name = row["set"]
            if taken[name] == at_most:
                continue
            taken[name] += 1
            kind = "explanation" if name == "wide" else name
            if not is_reserved(kind, row["key"]):
                raise SchemaError(f"{path}, line {number}: this key is trained on, so it measures nothing")
            items.append(HeldOut(name, _request(row), _reference(row)))
        except (ValueError, KeyError, TypeError) as error:
            raise SchemaError(f"{path}, line {number}: no held-out prompt") from error
    return items


def _request(row: dict[str, Any]) -> Request:
    if "question" in row:
        return explanation_request(Question.from_json(row["question"]), row["chosen"])
    if row["set"] == "plan":
        return plan_request(*parse_plan_input(row["input"]))[0]
    return feedback_request(parse_feedback_input(row["input"]))


def _reference(row: dict[str, Any]) -> str:
    """The reference, its numbers named as the prompt names them; in the file they are named as the question does."""
    text: str = row["reference"]
    return slots_renamed(text, roles_of(Question.from_json(row["question"]))) if "question" in row else text


def of_set(items: Sequence[HeldOut], name: str) -> list[HeldOut]:
    """The prompts of one set."""
    return [item for item in items if item.set == name]
