"""Figures of predictors on real data, with bootstrap intervals, as tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skillscope.evaluation.metrics import Interval, bootstrap_interval, mae, pearson_r, qwk
from skillscope.evaluation.real.predictors import Predicted

__all__ = ["Experiment", "Row", "measure"]

Floats = NDArray[np.float64]
Figure = Callable[[Floats, Floats], float]


@dataclass(frozen=True, slots=True)
class Row:
    """One predictor's figures on held-out rows. `within` is the mean over prompts of r within a prompt."""

    name: str
    r: Interval
    qwk: Interval
    accuracy: Interval
    mae: Interval
    within: float | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """A table with what it was measured on and what it means."""

    title: str
    design: str
    command: str
    rows: tuple[Row, ...]
    meaning: str
    notes: tuple[str, ...] = field(default=())

    def row(self, name: str) -> Row:
        """The row of a predictor."""
        return next(row for row in self.rows if row.name == name)

    def markdown(self) -> str:
        """Heading, design, table, meaning, notes and command."""
        within = any(row.within is not None for row in self.rows)
        heads = ["predictor", "r", "QWK", "accuracy", "MAE", *(["mean r within a prompt"] if within else [])]
        lines = [f"## {self.title}", "", self.design, "", _line(heads), _line(["---"] * len(heads))]
        for row in self.rows:
            cells = [row.name, *(_shown(value) for value in (row.r, row.qwk, row.accuracy, row.mae))]
            lines.append(_line([*cells, *([_number(row.within)] if within else [])]))
        lines += ["", f"**What it means.** {self.meaning}"]
        for note in self.notes:
            lines += ["", note]
        return "\n".join([*lines, "", f"Command: `{self.command}`", ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:.3f}"


def _shown(interval: Interval) -> str:
    return "–" if np.isnan(interval.value) else str(interval)


def _accuracy(truth: Floats, found: Floats) -> float:
    return float((truth == found).mean())


def _within(truth: Floats, scores: Floats, prompts: Sequence[str]) -> float:
    names = np.asarray(prompts)
    figures = [pearson_r(truth[names == name], scores[names == name]) for name in np.unique(names)]
    return float(np.mean(figures)) if not np.isnan(figures).any() else float("nan")


def measure(
    truth: Floats,
    predicted: Mapping[str, Predicted],
    *,
    groups: Sequence[str] | None = None,
    prompts: Sequence[str] | None = None,
    resamples: int = 500,
) -> tuple[Row, ...]:
    """The figures of each predictor: r and MAE of its scores, QWK and accuracy of its classes.

    Intervals hold 95% of bootstrap resamples over `groups` (people) where given. Ratings that are no whole numbers are
    rounded for QWK and accuracy. A predictor that hardly varies has no r.
    """
    rows = []
    whole = np.rint(truth)
    for name, found in predicted.items():

        def interval(figure: Figure, human: Floats, machine: Floats) -> Interval:
            return bootstrap_interval(figure, human, machine, groups=groups, resamples=resamples)

        classes = np.rint(found.classes)
        varies = float(found.scores.std()) > 0.04 * float(truth.std())
        unknown = Interval(float("nan"), float("nan"), float("nan"))
        within = _within(truth, found.scores, prompts) if prompts is not None and varies else None
        rows.append(
            Row(
                name=name,
                r=interval(pearson_r, truth, found.scores) if varies else unknown,
                qwk=interval(qwk, whole, classes),
                accuracy=interval(_accuracy, whole, classes),
                mae=interval(mae, truth, found.scores),
                within=within,
            )
        )
    return tuple(rows)
