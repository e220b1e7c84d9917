"""How real children's answers grow with age, measured like those of simulated students."""

from pathlib import Path

import numpy as np

from skillscope.datasets.norms import GradeRow, grade_row
from skillscope.evaluation.real.data import load_mind_ca

__all__ = ["children_by_age"]


def children_by_age(folder: Path | None = None) -> list[GradeRow]:
    """One row for each year of age with at least 100 answers in MIND-CA.

    Raises:
        FileError, SchemaError: the data are missing or of another form.
    """
    data = load_mind_ca(folder)
    years = np.floor(data.age)
    rows = []
    for year in np.unique(years[np.isfinite(years)]).tolist():
        here = np.flatnonzero(years == year)
        if len(here) >= 100:
            rows.append(
                grade_row(f"{year:.0f}", [data.answers.texts[row] for row in here.tolist()], data.linguistic[here])
            )
    return rows
