"""A person's look at a sample: pairs out as CSV, verdicts back into the pairs' manifest."""

import csv
import io
import json
from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from skillscope.errors import FileError, InputError, SchemaError
from skillscope.synthesis import manifest_path, row_random
from skillscope.synthesis.files import file_sha256, replacing
from skillscope.tutoring.pairs.measures import read_pairs

__all__ = ["ReviewSummary", "read_review", "write_review"]

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
    """Reads the verdicts of a CSV back and writes the summary into the pairs' manifest, as `review`.

    Raises:
        FileError: a file cannot be read or written, or there is no manifest.
        SchemaError: a verdict is none of good, minor, wrong, an id is not in the pairs, or the manifest is another
            file's.
    """
    try:
        with reviewed.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"{reviewed} cannot be read as a UTF-8 CSV") from error
    if not rows or not {"id", "verdict"} <= rows[0].keys():
        raise SchemaError(f"{reviewed} needs the columns id and verdict, and at least one row")
    known = {str(row.get("id")): str(row.get("kind")) for row in read_pairs(pairs)}
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
    _keep(summary, pairs)
    return summary


def _keep(summary: ReviewSummary, pairs: Path) -> None:
    path = manifest_path(pairs)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(f"{path} cannot be read: a manifest lies beside every file of pairs") from error
    except ValueError as error:
        raise SchemaError(f"{path} is no JSON") from error
    if not isinstance(manifest, dict) or manifest.get("sha256") != summary.pairs_sha256:
        raise SchemaError(f"{path} is the manifest of another file: {pairs} has changed since")
    with replacing(path) as stream:
        stream.write(json.dumps(manifest | {"review": summary.model_dump()}, indent=2, ensure_ascii=False) + "\n")
