"""Writes the pairs of a database: the good ones, the rejected ones, and a manifest of what became of every row."""

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from skillscope.errors import InputError
from skillscope.settings import get_settings
from skillscope.synthesis.files import canonical_json, file_sha256, lines_of, replacing
from skillscope.tutoring.erasure import export_lock
from skillscope.tutoring.extraction.pairs import KEPT_STARS, Extraction, Pair, feedback_pair
from skillscope.tutoring.extraction.sources import open_source
from skillscope.tutoring.performance import parse_feedback_input
from skillscope.tutoring.pseudonyms import Pseudonyms
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["ExtractManifest", "count_pairs", "extract_pairs", "rejected_path"]

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
    erased: int = 0
    """Lines taken out since, because their student was erased."""


def rejected_path(output: Path) -> Path:
    """Where the pairs go that students rated with two stars or less."""
    return output.with_name(f"{output.stem}.rejected{output.suffix}")


def extract_pairs(
    database_url: str,
    output: Path,
    *,
    since: datetime,
    oversample_weak: bool = False,
    minimum: int = 3,
    names: Pseudonyms | None = None,
) -> ExtractManifest:
    """Pairs of everything since a moment, as JSONL with its manifest; rejected ones beside it.

    `minimum` is how many answers in a skill make a pattern to give feedback on. Equal pairs are written once. A pair
    that comes of students carries their pseudonyms (`students`), made by `names`, by default those of the data folder.

    Raises:
        InputError: `minimum` is below 1.
        ConfigurationError: the address is wrong.
        SchemaError: the database has neither our tables nor the documented ones.
        FileError: the output cannot be written.
        ConflictError: another process is writing it.
    """
    if minimum < 1:
        raise InputError("at least one answer makes a pattern", field="minimum")
    names = names or Pseudonyms.open(get_settings().data_dir)
    with export_lock(output):
        with open_source(database_url, since) as source:
            extraction = Extraction(source, minimum=minimum, names=names)
            tally = _written(extraction, output)
            shape, absent = source.shape, sorted(source.absent)
        oversampled = _oversample(output, tally.skills, tally.kinds) if oversample_weak else 0
        manifest = ExtractManifest(
            shape=shape,
            since=since.isoformat(),
            pairs=sum(tally.kinds.values()),
            rejected=tally.rejected,
            by_kind=dict(sorted(tally.kinds.items())),
            by_skill=dict(sorted(tally.skills.items())),
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


def count_pairs(database_url: str, *, since: datetime = datetime(1970, 1, 1, tzinfo=UTC), minimum: int = 3) -> int:
    """How many pairs an extraction would write, nothing written. Raises like `extract_pairs`."""
    with open_source(database_url, since) as source:
        # what is counted leaves this function as a number alone: the pseudonyms may be anybody's
        extraction = Extraction(source, minimum=minimum, names=Pseudonyms(secrets.token_bytes(32)))
        return sum(1 for stars, _ in _once(extraction) if stars is None or stars >= KEPT_STARS)


@dataclass(slots=True)
class _Written:
    kinds: Counter[str] = field(default_factory=Counter)
    skills: Counter[str] = field(default_factory=Counter)
    rejected: int = 0


def _once(extraction: Extraction) -> Iterator[tuple[int | None, Pair]]:
    """Every pair with its stars, if it was rated; of equal good ones the first."""
    seen: set[bytes] = set()
    unrated = ((None, pair) for pair in extraction.pairs())
    for stars, pair in chain[tuple[int | None, Pair]](unrated, extraction.rated()):
        mark = hashlib.sha256(f"{pair['input']}\x1f{pair['output']}".encode()).digest()[:12]
        if stars is None or stars >= KEPT_STARS:
            if mark in seen:
                extraction.dropped["equal to an earlier pair"] += 1
                continue
            seen.add(mark)
        yield stars, {"id": f"real-{mark.hex()}", **pair}


def _written(extraction: Extraction, output: Path) -> _Written:
    tally = _Written()
    with replacing(output) as good, replacing(rejected_path(output)) as bad:
        for stars, pair in _once(extraction):
            line = canonical_json({**pair, "provenance": "real"}) + "\n"
            if stars is None or stars >= KEPT_STARS:
                tally.kinds[pair["kind"]] += 1
                tally.skills[pair["skill"] or "none"] += 1
                good.write(line)
            else:
                tally.rejected += 1
                bad.write(line)
    return tally


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
                told = {"id": f"{row['id']}-{wording}", "students": row["students"]}
                told |= {"provenance": "real", "oversampled": True}
                stream.write(canonical_json(pair | told) + "\n")
                wanted[row["skill"]] -= 1
                skills[row["skill"]] += 1
                kinds["feedback"] += 1
                added += 1
    return added
