"""Rated rows to evaluate a model on: a dataset, and beside it what else is known of each row."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skillscope.datasets.contract import scenario_of, student_of
from skillscope.datasets.files import require_file
from skillscope.datasets.io import read_dataset
from skillscope.datasets.manifest import Manifest, file_sha256, read_manifest
from skillscope.errors import FileError, SchemaError
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.weights import label_sources_of
from skillscope.skills import SCORE_COLUMNS, SKILLS

__all__ = ["SECOND_COLUMNS", "RatedRows", "read_rated"]

Floats = NDArray[np.float64]

SECOND_COLUMNS: Final = tuple(f"{name}_2" for name in SCORE_COLUMNS)
"""Columns of the side table that hold a second person's score of the row, 0 to 1, empty where there is none."""
GROUPS_AT_MOST: Final = 20
_UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class RatedRows:
    """n rated rows. `second` (n, 4) are a second rater's scores, NaN where there are none; `groupings` name, for each
    column of the side table, the group of every row. `clusters` (n,) are what the bootstrap draws whole.
    """

    name: str
    sha256: str
    manifest: Manifest | None
    frame: pd.DataFrame
    features: Floats
    scores: Floats
    second: Floats
    groupings: dict[str, NDArray[np.str_]]
    clusters: NDArray[np.str_]
    label_sources: tuple[str, ...]

    @property
    def grades(self) -> Floats:
        """The grade of each row, (n,)."""
        return self.frame["grade"].to_numpy(dtype=np.float64)

    @property
    def human(self) -> bool:
        """Whether people alone gave the scores."""
        return all(source == "human" for source in self.label_sources)


def _groups(column: "pd.Series[str]", path: Path) -> NDArray[np.str_]:
    """The group of each row: the cell itself, or a third of the range where the cells are many numbers."""
    cells = column.str.strip()
    values = cells.where(cells != "", _UNKNOWN).to_numpy(dtype=str)
    if len(np.unique(values)) <= GROUPS_AT_MOST:
        return np.asarray(values)
    numbers = pd.to_numeric(cells.where(cells != ""), errors="coerce").to_numpy(dtype=np.float64)
    if np.isnan(numbers).sum() > (cells == "").sum():
        raise SchemaError(
            f"{path}: column {column.name} has {len(np.unique(values))} different values; a subgroup column has at "
            f"most {GROUPS_AT_MOST}, or numbers, which are cut in thirds",
            field=str(column.name),
        )
    low, high = np.nanquantile(numbers, [1 / 3, 2 / 3])
    names = np.where(
        numbers <= low, f"up to {low:g}", np.where(numbers <= high, f"{low:g} to {high:g}", f"over {high:g}")
    )
    return np.where(np.isnan(numbers), _UNKNOWN, names)


def _second(frame: pd.DataFrame, path: Path) -> Floats:
    table = np.full((len(frame), len(SKILLS)), np.nan)
    for place, column in enumerate(SECOND_COLUMNS):
        if column not in frame:
            continue
        cells = frame[column].str.strip()
        values = pd.to_numeric(cells.where(cells != ""), errors="coerce").to_numpy(dtype=np.float64)
        wrong = (cells != "").to_numpy() & ~((values >= 0.0) & (values <= 1.0))
        if wrong.any():
            raise SchemaError(f"{path}: {column} in row {int(wrong.argmax()) + 1} must be 0 to 1", field=column)
        table[:, place] = values
    return table


def _side_table(path: Path, rows: int) -> pd.DataFrame:
    require_file(path, what="a CSV with one line for each row of the dataset")
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8; save it as UTF-8") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SchemaError(f"{path} is no well-formed CSV: {str(error).strip()}") from error
    if len(frame) != rows:
        raise SchemaError(f"{path} has {len(frame)} rows, the dataset {rows}; they must stand in the same order")
    return frame


def _clusters(sources: list[str]) -> NDArray[np.str_]:
    """The student where rows name one, else the scenario; the row itself where there are too few of those to draw."""
    students = [student_of(source) for source in sources]
    names = students if all(students) else [scenario_of(source) for source in sources]
    few = len(set(names)) < 10
    return np.array([str(row) for row in range(len(sources))] if few else names)


def read_rated(path: Path, *, side: Path | None = None) -> RatedRows:
    """Read a dataset of 38 columns, and a `side` table with one line for each of its rows, in the same order.

    Columns of the side table named `<skill>_score_2` hold a second rater's scores; every other column is a grouping
    for the fairness figures.

    Raises:
        FileError, SchemaError: a file cannot be used, or the dataset has no score.
    """
    require_file(path, what="a dataset of 38 columns")
    frame = read_dataset(path)
    scores = frame[list(SCORE_COLUMNS)].to_numpy(dtype=np.float64)
    if not np.isfinite(scores).any():
        raise SchemaError(f"{path} holds no score; there is nothing to compare with", field=SCORE_COLUMNS[0])
    digest = file_sha256(path)
    manifest = read_manifest(path)
    if manifest is not None and manifest.sha256 != digest:
        manifest = None  # it describes other bytes
    second = np.full_like(scores, np.nan)
    groupings: dict[str, NDArray[np.str_]] = {}
    if side is not None:
        beside = _side_table(side, len(frame))
        second = _second(beside, side)
        groupings = {str(name): _groups(beside[name], side) for name in beside.columns if name not in SECOND_COLUMNS}
    sources = frame["source"].tolist()
    of_rows = label_sources_of(manifest, [source.partition(":")[0] for source in sources])
    return RatedRows(
        name=path.name,
        sha256=digest,
        manifest=manifest,
        frame=frame,
        features=frame[list(FEATURE_NAMES)].to_numpy(dtype=np.float64),
        scores=scores,
        second=second,
        groupings=groupings,
        clusters=_clusters(sources),
        label_sources=tuple(sorted({part for source in of_rows for part in source.split("+")})),
    )
