"""Figures of a training run, drawn without a display."""

from collections.abc import Mapping
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from skillscope.modeling.boosting import Floats
from skillscope.modeling.bundle import SkillRecord
from skillscope.modeling.curve import LearningCurve
from skillscope.modeling.recovery import Recovery
from skillscope.skills import SKILLS, Skill

__all__ = ["importance_figure", "learning_curve_figure", "predicted_actual_figure", "recovery_figure"]

INK, BLUE, GREY, ORANGE = "#1f2933", "#2f6f9f", "#9aa5b1", "#c05621"
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


def learning_curve_figure(curve: LearningCurve) -> Figure:
    """For each skill, R2 on unseen scenarios by rows learnt from, beside the noise ceiling and 95% of it."""
    with mpl.rc_context(STYLE):
        figure, panels = _grid(len(SKILLS), 4.3, 3.3)
        places = list(range(len(curve.points)))
        for axes, skill in zip(panels, SKILLS, strict=False):
            values = [point.r2[skill] for point in curve.points]
            axes.axhline(curve.noise_ceiling[skill], color=INK, lw=1, ls="--")
            axes.axhline(curve.near_ceiling[skill], color=GREY, lw=1, ls=":")
            axes.plot(places, values, color=BLUE, lw=1.4, marker="o", ms=5)
            for place, point in zip(places, curve.points, strict=True):
                if point.draws > 1:
                    axes.plot([place, place], point.r2_draws[skill], color=BLUE, lw=3, alpha=0.3)
                axes.annotate(
                    f"{point.r2[skill]:.2f}\nMAE {point.mae[skill]:.3f}", (place, point.r2[skill]),
                    textcoords="offset points", xytext=(0, -8), ha="center", va="top", fontsize=8,
                )  # fmt: skip
            lowest = min([*values, *(point.r2_draws[skill][0] for point in curve.points)])
            bottom = lowest - 0.35 * (1.0 - lowest)
            for height, label, color in (
                (curve.noise_ceiling[skill], "noise ceiling", INK),
                (curve.near_ceiling[skill], "95% of it", GREY),
            ):
                axes.text(-0.45, height, label, va="bottom", fontsize=8, color=color)
            axes.set_xticks(places, [point.label for point in curve.points])
            axes.set(
                xlim=(-0.5, places[-1] + 0.5), ylim=(bottom, 1.0 + 0.05 * (1.0 - bottom)), ylabel="R², scenario unseen"
            )
            axes.set_xlabel("rows learnt from")
            axes.set_title(_title(skill))
        return figure


def recovery_figure(recovery: Recovery) -> Figure:
    """For each skill, the error of scores of simulated students by how much is known, with rank correlations."""
    with mpl.rc_context(STYLE):
        skills = [skill for skill in SKILLS if skill in recovery.points[0].mae]
        figure, panels = _grid(len(skills), 4.3, 3.3)
        counts = sorted({point.responses for point in recovery.points})
        lines: list[tuple[str, str, list[tuple[int, int]]]] = [
            ("responses alone", GREY, [(count, 0) for count in counts]),
            ("and one session", BLUE, [(count, 1) for count in counts]),
            ("and as many sessions", ORANGE, [(count, count) for count in counts]),
        ]
        for number, (axes, skill) in enumerate(zip(panels, skills, strict=False)):
            for label, color, places in lines:
                points = [recovery.point(count, sessions=sessions) for count, sessions in places]
                errors = [point.mae[skill] for point in points]
                axes.plot(range(len(counts)), errors, color=color, lw=1.4, marker="o", ms=5, label=label)
                for place, point in enumerate(points):
                    axes.annotate(
                        f"ρ {point.spearman[skill]:.2f}", (place, point.mae[skill]), textcoords="offset points",
                        xytext=(0, -14 if color == ORANGE else 6), ha="center", fontsize=8, color=color,
                    )  # fmt: skip
            axes.set_xticks(range(len(counts)), [str(count) for count in counts])
            highest = max(point.mae[skill] for point in recovery.points)
            axes.set(xlim=(-0.4, len(counts) - 0.6), ylim=(0.0, 1.4 * highest))
            axes.set(xlabel="responses", ylabel="mean error of the score")
            axes.set_title(_title(skill))
            if number == 0:
                axes.legend(frameon=False, fontsize=8, loc="upper right")
        return figure
