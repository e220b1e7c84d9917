"""The four stages from nothing to a training set, and all of them at once.

    plan -> responses.csv -> + 16 linguistic -> + 13 behavioral -> + 4 scores = training.csv

A stage reads and writes part by part, in bounded memory. What it writes is whole and has a manifest, or is not there.
Running the stages one by one gives the same bytes as `generate_training_data`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from skillscope.datasets.contract import (
    COLUMNS,
    FEATURE_COLUMNS,
    LABELS,
    LINGUISTIC_COLUMNS,
    RESPONSE_COLUMNS,
    DesignCheck,
    check_rows,
)
from skillscope.datasets.files import require_file
from skillscope.datasets.io import FrameWriter, iter_frames
from skillscope.datasets.manifest import (
    Counts,
    Manifest,
    file_sha256,
    manifest_path,
    measured_versions,
    read_manifest,
    write_manifest,
)
from skillscope.datasets.parts import (
    Labels,
    TextPart,
    add_linguistic,
    behavioral_part,
    complete_part,
    distinct_texts,
    label_part,
    render_part,
    split_rows,
)
from skillscope.datasets.pool import WorkerPool
from skillscope.errors import InputError
from skillscope.settings import get_settings
from skillscope.simulation.plan import ResponsePlan

__all__ = [
    "DEFAULT_SEED",
    "StageResult",
    "auto_label_skills",
    "extract_linguistic_features",
    "generate_behavioral_features",
    "generate_synthetic_responses",
    "generate_training_data",
]

DEFAULT_SEED: Final = 42
PART_ROWS: Final = 504
"""Six grids: large enough for batches of the language pipeline, small enough to share among processes."""
ROWS_FOR_ONE_PROCESS: Final = 1512
"""Up to here a process of its own costs more (loading the language pipeline) than it brings."""

BYTES_OF_A_ROW: Final = 300
"""Of a CSV with responses; only to decide whether processes are worth starting."""

Progress = Callable[[int, int | None], None]
"""Called with the rows done and, where known, the rows to do."""


@dataclass(frozen=True)
class StageResult:
    """What a stage wrote, and what its caller should be told."""

    path: Path
    manifest: Manifest
    notes: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows written."""
        return self.manifest.counts.kept


def _workers(rows: int, workers: int | None) -> int:
    return 1 if rows <= ROWS_FOR_ONE_PROCESS else workers or get_settings().workers


def _write(
    output: Path, columns: Sequence[str], parts: Iterable[pd.DataFrame], manifest: Callable[[FrameWriter], Manifest],
    *, total: int | None, progress: Progress | None, balanced: bool,
) -> Manifest:  # fmt: skip
    """Write parts and manifest; with `balanced`, only if nothing is missing and the design holds."""
    design = DesignCheck()
    stale = manifest_path(output)
    with FrameWriter(output, columns) as writer:
        for part in parts:
            if balanced:
                labelled = columns == COLUMNS and bool(part[list(LABELS)].notna().any(axis=None))
                check_rows(part, columns, complete=True, labelled=labelled, first_row=writer.rows + 1)
                design.add(part)
            writer.write(part)
            if progress is not None:
                progress(writer.rows, total)
        if balanced:
            design.check_balance()
            design.check_rising()
        stale.unlink(missing_ok=True)  # a manifest must never describe another file's bytes
    made = manifest(writer)
    write_manifest(made, output)
    return made


def _plan(count: int, seed: int, *, exact: bool) -> tuple[ResponsePlan, list[str]]:
    if seed < 0:
        raise InputError(f"seed must be 0 or more, not {seed}", field="seed")
    plan = ResponsePlan(count, seed, exact)
    notes = []
    if plan.rounded:
        notes.append(
            f"{count} rounded up to {plan.rows}: whole grids of 4 skills x 3 levels x 7 grades (--exact gives {count})"
        )
    return plan, notes


def _texts(plan: ResponsePlan, pool: WorkerPool, again: list[int]) -> Iterator[TextPart]:
    """The plan's parts with texts, no text twice; `again` collects how many had to be rendered again."""
    seen: set[bytes] = set()
    empty = (TextPart(plan, start, stop) for start, stop in split_rows(plan.rows, PART_ROWS))
    for rendered in pool.map(render_part, empty):
        part, count = distinct_texts(rendered, seen)
        again.append(count)
        yield part


def generate_synthetic_responses(
    count: int,
    output: Path,
    *,
    seed: int = DEFAULT_SEED,
    exact: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> StageResult:
    """Stage 1: responses of simulated students, balanced over skills, levels and grades, no text twice.

    `count` is rounded up to whole grids of 84 unless `exact`. Same count and seed: the same bytes.

    Raises:
        InputError: count or seed is out of range.
        FileError: the output cannot be written.
    """
    plan, notes = _plan(count, seed, exact=exact)
    again: list[int] = []
    with WorkerPool(_workers(plan.rows, workers)) as pool:
        manifest = _write(
            output,
            RESPONSE_COLUMNS,
            (part.frame() for part in _texts(plan, pool, again)),
            lambda writer: Manifest(
                command="generate_synthetic_responses",
                stage="responses",
                seed=seed,
                requested=count,
                balanced=True,
                counts=Counts(planned=plan.rows, kept=writer.rows),
                rerendered=sum(again),
                sha256=writer.sha256,
            ),
            total=plan.rows,
            progress=progress,
            balanced=True,
        )
    return StageResult(output, manifest, notes)


@dataclass(frozen=True)
class _Input:
    """A dataset to work on, with the manifest that vouches for it, if any."""

    path: Path
    manifest: Manifest | None
    notes: list[str]

    @property
    def rows(self) -> int | None:
        return self.manifest.counts.kept if self.manifest else None

    @property
    def about(self) -> int:
        """Rows, guessed from the size of the file where no manifest says."""
        return self.path.stat().st_size // BYTES_OF_A_ROW if self.rows is None else self.rows

    @property
    def balanced(self) -> bool:
        return self.manifest is not None and self.manifest.balanced


def _open_input(path: Path) -> _Input:
    require_file(path, what="the output of the stage before")
    manifest = read_manifest(path)
    if manifest is None:
        return _Input(path, None, [f"{path.name} has no manifest"])
    if manifest.sha256 != file_sha256(path):
        return _Input(path, None, [f"{path.name} was changed after its manifest was written"])
    return _Input(path, manifest, [])


def _refuse_same(source: Path, output: Path) -> None:
    if source.resolve() == output.resolve():
        raise InputError(f"--output is the input itself ({output}); write to another file", field="output")


def _next_manifest(given: _Input, writer: FrameWriter, changes: dict[str, Any]) -> Manifest:
    """The input's manifest carried on, or a new one where the input has none."""
    base = given.manifest or Manifest(
        command="", stage="responses", counts=Counts(planned=writer.rows, kept=writer.rows), sha256=""
    )
    return base.model_copy(update={**changes, "sha256": writer.sha256})


def extract_linguistic_features(
    source: Path, output: Path, *, workers: int | None = None, progress: Progress | None = None
) -> StageResult:
    """Stage 2: the 16 linguistic features of every response, added to the five columns of stage 1.

    Works on any file with those columns, generated or real.

    Raises:
        FileError, SchemaError: the input cannot be used; rows and columns are named.
    """
    _refuse_same(source, output)
    given = _open_input(source)
    parts = iter_frames(source, RESPONSE_COLUMNS, part_rows=PART_ROWS)
    with WorkerPool(_workers(given.about, workers)) as pool:
        manifest = _write(
            output,
            LINGUISTIC_COLUMNS,
            pool.map(add_linguistic, parts),
            lambda writer: _next_manifest(
                given,
                writer,
                {
                    "command": "extract_linguistic_features",
                    "stage": "linguistic",
                    "versions": measured_versions(),
                },
            ),
            total=given.rows,
            progress=progress,
            balanced=given.balanced,
        )
    return StageResult(output, manifest, [])


def _seed_of(given: _Input, seed: int | None) -> tuple[int, list[str]]:
    """The seed that says who the simulated students are: the manifest's, or one of our own, said aloud."""
    known = given.manifest.seed if given.manifest else None
    if known is not None:
        if seed is not None and seed != known:
            raise InputError(
                f"--seed {seed} contradicts the manifest, whose students were drawn with {known}; leave --seed out",
                field="seed",
            )
        return known, []
    chosen = DEFAULT_SEED if seed is None else seed
    reason = given.notes[0] if given.notes else f"the manifest of {given.path.name} names no seed"
    return chosen, [f"{reason}: simulated students are drawn from its skill, level and grade with seed {chosen}"]


def generate_behavioral_features(
    source: Path,
    output: Path,
    *,
    seed: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> StageResult:
    """Stage 3: one simulated session per row, measured: 9 telemetry and 4 derived features.

    Who a row's student is, the manifest's seed and the row number say. Without a manifest (or with one that does not
    fit the file) students are drawn from skill, level and grade with `seed`, and a note says so.

    Raises:
        FileError, SchemaError: the input cannot be used; rows and columns are named.
        InputError: `seed` contradicts the manifest.
    """
    _refuse_same(source, output)
    given = _open_input(source)
    students, notes = _seed_of(given, seed)
    jobs = ((part, students) for part in iter_frames(source, LINGUISTIC_COLUMNS, part_rows=PART_ROWS))
    with WorkerPool(_workers(given.about, workers)) as pool:
        manifest = _write(
            output,
            FEATURE_COLUMNS,
            pool.map(behavioral_part, jobs),
            lambda writer: _next_manifest(
                given, writer, {"command": "generate_behavioral_features", "stage": "features", "seed": students}
            ),
            total=given.rows,
            progress=progress,
            balanced=given.balanced,
        )
    return StageResult(output, manifest, notes)


def _label_facts(labels: Labels) -> dict[str, Any]:
    from skillscope.simulation.raters import noise_ceiling

    ceiling = {str(k): round(v, 6) for k, v in noise_ceiling().items()} if labels == "simulated" else None
    return {"stage": "training", "label_source": None if labels == "none" else labels, "noise_ceiling": ceiling}


def auto_label_skills(
    source: Path,
    output: Path,
    *,
    labels: Labels = "simulated",
    seed: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> StageResult:
    """Stage 4: the four scores, by simulated raters, by the heuristic rater, or left empty.

    Raises:
        FileError, SchemaError: the input cannot be used, or (generated data) scores do not rise with the level.
        InputError: `seed` contradicts the manifest.
    """
    _refuse_same(source, output)
    given = _open_input(source)
    students, notes = _seed_of(given, seed) if labels == "simulated" else (DEFAULT_SEED, [])
    jobs = ((part, students, labels) for part in iter_frames(source, FEATURE_COLUMNS, part_rows=PART_ROWS))
    with WorkerPool(1) as pool:  # raters are quicker than sending the rows to another process
        manifest = _write(
            output,
            COLUMNS,
            pool.map(label_part, jobs),
            lambda writer: _next_manifest(given, writer, {"command": "auto_label_skills", **_label_facts(labels)}),
            total=given.rows,
            progress=progress,
            balanced=given.balanced,
        )
    return StageResult(output, manifest, notes)


def generate_training_data(
    count: int,
    output: Path,
    *,
    seed: int = DEFAULT_SEED,
    exact: bool = False,
    labels: Labels = "simulated",
    workers: int | None = None,
    progress: Progress | None = None,
) -> StageResult:
    """All four stages: a training set of 38 columns that fulfils the contract, with its manifest.

    Raises:
        InputError: count or seed is out of range.
        FileError: the output cannot be written.
        SchemaError: what was made breaks the contract; nothing is written.
    """
    plan, notes = _plan(count, seed, exact=exact)
    again: list[int] = []
    with WorkerPool(_workers(plan.rows, workers)) as pool:
        jobs = ((part, labels) for part in _texts(plan, pool, again))
        manifest = _write(
            output,
            COLUMNS,
            pool.map(complete_part, jobs),
            lambda writer: Manifest(
                command="generate_training_data",
                seed=seed,
                requested=count,
                balanced=True,
                counts=Counts(planned=plan.rows, kept=writer.rows),
                rerendered=sum(again),
                versions=measured_versions(),
                sha256=writer.sha256,
                **_label_facts(labels),
            ),
            total=plan.rows,
            progress=progress,
            balanced=True,
        )
    return StageResult(output, manifest, notes)
