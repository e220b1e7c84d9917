"""Figures of a training run, drawn without a display."""

from collections.abc import Mapping
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from skillscope.modeling.boosting import Floats
from skillscope.modeling.bundle import SkillRecord
from skillscope.skills import Skill

__all__ = ["importance_figure", "predicted_actual_figure"]

INK, BLUE, GREY = "#1f2933", "#2f6f9f", "#9aa5b1"
STYLE: Final[Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
}
POINTS_AT_MOST: Final = 3000


def _title(skill: Skill) -> str:
    return skill.replace("_", "-" if skill.startswith("self") else " ").capitalize()


def _grid(count: int, width: float, height: float) -> tuple[Figure, list[mpl.axes.Axes]]:
    columns = min(count, 2)
    lines = -(-count // columns)
    figure = Figure(figsize=(width * columns, height * lines), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for spare in axes[count:]:
        spare.set_visible(False)
    return figure, list(axes)


def predicted_actual_figure(
    actual: Mapping[Skill, Floats], predicted: Mapping[Skill, Floats], records: Mapping[Skill, SkillRecord]
) -> Figure:
    """For each skill, held-out predictions against labels, with the diagonal and the 80% interval."""
    with mpl.rc_context(STYLE):
        figure, panels = _grid(len(actual), 3.9, 3.8)
        for axes, skill in zip(panels, actual, strict=False):
            x, y = actual[skill], np.clip(predicted[skill], 0.0, 1.0)
            if len(x) > POINTS_AT_MOST:
                rows = np.random.default_rng(0).choice(len(x), POINTS_AT_MOST, replace=False)
                x, y = x[rows], y[rows]
            record = records[skill]
            width = record.half_widths["both"]["0.8"]
            line = np.array([0.0, 1.0])
            axes.fill_between(line, line - width, line + width, color=BLUE, alpha=0.09, lw=0)
            axes.plot(line, line, color=GREY, lw=1)
            axes.scatter(x, y, s=9, color=BLUE, alpha=max(0.15, min(0.6, 250 / len(x))), lw=0)
            axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="label", ylabel="predicted, scenario held out")
            axes.set_title(_title(skill))
            axes.set_aspect("equal")
            axes.text(
                0.03, 0.97, f"R² {record.metrics['r2']:.2f}   MAE {record.metrics['mae']:.3f}",
                transform=axes.transAxes, va="top",
            )  # fmt: skip
        return figure


def importance_figure(records: Mapping[Skill, SkillRecord], *, top: int = 10) -> Figure:
    """For each skill, the features that move its score most: mean absolute SHAP value, in score units."""
    with mpl.rc_context(STYLE):
        figure, panels = _grid(len(records), 4.6, 3.3)
        for axes, (skill, record) in zip(panels, records.items(), strict=False):
            names = list(record.importance)[:top][::-1]
            values = [record.importance[name] for name in names]
            axes.barh(names, values, color=BLUE, height=0.62)
            axes.set_title(_title(skill))
            axes.set_xlabel("mean |SHAP|, score units")
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            axes.grid(axis="x", color=GREY, alpha=0.25, lw=0.6)
            axes.set_axisbelow(True)
        return figure
