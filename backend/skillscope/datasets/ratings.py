"""From responses that people rated to a dataset of 38 columns: texts measured, play unknown, scores put on [0, 1]."""

import csv
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from skillscope.datasets.contract import COLUMNS, LINGUISTIC_COLUMNS, METADATA, check_rows
from skillscope.datasets.files import require_file
from skillscope.datasets.io import write_dataset
from skillscope.datasets.manifest import Counts, Manifest, file_sha256, measured_versions
from skillscope.datasets.parts import add_linguistic
from skillscope.datasets.stage import StageResult, refuse_same
from skillscope.errors import FileError, InputError, SchemaError
from skillscope.skills import SCORE_COLUMNS

__all__ = ["RATING_COLUMNS", "import_ratings"]

RATING_COLUMNS: Final = ("student", "scenario", "grade", "response")
"""Columns that a file of rated responses must have, beside one or more of the four scores."""


def _read(path: Path) -> pd.DataFrame:
    require_file(path, what=f"rated responses with columns {', '.join(RATING_COLUMNS)} and scores")
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", quoting=csv.QUOTE_MINIMAL)
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8; save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SchemaError(f"{path} is no well-formed CSV: {str(error).strip()}") from error
    known = {*RATING_COLUMNS, *SCORE_COLUMNS}
    missing = [name for name in RATING_COLUMNS if name not in frame.columns]
    extra = [name for name in frame.columns if name not in known]
    if missing or extra or not set(SCORE_COLUMNS) & set(frame.columns):
        raise SchemaError(
            f"{path} must have the columns {', '.join(RATING_COLUMNS)} and one or more of {', '.join(SCORE_COLUMNS)}"
            f"; found {', '.join(frame.columns)}"
        )
    return frame


def _numbers(frame: pd.DataFrame, column: str, path: Path, low: float, high: float) -> "pd.Series[float]":
    """The column's numbers, NaN where a cell is empty; whole numbers, or any, between low and high."""
    cells = frame[column].str.strip()
    values = pd.to_numeric(cells.where(cells != ""), errors="coerce").astype("float64")
    wrong = (cells != "") & ~((values >= low) & (values <= high))
    if wrong.any():
        row = int(wrong.to_numpy().argmax()) + 1
        raise SchemaError(f"{path}: {column} in row {row} must be {low:g} to {high:g}", field=column)
    return values


def _name(frame: pd.DataFrame, column: str, path: Path, *, needed: bool) -> "pd.Series[str]":
    names = frame[column].str.strip()
    wrong = names.str.contains(r"[\s/]", regex=True) | ((names == "") & needed)
    if wrong.any():
        row = int(wrong.to_numpy().argmax()) + 1
        raise SchemaError(f"{path}: {column} in row {row} must be a name without blanks and slashes", field=column)
    return names


def import_ratings(source: Path, output: Path, *, low: float = 0.0, high: float = 1.0) -> StageResult:
    """Write the rated responses of `source` as a dataset whose rows train models beside, or instead of, simulated ones.

    `source` is a CSV with student (a pseudonym, or empty), scenario (the prompt's name), grade (2 to 8), response and
    one or more score columns on a scale from `low` to `high`; empty scores stay empty, rows without a response are
    left out and counted. A row's `source` becomes `human:<student>/<scenario>`.

    Raises:
        FileError, SchemaError: the file cannot be used; rows and columns are named, texts never.
        InputError: the scale has no width.
    """
    if not low < high:
        raise InputError(f"the scale must rise, not run from {low:g} to {high:g}", field="low")
    refuse_same(source, output)
    given = _read(source)
    said = given["response"].str.strip() != ""
    frame = given[said].reset_index(drop=True)
    if frame.empty:
        raise SchemaError(f"{source} holds no response")
    grades = _numbers(given, "grade", source, 2, 8)[said].reset_index(drop=True)
    if grades.isna().any() or (grades % 1 != 0).any():
        raise SchemaError(f"{source}: grade must be a whole number 2 to 8 in every row", field="grade")
    students = _name(given, "student", source, needed=False)[said].reset_index(drop=True)
    scenarios = _name(given, "scenario", source, needed=True)[said].reset_index(drop=True)
    rows = pd.DataFrame(
        {
            "response": frame["response"],
            "skill": "",
            "skill_level": "",
            "grade": grades.astype("int64"),
            "source": "human:" + (students + "/").where(students != "", "") + scenarios,
        }
    )[list(METADATA)]
    rows = add_linguistic(rows)
    check_rows(rows, LINGUISTIC_COLUMNS)
    for name in COLUMNS:
        if name not in rows:
            rows[name] = np.nan
    for name in set(SCORE_COLUMNS) & set(frame.columns):
        scores = (_numbers(given, name, source, low, high)[said].reset_index(drop=True) - low) / (high - low)
        rows[name] = scores.round(6)
    empty = int((~said).sum())
    manifest = Manifest(
        command="import_ratings",
        stage="training",
        counts=Counts(planned=len(given), kept=len(rows), dropped={"no response": empty} if empty else {}),
        versions=measured_versions(),
        label_source="human",
        sources={source.name: file_sha256(source)},
        sha256="",
    )
    written = write_dataset(rows[list(COLUMNS)], output, manifest)
    return StageResult(output, written, [f"{empty} rows without a response left out"] if empty else [])
