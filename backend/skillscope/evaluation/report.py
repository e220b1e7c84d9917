"""The evaluation report as one HTML page that needs nothing from outside, and the JSON beside it."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from jinja2 import Environment, StrictUndefined, Template

from skillscope.datasets.files import replacing
from skillscope.evaluation import charts
from skillscope.evaluation.evaluate import Evaluated
from skillscope.evaluation.fairness import GROUP_AT_LEAST
from skillscope.evaluation.gate import THRESHOLDS, Verdict
from skillscope.evaluation.record import Evaluation, Figure, ProbeFigures, given_by
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.curve import LearningCurve
from skillscope.modeling.evidence import EVIDENCE
from skillscope.modeling.figures import learning_curve_figure
from skillscope.skills import SKILLS

__all__ = ["render_report", "write_report"]

_EVIDENCE: Final = {"both": "text and play", "text": "text alone", "play": "play alone"}
_SECTIONS: Final = (
    "Design", "Model, data and label sources", "Agreement", "Calibration", "Residuals by grade and length", "Fairness",
    "Uncertainty", "What the scores rest on", "The gate's criteria", "Gaming probes", "Learning curve", "References",
)  # fmt: skip
_MINUS: Final = "\N{MINUS SIGN}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".replace("-", _MINUS)


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}".replace("-", _MINUS)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _interval(figure: Figure) -> str:
    return "" if figure.low is None or figure.high is None else f"[{_number(figure.low)}, {_number(figure.high)}]"


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {
        "num": _number,
        "signed": _signed,
        "share": _share,
        "interval": _interval,
        "skill": charts.skill_name,
        "by": given_by,
    }
    return environment.from_string(files(__package__).joinpath("report.html").read_text(encoding="utf-8"))


def _coverage(evaluation: Evaluation, kind: str, nominals: list[float]) -> list[dict[str, Any]]:
    """Lines of the coverage table: one for each skill and band, with a cell for each nominal coverage."""
    rows = [row for row in evaluation.coverage if row.evidence == kind]
    keys = sorted({(SKILLS.index(row.skill), row.band) for row in rows})
    lines = []
    for skill, band in keys:
        own = {row.nominal: row for row in rows if row.band == band and row.skill == SKILLS[skill]}
        cells = [own[nominal] for nominal in nominals if nominal in own]
        lines.append({"skill": SKILLS[skill], "band": band, "cells": cells, "rows": cells[0].rows})
    return lines


def _probes(evaluation: Evaluation) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for kind in EVIDENCE:
        named: dict[str, list[ProbeFigures]] = {}
        for item in evaluation.probes:
            if item.evidence == kind:
                named.setdefault(item.probe, []).append(item)
        if named:
            found[kind] = [
                {
                    "probe": probe,
                    "rises": {item.skill: item for item in items},
                    "extrapolating": items[0].extrapolating,
                    "beyond": items[0].beyond,
                    "rows": items[0].rows,
                }
                for probe, items in named.items()
            ]
    return found


def _mean_rise(evaluation: Evaluation, skill: str, kind: str) -> float | None:
    rises = [p.rise for p in evaluation.probes if p.skill == skill and p.evidence == kind and p.rise is not None]
    return float(np.mean(rises)) if rises else None


def _glance(evaluation: Evaluation) -> dict[str, dict[str, float | None]]:
    """What stands in the first table beside the figures of agreement."""
    largest: dict[str, float | None] = {}
    covered: dict[str, float | None] = {}
    gamed: dict[str, float | None] = {}
    main = max(evaluation.data.evidence, key=lambda kind: evaluation.data.evidence[kind])
    for skill, item in evaluation.skills.items():
        judged = [
            group.dsm
            for grouping in item.groupings
            for group in grouping.groups
            if group.dsm is not None and not group.few and len(grouping.groups) > 1
        ]
        largest[skill] = max(judged, key=abs) if judged else None
        covered[skill] = next(
            (
                row.covered
                for row in evaluation.coverage
                if (row.skill, row.evidence, row.nominal, row.band) == (skill, main, 0.8, "")
            ),
            None,
        )
        rises = [p.rise for p in evaluation.probes if p.skill == skill and p.evidence == main and p.rise is not None]
        gamed[skill] = max(rises) if rises else None
    return {"largest_dsm": largest, "covered": covered, "gamed": gamed}


def _charts(evaluated: Evaluated, curve: LearningCurve | None) -> Mapping[str, str]:
    evaluation = evaluated.evaluation
    drawn = {
        "agreement": charts.agreement_chart(evaluated),
        "residuals": charts.residual_chart(evaluation),
        "shap": charts.shap_chart(evaluated),
    }
    columns = [grouping.column for grouping in next(iter(evaluation.skills.values())).groupings]
    drawn |= {f"fairness {column}": charts.fairness_chart(evaluation, column) for column in columns}
    kinds = [kind for kind in EVIDENCE if any(row.evidence == kind for row in evaluation.coverage)]
    drawn |= {f"coverage {kind}": charts.coverage_chart(evaluation, kind) for kind in kinds}
    if curve is not None:
        drawn["curve"] = learning_curve_figure(curve)
    return {name: charts.svg(figure, f"chart {number}") for number, (name, figure) in enumerate(drawn.items())}


def render_report(evaluated: Evaluated, verdict: Verdict, *, curve: LearningCurve | None = None) -> str:
    """The page. Nothing of a student's text or name is on it; group names are those of the side table, escaped."""
    evaluation = evaluated.evaluation
    nominals = sorted({row.nominal for row in evaluation.coverage})
    kinds = [kind for kind in EVIDENCE if any(row.evidence == kind for row in evaluation.coverage)]
    first = next(iter(evaluation.skills.values()))
    probes = _probes(evaluation)
    return _template().render(
        e=evaluation,
        verdict=verdict,
        thresholds=THRESHOLDS,
        sections=list(enumerate(_SECTIONS, start=1)),
        feature_count=len(FEATURE_NAMES),
        evidence_names=_EVIDENCE,
        few_rows=GROUP_AT_LEAST,
        columns=[grouping.column for grouping in first.groupings],
        twice=any(item.human_human for item in evaluation.skills.values()),
        evidence=kinds,
        nominals=nominals,
        coverage={kind: _coverage(evaluation, kind, nominals) for kind in kinds},
        shap_lines=list(zip(*(item.shap[:8] for item in evaluation.skills.values()), strict=False)),
        kept_dsm=sum(item.figure == "dsm" and item.judged and item.passed is True for item in verdict.criteria),
        probes=probes,
        probe_means={
            kind: {skill: _mean_rise(evaluation, skill, kind) for skill in evaluation.skills} for kind in probes
        },
        charts=_charts(evaluated, curve),
        curve=curve,
        **_glance(evaluation),
    )


def write_report(
    evaluated: Evaluated, verdict: Verdict, report: Path, *, curve: LearningCurve | None = None
) -> tuple[Path, Path]:
    """Write the page, and the evaluation as JSON beside it with the ending `.json`; each whole or not at all.

    Raises:
        FileError: a file cannot be written.
    """
    beside = report.with_suffix(".json")
    page = render_report(evaluated, verdict, curve=curve)
    report.parent.mkdir(parents=True, exist_ok=True)
    with replacing(report) as temporary:
        temporary.write_text(page, encoding="utf-8")
    with replacing(beside) as temporary:
        temporary.write_text(evaluated.evaluation.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return report, beside
