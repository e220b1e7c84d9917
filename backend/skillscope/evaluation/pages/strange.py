"""How often a model says that it extrapolates, on simulated students and real data, and what its intervals do then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.evaluation.coverage import coverage_of
from skillscope.evaluation.pages.tables import EVIDENCE_IN_WORDS, markdown_table
from skillscope.evaluation.real.data import RealData, load_empathic_reactions, load_mind_ca, load_scientsbank
from skillscope.evaluation.real.predictors import the_29
from skillscope.features import StoredRow, aggregate
from skillscope.modeling.bundle import Bundle
from skillscope.modeling.evidence import EVIDENCE, blank
from skillscope.modeling.judging import judge
from skillscope.skills import SKILLS

__all__ = ["StrangeRow", "strange_real", "strange_row", "strange_simulated", "strange_table"]

Floats = NDArray[np.float64]

_EMPATHY: Final = SKILLS.index("empathy")
_AT: Final = datetime(2020, 1, 1, tzinfo=UTC)  # answers carry no time; one moment for all keeps every one of them


@dataclass(frozen=True, slots=True)
class StrangeRow:
    """Shares of rows that are called extrapolating and that get the whole scale, the mean width of the 80% interval of
    `empathy`, and the share of ratings of empathy inside it, None where there are none."""

    name: str
    rows: int
    extrapolating: float
    beyond: float
    width: float
    inside: float | None = None


def strange_row(name: str, bundle: Bundle, features: Floats, scores: Floats | None = None) -> StrangeRow:
    """Judge rows (n, 29) without their grades; `scores` (n,) are ratings of empathy in [0, 1]."""
    judged = judge(bundle, features, coverage=0.8)
    lows, highs = judged.lows[:, _EMPATHY], judged.highs[:, _EMPATHY]
    return StrangeRow(
        name=name,
        rows=len(features),
        extrapolating=float(judged.extrapolating.mean()),
        beyond=float(judged.beyond.mean()),
        width=float((highs - lows).mean()),
        inside=None if scores is None else coverage_of(scores, lows, highs)[0],
    )


def strange_simulated(bundle: Bundle, features: Floats) -> list[StrangeRow]:
    """Fresh simulated students (n, 29), by evidence."""
    name = "fresh simulated students, {}"
    return [strange_row(name.format(EVIDENCE_IN_WORDS[kind]), bundle, blank(features, kind)) for kind in EVIDENCE]


def _by_person(data: RealData) -> tuple[Floats, Floats]:
    """Each person's answers together, as the service would pool them, and the mean rating."""
    people = np.array(data.people)
    rows, means = [], []
    for person in dict.fromkeys(data.people):
        own = np.flatnonzero(people == person)
        rows.append(aggregate([StoredRow(_AT, data.linguistic[row]) for row in own.tolist()], [], at=_AT))
        means.append(float(data.scores[own].mean()))
    return np.array(rows), np.array(means)


def strange_real(bundle: Bundle, folder: Path) -> list[StrangeRow]:
    """Rows of the real data sets: text alone, no grade, ratings put on 0 to 1.

    Raises:
        FileError, SchemaError: a data set is missing or of another form.
    """
    mind, reactions = load_mind_ca(folder), load_empathic_reactions(folder)
    science = load_scientsbank("test-unseen-answers", folder)
    children, means = _by_person(mind)
    return [
        strange_row("MIND-CA, each answer", bundle, the_29(mind), mind.scores / 2.0),
        strange_row("MIND-CA, each child's answers together", bundle, children, means / 2.0),
        strange_row("Empathic Reactions", bundle, the_29(reactions), (reactions.scores - 1.0) / 6.0),
        strange_row("SciEntsBank, unseen answers", bundle, the_29(science)),
    ]


def strange_table(rows: Sequence[StrangeRow]) -> str:
    """The rows as a table."""
    return markdown_table(
        ["rows", "how many", "extrapolating", "whole scale", "mean width (empathy)", "human empathy scores inside"],
        [
            [
                row.name,
                f"{row.rows:,}",
                f"{row.extrapolating:.1%}",
                f"{row.beyond:.1%}",
                f"{row.width:.2f}",
                "" if row.inside is None else f"{row.inside:.1%}",
            ]
            for row in rows
        ],
    )
