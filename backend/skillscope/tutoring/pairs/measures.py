"""Figures about a set of pairs: verification, variety, near duplicates, lengths, coverage."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from skillscope.errors import FileError, SchemaError
from skillscope.lm.slots import SLOT
from skillscope.synthesis.variety import distinct, near_duplicates, self_bleu
from skillscope.tutoring.pairs.wording import frames
from skillscope.tutoring.questions.families import load_families
from skillscope.tutoring.taxonomy import load_taxonomy
from skillscope.tutoring.verify import verify_pair

__all__ = [
    "KindFigures",
    "PairFigures",
    "distinct",
    "frames_of",
    "measure_pairs",
    "near_duplicates",
    "read_pairs",
    "self_bleu",
]

_JOINTS = ("first.", "next.", "last.", "several.next")
"""Groups of connecting words, which are not counted as sentences."""


class KindFigures(BaseModel):
    """One kind of pair."""

    model_config = ConfigDict(extra="forbid")

    pairs: int
    verified: int
    faults: dict[str, int]
    frames_used: int
    frames_known: int
    """Frames that texts of this kind can be built from, those that a model added left out."""
    delex_sentences: int
    distinct_1: float
    distinct_2: float
    delex_distinct_2: float
    self_bleu: float
    exact_duplicates: int
    near_duplicate_share: float
    words_low: int
    words_mean: float
    words_high: int
    lengths: dict[int, int]
    skills: dict[str, int]
    least_skill_share: float
    """Pairs of the rarest skill over the even share of a skill."""


class PairFigures(BaseModel):
    """All kinds."""

    model_config = ConfigDict(extra="forbid")

    file: str
    kinds: dict[str, KindFigures]


def read_pairs(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a pairs file.

    Raises:
        FileError: it cannot be read.
        SchemaError: a line is no JSON object.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise SchemaError(f"{path}, line {number}: not a JSON object")
                yield row
    except json.JSONDecodeError as error:
        raise SchemaError(f"{path}: a line is not JSON") from error
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read as UTF-8 text") from error


def _tokens(text: str) -> list[str]:
    return re.findall(r"⟨[^⟩]*⟩|\w+|[^\w\s]", text.lower())


@cache
def frames_of(kind: str) -> frozenset[str]:
    """The ids of all frames that a text of a kind (`feedback`, `explanation`, `plan`) can be built from."""
    name = {"explanation": "explanations", "plan": "plans"}.get(kind, kind)
    known = {frame.id for group, rows in frames(name).items() if not group.startswith(_JOINTS) for frame in rows}
    if kind != "explanation":
        return frozenset(known)
    for family in (family for families in load_families().values() for family in families):
        parts = {f"step{place}": texts for place, texts in enumerate(family.steps)}
        parts |= {"idea": family.idea, "verify": family.verify}
        known |= {f"{family.id}:{part}.{index}" for part, texts in parts.items() for index in range(len(texts))}
    return frozenset(known)


def _kind(rows: Sequence[Mapping[str, Any]], *, near: bool) -> KindFigures:
    verdicts = [verify_pair(row) for row in rows]
    faults = Counter(reason.split(":")[0] for verdict in verdicts for reason in verdict.reasons)
    tokens = [_tokens(row["output"]) for row in rows]
    delex = [_tokens(row["output_delex"]) for row in rows]
    words = [len(row["output"].split()) for row in rows]
    skills = Counter(row["skill"] for row in rows)
    known = [skill.id for skill in load_taxonomy().skills]
    sentences = {
        re.sub(r"r\d+=[^⟩]*|r\d+", "r", sentence)
        for row in rows
        for sentence in re.split(r"(?<=[.!?])\s+", row["output_delex"])
        if SLOT.search(sentence) or sentence
    }
    return KindFigures(
        pairs=len(rows),
        verified=sum(verdict.ok for verdict in verdicts),
        faults=dict(sorted(faults.items())),
        frames_used=len({frame for row in rows for frame in row["frames"]}),
        frames_known=len(frames_of(rows[0]["kind"])),
        delex_sentences=len(sentences),
        distinct_1=distinct(tokens, 1),
        distinct_2=distinct(tokens, 2),
        delex_distinct_2=distinct(delex, 2),
        self_bleu=self_bleu(tokens),
        exact_duplicates=len(rows) - len({row["output"] for row in rows}),
        near_duplicate_share=near_duplicates([row["output"] for row in rows]) if near else math.nan,
        words_low=min(words),
        words_mean=float(np.mean(words)),
        words_high=max(words),
        lengths=dict(sorted(Counter(words).items())),
        skills={skill: skills.get(skill, 0) for skill in known},
        least_skill_share=min(skills.get(skill, 0) for skill in known) * len(known) / len(rows),
    )


def measure_pairs(path: Path, *, near: bool = True) -> PairFigures:
    """Figures of a pairs file; `near=False` leaves near duplicates out (the slow part).

    Raises:
        FileError: the file cannot be read.
        SchemaError: it is empty, or a line lacks a field.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in read_pairs(path):
        groups.setdefault(str(row.get("kind")), []).append(row)
    if not groups:
        raise SchemaError(f"{path} holds no pairs")
    try:
        kinds = {kind: _kind(rows, near=near) for kind, rows in sorted(groups.items())}
    except KeyError as error:
        raise SchemaError(f"{path}: a pair lacks the field {error}") from error
    return PairFigures(file=path.name, kinds=kinds)
