"""A person's look at a sample: pairs out as CSV, verdicts back into a file beside the pairs' manifest."""

import csv
import io
from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from skillscope.errors import FileError, InputError, SchemaError
from skillscope.synthesis import row_random
from skillscope.synthesis.files import file_sha256, replacing
from skillscope.tutoring.pairs.measures import read_pairs

__all__ = ["ReviewSummary", "read_review", "review_path", "write_review"]

COLUMNS = ("id", "kind", "skill", "input", "output", "verdict", "comment")
VERDICTS = ("good", "minor", "wrong")


class ReviewSummary(BaseModel):
    """What a person found: counts by verdict and kind, the ids of wrong ones, and which file was read."""

    model_config = ConfigDict(extra="forbid")

    kind: str = "skillscope.review.v1"
    pairs_sha256: str
    sampled: int
    judged: int
    verdicts: dict[str, int]
    by_kind: dict[str, dict[str, int]]
    wrong: list[str]


def review_path(pairs: Path) -> Path:
    """Where the summary of a review lies: beside the manifest of the pairs."""
    return pairs.with_name(f"{pairs.stem}.review.json")


def write_review(pairs: Path, output: Path, sample: int = 100, *, seed: int = 42) -> int:
    """Writes a CSV of sampled pairs with empty `verdict` (good, minor, wrong) and `comment`; gives the rows written.

    Raises:
        InputError: `sample` is below 1.
        FileError, SchemaError: the pairs cannot be read.
    """
    if sample < 1:
        raise InputError("the sample must hold at least one pair", field="sample")
    rows = list(read_pairs(pairs))
    rng = row_random(seed, "tutoring.review.v1", 0)
    chosen = sorted(rng.sample(range(len(rows)), min(sample, len(rows))))
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for index in chosen:
        writer.writerow({name: rows[index].get(name, "") for name in COLUMNS})
    with replacing(output) as stream:
        stream.write(buffer.getvalue())
    return len(chosen)


def read_review(pairs: Path, reviewed: Path) -> ReviewSummary:
    """Reads the verdicts of a CSV back and writes the summary beside the pairs' manifest.

    Raises:
        FileError: a file cannot be read or written.
        SchemaError: a verdict is none of good, minor, wrong, or an id is not in the pairs.
    """
    try:
        with reviewed.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"{reviewed} cannot be read as a UTF-8 CSV") from error
    if not rows or not {"id", "verdict"} <= rows[0].keys():
        raise SchemaError(f"{reviewed} needs the columns id and verdict, and at least one row")
    known = {row["id"]: row["kind"] for row in read_pairs(pairs)}
    counts: Counter[str] = Counter()
    by_kind: dict[str, Counter[str]] = {}
    wrong: list[str] = []
    for number, row in enumerate(rows, start=2):
        verdict = (row["verdict"] or "").strip().lower()
        if row["id"] not in known:
            raise SchemaError(f"{reviewed}, line {number}: no pair has this id")
        if not verdict:
            continue
        if verdict not in VERDICTS:
            raise SchemaError(f"{reviewed}, line {number}: a verdict is one of {', '.join(VERDICTS)}")
        counts[verdict] += 1
        by_kind.setdefault(known[row["id"]], Counter())[verdict] += 1
        if verdict == "wrong":
            wrong.append(row["id"])
    summary = ReviewSummary(
        pairs_sha256=file_sha256(pairs),
        sampled=len(rows),
        judged=sum(counts.values()),
        verdicts=dict(sorted(counts.items())),
        by_kind={kind: dict(sorted(found.items())) for kind, found in sorted(by_kind.items())},
        wrong=wrong,
    )
    with replacing(review_path(pairs)) as stream:
        stream.write(summary.model_dump_json(indent=2) + "\n")
    return summary
