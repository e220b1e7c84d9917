"""Real texts made trainable: every number and name of a feedback or plan text put back into the slot that it came from.

A text whose numbers do not all come from its input, or that would not pass verification, is left out and counted: the
model must never learn to write a digit. What students wrote themselves (help requests, notes) is never trained on.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from skillscope.errors import SchemaError
from skillscope.lm.slots import NUMBER, SLOT, fill
from skillscope.synthesis.files import canonical_json, file_sha256, lines_of, replacing
from skillscope.tutoring.adapt import parse_plan_input
from skillscope.tutoring.answerer import Request, feedback_request, plan_request
from skillscope.tutoring.performance import parse_feedback_input

__all__ = ["DelexManifest", "delexicalise", "delexicalise_pairs"]

_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")
_NAMES: Final = re.compile(r"skill\d*|old|kind")
_FEEDBACK: Final = (
    (r"(?<![\d.])(\d+)(?=%)", ("pct",)),
    (r"(?<![\d.])(\d+)/(\d+)", ("correct", "total")),
    (r"(?<![\d.])(\d+)(?= (?:right |correct )?(?:out )?of (?:your )?⟨total)", ("correct", "missed")),
    (r"(?<![\d.])(\d+(?:\.\d+)?)(?= ?(?:s\b|seconds\b))", ("time", "fast", "slow")),
    (r"(?<![\d.])(\d+\.\d+)", ("prof",)),
    (r"(?<![\d.])(\d+)(?![\d.]*\d)", ("correct", "missed", "total", "next", "max", "fast", "slow")),
)
"""A number's surroundings, and the slots that may stand there, in the order in which they are tried."""
_OF: Final = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?) ((?:right |correct )?(?:out )?of (?:your )?)(\d+)")
_PLAN: Final = (
    (r"(?<![\d.])(\d+)(?=%)", ("pct",)),
    (r"(?<![\d.])(\d+)/(\d+)", ("correct", "total")),
    (r"(?i)(?<=day )(\d+)", ("day", "other")),
    (r"(?<![\d.])(\d+)(?![\d.]*\d)", ("correct", "total", "pct", "day", "other")),
)


class DelexManifest(BaseModel):
    """What became of every pair of a file."""

    model_config = ConfigDict(extra="forbid")

    kind: str = "skillscope.delex.v1"
    source: str
    read: int
    kept: int
    by_kind: dict[str, int]
    left_out: dict[str, int]
    sha256: str


def _request(row: Mapping[str, Any]) -> Request | None:
    """What code prepares for a pair; None for kinds that the small model does not write."""
    if row["kind"] in ("feedback", "rated"):
        return feedback_request(parse_feedback_input(row["input"]))
    if row["kind"] == "plan":
        return plan_request(*parse_plan_input(row["input"]))[0]
    return None


def _named(text: str, slots: Mapping[str, str]) -> str:
    """Names put back, the longest first, where no letter touches them."""
    names = {value: name for name, value in slots.items() if _NAMES.fullmatch(name)}
    for value in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<![\w⟨]){re.escape(value)}(?![\w⟩])", f"⟨{names[value]}⟩", text)
    return text


def _slot(number: str, choices: tuple[str, ...], index: str, slots: Mapping[str, str]) -> str | None:
    """The slot of a skill (`index`), or one for all, that holds just this number."""
    for choice in choices:
        for name in (f"{choice}{index}", choice):
            if slots.get(name) == number:
                return f"⟨{name}⟩"
    return None


def _feedback(text: str, slots: Mapping[str, str]) -> str:
    index = "1"
    parts = []
    for sentence in _SENTENCE.split(_named(text, slots)):
        mentioned = re.findall(r"⟨skill(\d+)⟩", sentence)
        index = mentioned[0] if mentioned else index
        parts.append(_numbered(sentence, index, slots, _FEEDBACK))
    return " ".join(parts)


def _numbered(
    sentence: str, index: str, slots: Mapping[str, str], patterns: tuple[tuple[str, tuple[str, ...]], ...]
) -> str:
    def both(match: re.Match[str]) -> str:
        first, between, second = match.groups()
        for one, other in (("correct", "total"), ("missed", "total"), ("prof", "max")):
            left, right = _slot(first, (one,), index, slots), _slot(second, (other,), index, slots)
            if left and right:
                return f"{left} {between}{right}"
        return match.group()

    sentence = _OF.sub(both, sentence)
    for pattern, choices in patterns:

        def one(match: re.Match[str], choices: tuple[str, ...] = choices) -> str:
            if match.lastindex == 2:
                left, right = (_slot(match.group(at), (choices[at - 1],), index, slots) for at in (1, 2))
                return f"{left}/{right}" if left and right else match.group()
            return _slot(match.group(1), choices, index, slots) or match.group()

        pieces = re.split(r"(⟨[^⟩]*⟩)", sentence)
        sentence = re.sub(pattern, one, sentence) if len(pieces) == 1 else _outside(sentence, pattern, one)
    return sentence


def _outside(sentence: str, pattern: str, one: Callable[[re.Match[str]], str]) -> str:
    """Substitution that leaves the slots already there alone (their names hold digits)."""
    inside = [match.span() for match in re.finditer(r"⟨[^⟩]*⟩", sentence)]

    def guarded(match: re.Match[str]) -> str:
        held = any(start <= match.start() and match.end() <= end for start, end in inside)
        return match.group() if held else one(match)

    return re.sub(pattern, guarded, sentence)


def delexicalise(request: Request, text: str) -> tuple[str | None, str]:
    """The delexicalised text, or None with the reason why the pair cannot be trained on."""
    slots = request.prompt.slots
    if "⟨" in text or "⟩" in text:
        return None, "holds slot brackets"
    if request.prompt.kind == "plan":
        delex = _numbered(_named(text, slots), "", slots, _PLAN)
    else:
        delex = _feedback(text, slots)
    if NUMBER.search(SLOT.sub(" ", delex)):
        return None, "a number that the input does not give"
    if fill(delex, slots) != text:
        return None, "the slots do not give the text back"
    verdict = request.check(text, delex)
    return (delex, "") if verdict.ok else (None, verdict.reasons[0].split(":")[0])


def delexicalise_pairs(source: Path, output: Path) -> DelexManifest:
    """Reads extracted pairs, and writes those that the small model can be trained on, with a manifest.

    Raises:
        FileError: a file cannot be read or written.
        SchemaError: a line is no pair.
    """
    left_out: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    read = 0
    with replacing(output) as stream:
        for number, line in enumerate(lines_of(source), start=1):
            read += 1
            try:
                row = json.loads(line)
                request = _request(row)
                text = str(row["output"])
            except SchemaError:
                left_out["an input of another shape"] += 1
                continue
            except (ValueError, KeyError, TypeError) as error:
                raise SchemaError(f"{source}, line {number}: no pair") from error
            if request is None:
                left_out["a kind that the small model does not write"] += 1
                continue
            delex, reason = delexicalise(request, text)
            if delex is None:
                left_out[reason] += 1
                continue
            prompt = request.prompt
            kinds[prompt.kind] += 1
            made = {"input_delex": prompt.delex, "output_delex": delex, "slots": prompt.slots, "key": prompt.delex}
            stream.write(canonical_json({**row, "kind": prompt.kind, **made, "origin": "real"}) + "\n")
    manifest = DelexManifest(
        source=source.name,
        read=read,
        kept=sum(kinds.values()),
        by_kind=dict(sorted(kinds.items())),
        left_out=dict(sorted(left_out.items())),
        sha256=file_sha256(output),
    )
    with replacing(output.with_name(f"{output.stem}.manifest.json")) as stream:
        stream.write(manifest.model_dump_json(indent=2) + "\n")
    return manifest
