"""Measured figures as Markdown, as they stand in the documents."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final

import numpy as np

from skillscope.evaluation.record import CoverageFigures, ProbeFigures
from skillscope.modeling.conformal import COVERAGES, GRADE_BANDS
from skillscope.modeling.curve import WANTED, WANTED_MAE, LearningCurve
from skillscope.modeling.evidence import EVIDENCE
from skillscope.modeling.recovery import Recovery
from skillscope.skills import SKILLS, Skill

__all__ = ["cost_sentence", "coverage_tables", "curve_table", "gaming_tables", "markdown_table", "recovery_table"]

EVIDENCE_IN_WORDS: Final = {"both": "text and play", "text": "text alone", "play": "play alone"}


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of text cells."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows])


def _mean(values: Sequence[float | None]) -> float:
    return float(np.mean([value for value in values if value is not None]))


def _percent(value: float) -> str:
    return f"{value:.1%}"


def _signed(value: float) -> str:
    return f"{value:+.3f}" if round(value, 3) else "0.000"


def coverage_tables(figures: Sequence[CoverageFigures]) -> str:
    """Coverage by evidence and band: the mean over skills, the lowest and the highest, and the mean width.

    Below the table stands which mean over skills is furthest from what is promised, among all grades and bands.
    """
    header = ["evidence", "grades", "rows"]
    for nominal in COVERAGES:
        header += [f"{nominal:.0%}: inside", "by skill", "width"]
    lines: list[list[str]] = []
    means: list[tuple[float, str]] = []
    for kind, band in product(EVIDENCE, ("", *GRADE_BANDS)):
        cells: list[str] = []
        rows = 0
        for nominal in COVERAGES:
            here = [
                item
                for item in figures
                if (item.evidence, item.band, item.nominal) == (kind, band, nominal) and item.covered is not None
            ]
            if not here:
                continue
            covered = [float(item.covered or 0.0) for item in here]
            rows = max(item.rows for item in here)
            mean = _mean(covered)
            span = f"{_percent(min(covered))} to {_percent(max(covered))}"
            cells += [_percent(mean), span, f"{_mean([item.width for item in here]):.2f}"]
            where = (
                f"{nominal:.0%} intervals from {EVIDENCE_IN_WORDS[kind]}, {f'grades {band}' if band else 'all grades'}"
            )
            means.append((mean - nominal, f"{where}: {_percent(mean)}"))
        if cells:
            lines.append([EVIDENCE_IN_WORDS[kind], band or "all", f"{rows:,}", *cells])
    furthest = max(means, key=lambda item: abs(item[0]))[1]
    within = sum(abs(off) <= 0.02 for off, _ in means)
    return (
        f"{markdown_table(header, lines)}\n\nWithin two points of what is promised: {within} of {len(means)} means "
        f"over skills. Furthest from it: {furthest}."
    )


def gaming_tables(before: Sequence[ProbeFigures], after: Sequence[ProbeFigures]) -> str:
    """Mean rises over the skills by probe, of a model without copies that game and one with them."""

    def mean_of(found: Sequence[ProbeFigures], evidence: str, probe: str | None, name: str) -> float:
        return _mean(
            [getattr(item, name) for item in found if item.evidence == evidence and probe in (None, item.probe)]
        )

    probes = list(dict.fromkeys(item.probe for item in after))
    sides = [("both", before), ("both", after), ("text", before), ("text", after)]
    rows = [
        [probe or "mean", *(_signed(mean_of(found, evidence, probe, "rise")) for evidence, found in sides)]
        for probe in (*probes, None)
    ]
    first = markdown_table(
        ["probe", "play known, before", "play known, after", "text alone, before", "text alone, after"], rows
    )
    alone = [
        [
            probe,
            _signed(mean_of(after, "text", probe, "rise_of_low")),
            *(f"{mean_of(after, 'text', probe, name):.0%}" for name in ("extrapolating", "beyond")),
        ]
        for probe in probes
    ]
    second = markdown_table(
        ["text alone, after", "rise of the third with the lowest scores", "extrapolating", "whole scale"], alone
    )
    return f"{first}\n\n{second}"


def cost_sentence(before: Mapping[Skill, float], after: Mapping[Skill, float]) -> str:
    """What copies that game cost: R2 from text alone on held-out scenarios, without and with them."""
    parts = [f"`{skill}` {before[skill]:.3f} to {after[skill]:.3f}" for skill in SKILLS if skill in after]
    return f"R2 from text alone, scenarios held out, without and with the copies: {', '.join(parts)}."


def curve_table(curve: LearningCurve) -> str:
    """R2 (and mean absolute error) by rows learnt from, what they are measured against, and what falls short."""
    rows = [
        [point.label, *(f"{point.r2[skill]:.3f} ({point.mae[skill]:.3f})" for skill in SKILLS)]
        for point in curve.points
    ]
    rows.append(["noise ceiling", *(f"{curve.noise_ceiling[skill]:.3f}" for skill in SKILLS)])
    rows.append(["95% of it", *(f"{curve.near_ceiling[skill]:.3f}" for skill in SKILLS)])
    wanted = ", ".join(f"{r2:.2f} of {rows:,} rows" for rows, r2 in WANTED)
    return (
        f"{markdown_table(['rows', *(f'`{skill}`' for skill in SKILLS)], rows)}\n\nWanted: R2 of {wanted} (those of "
        f"SMOTE count), or 95% of the ceiling where that is lower, and an error of {WANTED_MAE} of the most. Missed: "
        f"{'; '.join(curve.missed()) or 'nothing'}."
    )


def recovery_table(found: Recovery) -> str:
    """Rank correlation of score and trait (and mean error of the score) by responses and sessions."""
    rows = [
        [
            str(point.responses),
            str(point.sessions),
            *(f"{point.spearman[skill]:.3f} ({point.mae[skill]:.3f})" for skill in point.spearman),
        ]
        for point in found.points
    ]
    return markdown_table(["responses", "sessions", *(f"`{skill}`" for skill in found.points[0].spearman)], rows)
