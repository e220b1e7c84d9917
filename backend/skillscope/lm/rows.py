"""Pairs as a model reads them, and which of them no training may see."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from skillscope.errors import SchemaError
from skillscope.synthesis.files import lines_of

__all__ = ["RESERVED_SHARE", "Example", "Examples", "is_reserved", "read_examples", "texts_of"]

RESERVED_SHARE: Final = 0.05
"""The share of keys that is kept for evaluation, whatever the file that they turn up in."""
_SALT: Final = "skillscope.lm.holdout.v1"


@dataclass(frozen=True, slots=True)
class Example:
    """One pair, delexicalised: what the model is given, and what it should write."""

    kind: str
    prompt: str
    target: str
    key: str
    origin: str = "synthetic"


@dataclass(frozen=True, slots=True)
class Examples:
    """The pairs of a file to train on, those reserved for evaluation, and how many had no delexicalised text."""

    train: tuple[Example, ...]
    reserved: tuple[Example, ...]
    left_out: int


def is_reserved(kind: str, key: str) -> bool:
    """Whether everything with this key (normalised equation, performance profile, plan) is kept out of training.

    A hash decides, so the same keys are reserved in every file, today's and next year's.
    """
    digest = hashlib.sha256(f"{_SALT}|{kind}|{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < RESERVED_SHARE * 2**64


def read_examples(path: Path) -> Examples:
    """The pairs of a JSONL file, split by key; a pair without delexicalised text is counted and left out.

    Raises:
        FileError: the file cannot be read.
        SchemaError: a line is no pair, or nothing is left to train on.
    """
    train: list[Example] = []
    reserved: list[Example] = []
    left_out = 0
    for number, line in enumerate(lines_of(path), start=1):
        if not line.strip():
            continue
        row = _object(line, path, number)
        prompt, target = row.get("input_delex"), row.get("output_delex")
        if prompt is None and isinstance(row.get("input"), str):
            left_out += 1
            continue
        if not isinstance(prompt, str) or not isinstance(target, str) or not target:
            raise SchemaError(f"{path}, line {number}: a pair needs the texts `input_delex` and `output_delex`")
        kind, key = str(row.get("kind", "")), str(row.get("key") or prompt)
        example = Example(kind, prompt, target, key, str(row.get("origin", "synthetic")))
        (reserved if is_reserved(kind, key) else train).append(example)
    if not train:
        raise SchemaError(f"{path} holds no pair to train on: delexicalised pairs come from `tutoring pairs generate`")
    return Examples(tuple(train), tuple(reserved), left_out)


def _object(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise SchemaError(f"{path}, line {number}: not JSON") from error
    if not isinstance(row, dict):
        raise SchemaError(f"{path}, line {number}: not a JSON object")
    return row


def texts_of(examples: Iterable[Example]) -> Iterable[str]:
    """Every text of some pairs."""
    for example in examples:
        yield example.prompt
        yield example.target
