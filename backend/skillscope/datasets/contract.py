"""The dataset contract: 38 columns, their ranges, a balanced design, and scores that rise with the level.

A violation is an error that names rows (counted from 1 below the header) and columns. It never quotes a text.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from skillscope.errors import SchemaError
from skillscope.features.schema import FEATURE_NAMES, FEATURES, LINGUISTIC, Feature
from skillscope.skills import GRADES, LEVELS, SCORE_COLUMNS, SKILLS

__all__ = [
    "COLUMNS",
    "FEATURE_COLUMNS",
    "LABELS",
    "LINGUISTIC_COLUMNS",
    "METADATA",
    "RESPONSE_COLUMNS",
    "DesignCheck",
    "check_rows",
    "scenario_of",
    "student_of",
    "validate_dataset",
]

METADATA: Final[tuple[str, ...]] = ("response", "skill", "skill_level", "grade", "source")
LABELS: Final[tuple[str, ...]] = SCORE_COLUMNS
COLUMNS: Final[tuple[str, ...]] = METADATA + FEATURE_NAMES + LABELS

RESPONSE_COLUMNS: Final[tuple[str, ...]] = METADATA
"""Columns after the first stage; the next two add the linguistic, then all features."""
LINGUISTIC_COLUMNS: Final[tuple[str, ...]] = METADATA + tuple(item.name for item in LINGUISTIC)
FEATURE_COLUMNS: Final[tuple[str, ...]] = METADATA + FEATURE_NAMES

ROWS_TO_COMPARE: Final = 5
"""Means of fewer rows than this say too little to be called falling."""
ROWS_NAMED: Final = 5


def scenario_of(source: str) -> str:
    """The scenario in a `source` of the form `<kind>:<scenario>` or `<kind>:<model>/<scenario>`."""
    return source.partition(":")[2].rpartition("/")[2]


def student_of(source: str) -> str:
    """The student in a `source` of the form `human:<student>/<scenario>`; "" where none is named."""
    kind, _, rest = source.partition(":")
    return rest.rpartition("/")[0] if kind == "human" else ""


def _finite(values: pd.Series) -> pd.Series:
    return pd.Series(~np.isinf(values.to_numpy(dtype=float)), index=values.index)


def _feature_column(item: Feature, *, complete: bool) -> pa.Column:
    checks = [pa.Check(_finite, error="must be finite")]
    if item.low is not None:
        checks.append(pa.Check.ge(item.low, error=f"must be {item.low:g} or more"))
    if item.high is not None:
        checks.append(pa.Check.le(item.high, error=f"must be {item.high:g} or less"))
    return pa.Column(float, checks, nullable=not complete)


def _one_of(values: Sequence[str], *, complete: bool) -> pa.Column:
    allowed = list(values) if complete else [*values, ""]
    listed = ", ".join(values) + ("" if complete else ", or empty")
    return pa.Column(str, pa.Check.isin(allowed, error=f"must be one of {listed}"))


def _schema(columns: Sequence[str], *, complete: bool, labelled: bool) -> pa.DataFrameSchema:
    known: dict[str, pa.Column] = {
        "response": pa.Column(str, pa.Check(lambda texts: texts.str.strip() != "", error="must hold a text")),
        "skill": _one_of(SKILLS, complete=complete),
        "skill_level": _one_of(LEVELS, complete=complete),
        "grade": pa.Column(int, pa.Check.isin(GRADES, error=f"must be a whole number {GRADES[0]} to {GRADES[-1]}")),
        "source": pa.Column(
            str, pa.Check.str_matches(r"^[a-z]+:\S+$", error="must be <kind>:<scenario>, such as template:lost-book")
        ),
        **{item.name: _feature_column(item, complete=complete) for item in FEATURES},
        **{
            name: pa.Column(float, pa.Check.in_range(0.0, 1.0, error="must be 0 to 1"), nullable=not labelled)
            for name in LABELS
        },
    }
    return pa.DataFrameSchema({name: known[name] for name in columns}, strict=True, ordered=True)


def _check_columns(found: Sequence[str], expected: Sequence[str]) -> None:
    missing = [name for name in expected if name not in found]
    extra = [name for name in found if name not in expected]
    if missing or extra:
        parts = [f"{what}: {', '.join(names)}" for what, names in (("missing", missing), ("not known", extra)) if names]
        raise SchemaError(f"wrong columns ({'; '.join(parts)}); expected {len(expected)}: {', '.join(expected)}")
    if list(found) != list(expected):
        place = next(i for i, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b)
        raise SchemaError(
            f"columns out of order: column {place + 1} is {found[place]}, expected {expected[place]}",
            field=expected[place],
        )


def _rows_named(rows: Sequence[int]) -> str:
    shown = ", ".join(str(row) for row in rows[:ROWS_NAMED])
    more = f" and {len(rows) - ROWS_NAMED} more" if len(rows) > ROWS_NAMED else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"


def check_rows(
    frame: pd.DataFrame,
    columns: Sequence[str] = COLUMNS,
    *,
    complete: bool = False,
    labelled: bool = False,
    first_row: int = 1,
) -> None:
    """Check columns, types and ranges of (a part of) a dataset.

    `complete`: skill, level and every feature must be there, as in generated rows; `labelled`: every label too.
    `first_row` is the number of the part's first row in the file.

    Raises:
        SchemaError: naming columns, rows and what would be right.
    """
    _check_columns(list(frame.columns), columns)
    try:
        _schema(columns, complete=complete, labelled=labelled).validate(frame.reset_index(drop=True), lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        problems = []
        for (column, check), part in cases.groupby(["column", "check"], sort=False):
            rule = "must not be empty" if check == "not_nullable" else str(check)
            if part["index"].isna().all():
                problems.append(f"{column} has the wrong type ({rule})")
            else:
                rows = sorted({int(row) + first_row for row in part["index"].dropna()})
                problems.append(f"{column} {rule}: {_rows_named(rows)}")
        raise SchemaError("; ".join(problems), field=str(cases["column"].iloc[0])) from None


class DesignCheck:
    """Whether rows are spread evenly and scores rise with the level; fed part by part, judged at the end."""

    def __init__(self) -> None:
        self.rows = 0
        self._cells: dict[tuple[str, str, int], int] = {}
        self._scores: dict[tuple[str, str], tuple[int, float]] = {}

    def add(self, frame: pd.DataFrame) -> None:
        """Count the rows of a part; labels are looked at where the part has them."""
        self.rows += len(frame)
        for cell in zip(frame["skill"], frame["skill_level"], frame["grade"], strict=True):
            self._cells[cell] = self._cells.get(cell, 0) + 1
        for skill in SKILLS:
            column = f"{skill}_score"
            if column not in frame:
                continue
            for level, scores in frame.loc[frame["skill"] == skill].groupby("skill_level")[column]:
                known = scores.dropna()
                count, total = self._scores.get((skill, str(level)), (0, 0.0))
                self._scores[skill, str(level)] = (count + len(known), total + float(known.sum()))

    def check_balance(self) -> None:
        """Cell counts over 4 skills x 3 levels x 7 grades differ by one at most.

        Raises:
            SchemaError: naming the fullest and the emptiest cell.
        """
        cells = {
            (skill, level, grade): self._cells.get((skill, level, grade), 0)
            for skill in SKILLS
            for level in LEVELS
            for grade in GRADES
        }
        low, high = min(cells, key=lambda cell: cells[cell]), max(cells, key=lambda cell: cells[cell])
        if cells[high] - cells[low] > 1:
            raise SchemaError(
                f"unbalanced in columns skill, skill_level and grade: {cells[high]} rows of {'/'.join(map(str, high))} "
                f"but {cells[low]} of {'/'.join(map(str, low))}; counts must differ by 1 at most",
                field="skill",
            )

    def check_rising(self) -> None:
        """Mean scores of a skill rise from developing to medium to high among the rows that target it.

        Levels with fewer than five labelled rows are not compared.

        Raises:
            SchemaError: naming the column and the means.
        """
        for skill in SKILLS:
            means = [
                (level, total / count)
                for level in LEVELS
                for count, total in [self._scores.get((skill, level), (0, 0.0))]
                if count >= ROWS_TO_COMPARE
            ]
            for (lower, below), (upper, above) in pairwise(means):
                if not below < above:
                    raise SchemaError(
                        f"{skill}_score does not rise with skill_level: mean {below:.3f} for {lower} but "
                        f"{above:.3f} for {upper} among rows with skill {skill}",
                        field=f"{skill}_score",
                    )


def validate_dataset(frame: pd.DataFrame, *, generated: bool = True, labelled: bool = True) -> None:
    """Check a whole dataset in memory.

    `generated` asks for what generated data promises: nothing missing, balance, rising scores. Without it the rules
    for real data hold: skill, level, features and labels may be empty. `labelled` False allows empty labels.

    Raises:
        SchemaError: naming rows and columns.
    """
    if frame.empty:
        raise SchemaError("holds no rows; at least one is needed")
    check_rows(frame, complete=generated, labelled=generated and labelled)
    if generated:
        design = DesignCheck()
        design.add(frame)
        design.check_balance()
        design.check_rising()
