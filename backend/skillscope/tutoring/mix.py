"""Mixes synthetic and real pairs by the transition policy (`mix_policy.yaml`), as data."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from skillscope.errors import FileError, InputError, SchemaError
from skillscope.synthesis import row_random
from skillscope.synthesis.files import canonical_json, file_sha256, replacing
from skillscope.tutoring.erasure import export_lock

__all__ = ["MixManifest", "Phase", "load_policy", "mix_pairs", "phase_for"]


@dataclass(frozen=True)
class Phase:
    """From `from_real` real pairs on: either synthetic pairs up to a total of `fill_to`, or a synthetic share."""

    name: str
    from_real: int
    fill_to: int | None = None
    synthetic_share: float | None = None

    def synthetic_wanted(self, real: int) -> int:
        """How many synthetic pairs belong beside so many real ones."""
        if self.fill_to is not None:
            return max(self.fill_to - real, 0)
        share = self.synthetic_share or 0.0
        return round(real * share / (1 - share))


class MixManifest(BaseModel):
    """What was mixed: the phase, the counts in and out, and the sha256 of each file."""

    model_config = ConfigDict(extra="forbid")

    kind: str = "skillscope.mix.v1"
    phase: str
    seed: int
    real: int
    synthetic_given: int
    synthetic_kept: int
    dropped: dict[str, int]
    by_kind: dict[str, int]
    inputs: dict[str, str]
    output: str
    sha256: str
    erased: int = 0
    """Lines taken out since, because their student was erased."""


def load_policy() -> tuple[Phase, ...]:
    """The phases in order of `from_real`."""
    rows = yaml.safe_load(files("skillscope.tutoring").joinpath("mix_policy.yaml").read_text("utf-8"))
    return tuple(sorted((Phase(**row) for row in rows["phases"]), key=lambda phase: phase.from_real))


def phase_for(real: int, policy: tuple[Phase, ...] | None = None) -> Phase:
    """The phase that so many real pairs are in."""
    phases = policy or load_policy()
    return next(phase for phase in reversed(phases) if real >= phase.from_real)


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read as UTF-8 text") from error
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise SchemaError(f"{path}, line {number}: not JSON") from error
        if not isinstance(row, dict) or not isinstance(row.get("input"), str) or not isinstance(row.get("output"), str):
            raise SchemaError(f"{path}, line {number}: a pair needs the texts `input` and `output`")
        rows.append(row)
    return rows


def _fair_choice(rows: list[dict[str, Any]], wanted: int, seed: int) -> list[dict[str, Any]]:
    """`wanted` rows, kinds kept in proportion: a hash orders the rows of each kind, so the choice is stable."""
    groups: dict[str, list[tuple[str, int]]] = {}
    for index, row in enumerate(rows):
        mark = hashlib.sha256(f"{seed}\x1f{row['input']}\x1f{row['output']}".encode()).hexdigest()
        groups.setdefault(str(row.get("kind", "")), []).append((mark, index))
    chosen: list[int] = []
    taken, seen = 0, 0
    for kind in sorted(groups):
        seen += len(groups[kind])
        share = round(wanted * seen / len(rows)) - taken
        chosen += [index for _, index in sorted(groups[kind])[:share]]
        taken += share
    return [rows[index] for index in sorted(chosen)]


def mix_pairs(synthetic: Path, real: Path, output: Path, *, seed: int = 42, share: float | None = None) -> MixManifest:
    """Writes real pairs and the synthetic ones that the policy allows beside them, in a seeded order.

    `share` overrides the policy with a synthetic share of the result, from 0 up to (not including) 1. A synthetic pair
    whose output stands among the real ones is dropped.

    Raises:
        FileError: a file cannot be read or written.
        SchemaError: a line is no pair.
        InputError: `share` is out of range, or nothing is left to write.
        ConflictError: another process is writing the output.
    """
    if share is not None and not 0 <= share < 1:
        raise InputError("the synthetic share must be at least 0 and below 1", field="share")
    with export_lock(output):
        return _mixed(synthetic, real, output, seed=seed, share=share)


def _mixed(synthetic: Path, real: Path, output: Path, *, seed: int, share: float | None) -> MixManifest:
    real_rows, made_rows = _read(real), _read(synthetic)
    phase = phase_for(len(real_rows)) if share is None else Phase("overridden", 0, synthetic_share=share)
    known = {row["output"] for row in real_rows}
    fresh = [row for row in made_rows if row["output"] not in known]
    wanted = min(phase.synthetic_wanted(len(real_rows)), len(fresh))
    kept = _fair_choice(fresh, wanted, seed) if wanted else []
    rows = [{**row, "origin": "real"} for row in real_rows] + [{**row, "origin": "synthetic"} for row in kept]
    if not rows:
        raise InputError("there is nothing to mix: no real pairs, and the policy leaves no room for synthetic ones")
    row_random(seed, "tutoring.mix.v1", 0).shuffle(rows)
    with replacing(output) as stream:
        for row in rows:
            stream.write(canonical_json(row) + "\n")
    manifest = MixManifest(
        phase=phase.name,
        seed=seed,
        real=len(real_rows),
        synthetic_given=len(made_rows),
        synthetic_kept=len(kept),
        dropped={"same output as a real pair": len(made_rows) - len(fresh), "policy": len(fresh) - len(kept)},
        by_kind=dict(sorted(Counter(str(row.get("kind", "unknown")) for row in rows).items())),
        inputs={synthetic.name: file_sha256(synthetic), real.name: file_sha256(real)},
        output=output.name,
        sha256=file_sha256(output),
    )
    with replacing(output.with_name(f"{output.stem}.manifest.json")) as stream:
        stream.write(manifest.model_dump_json(indent=2) + "\n")
    return manifest
