"""Writes the pairs of a database: the good ones, the rejected ones, and a manifest of what became of every row."""

import hashlib
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from skillscope.errors import InputError
from skillscope.synthesis.files import canonical_json, file_sha256, lines_of, replacing
from skillscope.tutoring.extraction.pairs import KEPT_STARS, Extraction, Pair, feedback_pair
from skillscope.tutoring.extraction.sources import open_source
from skillscope.tutoring.performance import parse_feedback_input
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["ExtractManifest", "extract_pairs", "rejected_path"]

_MOST_WORDINGS: Final = 5
"""How often one student's result in a weak skill may be worded anew."""


class ExtractManifest(BaseModel):
    """What was extracted. Nothing in it says from whom or from where."""

    model_config = ConfigDict(extra="forbid")

    kind: str = "skillscope.extract.v1"
    shape: str
    since: str
    pairs: int
    rejected: int
    by_kind: dict[str, int]
    by_skill: dict[str, int]
    dropped: dict[str, int]
    personal_data_removed: dict[str, int]
    rationales_filled: int
    oversampled: int
    absent_tables: list[str]
    sha256: str


def rejected_path(output: Path) -> Path:
    """Where the pairs go that students rated with two stars or less."""
    return output.with_name(f"{output.stem}.rejected{output.suffix}")


def extract_pairs(
    database_url: str, output: Path, *, since: datetime, oversample_weak: bool = False, minimum: int = 3
) -> ExtractManifest:
    """Pairs of everything since a moment, as JSONL with its manifest; rejected ones beside it.

    `minimum` is how many answers in a skill make a pattern to give feedback on. Equal pairs are written once.

    Raises:
        InputError: `minimum` is below 1.
        ConfigurationError: the address is wrong.
        SchemaError: the database has neither our tables nor the documented ones.
        FileError: the output cannot be written.
    """
    if minimum < 1:
        raise InputError("at least one answer makes a pattern", field="minimum")
    kinds: Counter[str] = Counter()
    skills: Counter[str] = Counter()
    seen: set[bytes] = set()
    rejected = 0
    with (
        open_source(database_url, since) as source,
        replacing(output) as good,
        replacing(rejected_path(output)) as bad,
    ):
        extraction = Extraction(source, minimum=minimum)

        def put(pair: Pair) -> None:
            mark = hashlib.sha256(f"{pair['input']}\x1f{pair['output']}".encode()).digest()[:12]
            if mark in seen:
                extraction.dropped["equal to an earlier pair"] += 1
                return
            seen.add(mark)
            kinds[pair["kind"]] += 1
            skills[pair["skill"] or "none"] += 1
            good.write(canonical_json({**pair, "provenance": "real"}) + "\n")

        for pair in extraction.pairs():
            put(pair)
        for stars, pair in extraction.rated():
            if stars >= KEPT_STARS:
                put(pair)
            else:
                rejected += 1
                bad.write(canonical_json({**pair, "provenance": "real"}) + "\n")
        shape, absent = source.shape, sorted(source.absent)
    oversampled = _oversample(output, skills, kinds) if oversample_weak else 0
    manifest = ExtractManifest(
        shape=shape,
        since=since.isoformat(),
        pairs=sum(kinds.values()),
        rejected=rejected,
        by_kind=dict(sorted(kinds.items())),
        by_skill=dict(sorted(skills.items())),
        dropped=dict(sorted(extraction.dropped.items())),
        personal_data_removed=dict(sorted(extraction.personal.items())),
        rationales_filled=extraction.filled,
        oversampled=oversampled,
        absent_tables=absent,
        sha256=file_sha256(output),
    )
    with replacing(output.with_name(f"{output.stem}.manifest.json")) as stream:
        stream.write(manifest.model_dump_json(indent=2) + "\n")
    return manifest


def _oversample(output: Path, skills: Counter[str], kinds: Counter[str]) -> int:
    """Word the feedback of skills below half their even share anew, up to that share."""
    share = sum(skills.values()) // (2 * len(load_taxonomy().skills))
    wanted = {skill.id: share - skills[skill.id] for skill in load_taxonomy().skills if skills[skill.id] < share}
    added = 0
    outputs: set[str] = set()
    with replacing(output) as stream:
        for line in lines_of(output):
            stream.write(line + "\n")
        for wording in range(1, _MOST_WORDINGS + 1):
            for number, line in enumerate(lines_of(output)):
                row: dict[str, Any] = json.loads(line)
                if row["kind"] != "feedback" or wanted.get(row["skill"], 0) <= 0:
                    continue
                pair = feedback_pair(parse_feedback_input(row["input"])[0], wording * 1_000_003 + number)
                if pair["output"] == row["output"] or pair["output"] in outputs:
                    continue
                outputs.add(pair["output"])
                stream.write(canonical_json({**pair, "provenance": "real", "oversampled": True}) + "\n")
                wanted[row["skill"]] -= 1
                skills[row["skill"]] += 1
                kinds["feedback"] += 1
                added += 1
    return added
