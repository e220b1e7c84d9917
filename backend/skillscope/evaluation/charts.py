"""The report's charts, as SVG that stands in the page itself."""

import io
import re
from collections.abc import Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from skillscope.evaluation.evaluate import Evaluated
from skillscope.evaluation.record import Bin, CoverageFigures, Evaluation
from skillscope.modeling.figures import BLUE, GREY, INK, ORANGE, STYLE
from skillscope.skills import SKILLS, Skill

__all__ = ["agreement_chart", "coverage_chart", "fairness_chart", "residual_chart", "shap_chart", "skill_name", "svg"]

Floats = NDArray[np.float64]

POINTS: Final = 700
_WIDTH: Final = 10.2
_COLOURS: Final = ("#2f6f9f", "#c05621", "#4f8a5b", "#7b5ea7")
_LOW_HIGH: Final = LinearSegmentedColormap.from_list("low-high", ["#3b78b5", "#b9b3bd", "#c8452f"])
_SALT: Final = "skillscope"


def skill_name(skill: str) -> str:
    """The skill in words: `Self-regulation`."""
    return skill.replace("_", "-" if skill.startswith("self") else " ").capitalize()


def svg(figure: Figure, label: str) -> str:
    """The figure as an SVG element that needs nothing from outside; the same figure gives the same text."""
    out = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": f"{_SALT}-{label}"}):
        named = {"Date": None, "Creator": None}
        figure.savefig(
            out, format="svg", metadata=named, transparent=True, dpi=130, bbox_inches="tight", pad_inches=0.04
        )
    text = out.getvalue()
    text = text[text.index("<svg") :]
    # Ids are the figure's own, so that no chart of the page takes what another one has drawn.
    prefix = re.sub(r"\W", "-", label)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'(xlink:href="|url\()#', rf"\1#{prefix}-", text)
    text = text.replace("'DejaVu Sans'", "system-ui, 'DejaVu Sans'")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Viewers of HTML know these names; without them the page names no address at all.
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', rf'<svg viewBox="\1" role="img" aria-label="{label}">', text)
    return text.strip()


def _panels(count: int, height: float, rows: int = 1, **more: Any) -> tuple[Figure, NDArray[Any]]:
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    return figure, figure.subplots(rows, count, squeeze=False, **more)


def _agreement_panel(axes: Axes, human: Floats, machine: Floats, bins: Sequence[Bin]) -> None:
    if len(human) > POINTS:
        rows = np.random.default_rng(0).choice(len(human), POINTS, replace=False)
        human, machine = human[rows], machine[rows]
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.9)
    axes.scatter(machine, human, s=7, color=BLUE, alpha=0.22, lw=0, rasterized=True)
    points = [(item.predicted, item.actual) for item in bins if item.predicted is not None and item.actual is not None]
    if points:
        x, y = zip(*points, strict=True)
        axes.plot(x, y, color=ORANGE, marker="o", ms=3.6, lw=1.3)
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])


def agreement_chart(evaluated: Evaluated) -> Figure:
    """Ratings against scores, with the mean rating of each tenth of the scores."""
    skills = list(evaluated.evaluation.skills)
    with mpl.rc_context(STYLE):
        figure, panels = _panels(len(skills), 2.9, sharey=True)
        for axes, skill in zip(panels[0], skills, strict=True):
            column = SKILLS.index(skill)
            rows = np.isfinite(evaluated.rated.scores[:, column])
            _agreement_panel(
                axes,
                evaluated.rated.scores[rows, column],
                evaluated.scores[rows, column],
                evaluated.evaluation.skills[skill].calibration,
            )
            axes.set_title(skill_name(skill))
            axes.set_xlabel("score of the model")
        panels[0][0].set_ylabel("rating")
    return figure


def _residual_panel(axes: Axes, bins: Sequence[Bin]) -> None:
    places = np.arange(len(bins))
    means = [item.residual or 0.0 for item in bins]
    axes.axhline(0, color=GREY, lw=0.9)
    axes.errorbar(
        places,
        means,
        yerr=[item.spread or 0.0 for item in bins],
        fmt="o",
        ms=4,
        color=BLUE,
        ecolor="#9dbdd4",
        elinewidth=2.2,
    )
    axes.set_xticks(places, [item.label.replace(" to ", "–") for item in bins])
    axes.tick_params(axis="x", labelsize=7.5)
    axes.set_ylim(-0.3, 0.3)


def residual_chart(evaluation: Evaluation) -> Figure:
    """Mean residual and its standard deviation, by grade and by number of words."""
    skills = list(evaluation.skills)
    with mpl.rc_context(STYLE):
        figure, panels = _panels(len(skills), 4.2, rows=2, sharey=True)
        for place, skill in enumerate(skills):
            _residual_panel(panels[0][place], evaluation.skills[skill].by_grade)
            _residual_panel(panels[1][place], evaluation.skills[skill].by_length)
            panels[0][place].set_title(skill_name(skill))
            panels[0][place].set_xlabel("grade")
            panels[1][place].set_xlabel("words in the responses")
            panels[1][place].tick_params(axis="x", rotation=35)
        for line in panels:
            line[0].set_ylabel("score - rating")
    return figure


def coverage_chart(evaluation: Evaluation, evidence: str) -> Figure:
    """Coverage by grade band beside what is promised, with two points either way shaded."""
    rows = [row for row in evaluation.coverage if row.evidence == evidence]
    levels = sorted({row.nominal for row in rows})
    bands = sorted({row.band for row in rows})
    with mpl.rc_context(STYLE):
        figure, panels = _panels(max(1, len(levels)), 2.3)
        for axes, nominal in zip(panels[0], levels, strict=True):
            axes.axhspan(nominal - 0.02, nominal + 0.02, color=GREY, alpha=0.25, lw=0)
            axes.axhline(nominal, color=GREY, lw=0.9)
            _coverage_dots(axes, [row for row in rows if row.nominal == nominal], bands)
            axes.set_xticks(range(len(bands)), [f"grades {band}" if band else "all" for band in bands])
            axes.set_title(f"{nominal:.0%} intervals")
            axes.set_ylim(nominal - 0.1, min(1.0, nominal + 0.1))
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        panels[0][0].set_ylabel("ratings inside")
        panels[0][-1].legend(fontsize=7.5, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _coverage_dots(axes: Axes, rows: Sequence[CoverageFigures], bands: Sequence[str]) -> None:
    skills = [skill for skill in SKILLS if any(row.skill == skill for row in rows)]
    for number, skill in enumerate(skills):
        own = {row.band: row.covered for row in rows if row.skill == skill and row.covered is not None}
        places = [place + (number - (len(skills) - 1) / 2) * 0.13 for place, band in enumerate(bands) if band in own]
        values = [own[band] for band in bands if band in own]
        axes.plot(places, values, "o", ms=4.5, color=_COLOURS[SKILLS.index(skill)], label=skill_name(skill))


def fairness_chart(evaluation: Evaluation, column: str) -> Figure:
    """Difference of standardised means of every group, by skill; the shaded band is what the gate allows."""
    found = {
        skill: next(item for item in evaluation.skills[skill].groupings if item.column == column).groups
        for skill in evaluation.skills
    }
    names = sorted({group.group for groups in found.values() for group in groups})
    with mpl.rc_context(STYLE):
        figure, panels = _panels(1, 2.2)
        axes = panels[0][0]
        axes.axhspan(-0.1, 0.1, color=GREY, alpha=0.2, lw=0)
        axes.axhline(0, color=GREY, lw=0.9)
        for number, (skill, groups) in enumerate(found.items()):
            colour = _COLOURS[SKILLS.index(skill)]
            shift = (number - (len(found) - 1) / 2) * 0.1
            for group in groups:
                if group.dsm is not None:
                    face = "none" if group.few else colour
                    axes.plot(names.index(group.group) + shift, group.dsm, "o", ms=5, color=colour, mfc=face)
            axes.plot([], [], "o", ms=5, color=colour, label=skill_name(skill))
        axes.set_xticks(range(len(names)), names)
        largest = max((abs(g.dsm) for groups in found.values() for g in groups if g.dsm is not None), default=0.0)
        axes.set_ylim(-max(0.15, 1.15 * largest), max(0.15, 1.15 * largest))
        axes.set_xlabel(column)
        axes.set_ylabel("DSM")
        axes.legend(fontsize=7.5, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _swarm(axes: Axes, shares: Floats, values: Floats, names: Sequence[str], shown: int) -> None:
    order = np.argsort(-np.abs(shares).mean(axis=0), kind="stable")[:shown]
    chance = np.random.default_rng(0)
    rows = np.arange(len(shares))
    if len(rows) > 400:
        rows = np.sort(chance.choice(rows, 400, replace=False))
    for place, column in enumerate(order):
        moved, value = shares[rows, column], values[rows, column]
        known = np.isfinite(value)
        rank = np.full(len(value), 0.5)
        if known.any():
            rank[known] = np.argsort(np.argsort(value[known], kind="stable"), kind="stable") / max(1, known.sum() - 1)
        height = -place + chance.uniform(-0.28, 0.28, len(moved))
        axes.scatter(moved, height, c=rank, cmap=_LOW_HIGH, vmin=0, vmax=1, s=4, lw=0, alpha=0.75, rasterized=True)
    axes.axvline(0, color=GREY, lw=0.8)
    axes.set_yticks(-np.arange(len(order)), [names[column].replace("_", " ") for column in order])
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.spines["left"].set_visible(False)


def shap_chart(evaluated: Evaluated, *, shown: int = 8) -> Figure:
    """For the strongest features of each skill, how far each student's value moved the score; red: a high value."""
    skills: list[Skill] = list(evaluated.shap)
    lines = -(-len(skills) // 2)
    with mpl.rc_context({**STYLE, "text.color": INK}):
        figure, panels = _panels(min(2, len(skills)), 2.6 * lines, rows=lines)
        for axes, skill in zip(panels.ravel(), skills, strict=False):
            shares, values, names = evaluated.shap[skill]
            _swarm(axes, shares, values, names, shown)
            axes.set_title(skill_name(skill))
            axes.set_xlabel("points of the score")
        for spare in panels.ravel()[len(skills) :]:
            spare.set_visible(False)
    return figure
