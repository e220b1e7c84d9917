"""What all stages share: reading the output of the stage before, and writing whole files with their manifest."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skillscope.datasets.contract import COLUMNS, LABELS, DesignCheck, check_rows
from skillscope.datasets.datasheet import datasheet_path
from skillscope.datasets.files import require_file
from skillscope.datasets.io import FrameWriter, iter_frames
from skillscope.datasets.manifest import Counts, Manifest, file_sha256, manifest_path, read_manifest, write_manifest
from skillscope.datasets.parts import Labels
from skillscope.errors import InputError
from skillscope.settings import get_settings
from skillscope.synthesis.lock import RunLock

__all__ = [
    "DEFAULT_SEED",
    "PART_ROWS",
    "Progress",
    "StageInput",
    "StageResult",
    "label_facts",
    "next_manifest",
    "open_input",
    "rationales_path",
    "refuse_same",
    "seed_of",
    "worker_count",
    "write_stage",
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


def worker_count(rows: int, workers: int | None) -> int:
    """How many processes so many rows are worth."""
    return 1 if rows <= ROWS_FOR_ONE_PROCESS else workers or get_settings().workers


def write_stage(
    output: Path, columns: Sequence[str], parts: Iterable[pd.DataFrame], manifest: Callable[[FrameWriter], Manifest],
    *, total: int | None, progress: Progress | None, balanced: bool,
) -> Manifest:  # fmt: skip
    """Write parts and manifest; with `balanced`, only if nothing is missing and the design holds.

    Raises:
        ConflictError: another run writes this output; the message names its pid.
    """
    design = DesignCheck()
    stale = manifest_path(output)
    with RunLock(output), FrameWriter(output, columns) as writer:
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
        datasheet_path(output).unlink(missing_ok=True)
        rationales_path(output).unlink(missing_ok=True)
    made = manifest(writer)
    write_manifest(made, output)
    return made


def rationales_path(output: Path) -> Path:
    """Where the sentences of language-model raters lie: `<stem>.rationales.jsonl` beside the dataset."""
    return output.with_name(f"{output.stem}.rationales.jsonl")


@dataclass(frozen=True)
class StageInput:
    """A dataset to work on, with the manifest that vouches for it, if any."""

    path: Path
    manifest: Manifest | None
    notes: list[str]

    @property
    def rows(self) -> int | None:
        """Rows, where a manifest says."""
        return self.manifest.counts.kept if self.manifest else None

    @property
    def about(self) -> int:
        """Rows, guessed from the size of the file where no manifest says."""
        return self.path.stat().st_size // BYTES_OF_A_ROW if self.rows is None else self.rows

    @property
    def balanced(self) -> bool:
        """Whether nothing may be missing and the design must hold."""
        return self.manifest is not None and self.manifest.balanced

    @property
    def planned(self) -> int | None:
        """Rows planned, where a manifest says."""
        return self.manifest.counts.planned if self.manifest else None

    @property
    def prompts(self) -> str | None:
        """Version of the prompts that the texts were paid for with, if they were."""
        return self.manifest.versions.prompts if self.manifest else None

    def parts(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """The rows; the index is the planned row number, which says who a row's simulated student is."""
        numbers = self.manifest.row_numbers() if self.manifest else None
        for part in iter_frames(self.path, columns, part_rows=PART_ROWS):
            yield part if numbers is None else part.set_index(numbers[part.index.to_numpy()])

    def row_numbers(self, rows: int) -> NDArray[np.int64]:
        """The planned row number of each of the file's `rows` rows."""
        return self.manifest.row_numbers() if self.manifest else np.arange(rows)


def open_input(path: Path) -> StageInput:
    """The output of the stage before, with its manifest where that fits.

    Raises:
        FileError, SchemaError: the file is missing or empty, or the manifest unusable.
    """
    require_file(path, what="the output of the stage before")
    manifest = read_manifest(path)
    if manifest is None:
        return StageInput(path, None, [f"{path.name} has no manifest"])
    if manifest.sha256 != file_sha256(path):
        return StageInput(path, None, [f"{path.name} was changed after its manifest was written"])
    return StageInput(path, manifest, [])


def refuse_same(source: Path, output: Path) -> None:
    """Refuse to write over the input.

    Raises:
        InputError: both are one file.
    """
    if source.resolve() == output.resolve():
        raise InputError(f"--output is the input itself ({output}); write to another file", field="output")


def next_manifest(given: StageInput, writer: FrameWriter, changes: dict[str, Any]) -> Manifest:
    """The input's manifest carried on, or a new one where the input has none."""
    base = given.manifest or Manifest(
        command="", stage="responses", counts=Counts(planned=writer.rows, kept=writer.rows), sha256=""
    )
    return base.model_copy(update={**changes, "sha256": writer.sha256})


def seed_of(given: StageInput, seed: int | None) -> tuple[int, list[str]]:
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


def label_facts(labels: Labels) -> dict[str, Any]:
    """What labels without providers put into the manifest."""
    from skillscope.simulation.raters import noise_ceiling

    ceiling = {str(k): round(v, 6) for k, v in noise_ceiling().items()} if labels == "simulated" else None
    return {"stage": "training", "label_source": None if labels == "none" else labels, "noise_ceiling": ceiling}
