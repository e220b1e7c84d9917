"""Evaluate a model on rated rows: every figure that the report shows and the gate judges by."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from xgboost import DMatrix

from skillscope import __version__
from skillscope.datasets.contract import scenario_of
from skillscope.errors import SchemaError
from skillscope.evaluation import fairness
from skillscope.evaluation.holding import coverage_figures, probe_figures
from skillscope.evaluation.metrics import (
    as_ratings,
    bootstrap_interval,
    degradation,
    mae,
    pearson_r,
    prmse,
    qwk,
    r_squared,
    rating_steps,
    rmse,
    smd,
)
from skillscope.evaluation.rated import RatedRows
from skillscope.evaluation.record import (
    Bin,
    DataFacts,
    Evaluation,
    Figure,
    Grouping,
    GroupRow,
    ModelFacts,
    ShapFeature,
    SkillEvaluation,
    given_by,
    known,
)
from skillscope.features.schema import FEATURE_NAMES, LINGUISTIC
from skillscope.modeling.baselines import held_out_baselines
from skillscope.modeling.bundle import Bundle
from skillscope.modeling.evidence import evidence_of
from skillscope.modeling.folds import group_folds
from skillscope.modeling.judging import judge
from skillscope.skills import SKILLS, Skill

__all__ = ["Evaluated", "evaluate_model"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Report = Callable[[str], None]

RESAMPLES: Final = 500
SHAP_ROWS: Final = 1000
SHAP_SHOWN: Final = 12
ROWS_AT_LEAST: Final = 10
"""Rated rows below which a skill has no figures."""
_BINS: Final = 10


@dataclass(frozen=True)
class Evaluated:
    """An evaluation, and what its charts are drawn from: scores (n, 4), and SHAP values with the feature values."""

    evaluation: Evaluation
    rated: RatedRows
    scores: Floats
    shap: dict[Skill, tuple[Floats, Floats, tuple[str, ...]]]


def _wide(bundle: Bundle, rated: RatedRows) -> Floats:
    """Feature rows with the columns of the bundle's families."""
    if not bundle.families.columns:
        return rated.features
    answers = bundle.families.book.answers(
        rated.frame["response"].tolist(),
        sources=rated.frame["source"].tolist(),
        linguistic=rated.features[:, : len(LINGUISTIC)],
    )
    return np.hstack([rated.features, bundle.families.transform(answers)])


def _measured(
    figure: Callable[[Floats, Floats], float], human: Floats, machine: Floats, clusters: NDArray[np.str_], seed: int
) -> Figure:
    found = bootstrap_interval(figure, human, machine, groups=clusters, resamples=RESAMPLES, seed=seed)
    return Figure(value=known(found.value), low=known(found.low), high=known(found.high))


def _rating_error(
    rated: RatedRows, human: Floats, second: Floats, ceiling: float | None
) -> tuple[float | None, str | None]:
    """The error variance of one rating: half the mean squared difference of two; else what the ceiling leaves."""
    both = np.isfinite(second)
    if both.sum() >= ROWS_AT_LEAST:
        return float(np.square(human[both] - second[both]).mean() / 2.0), f"{int(both.sum())} rows rated twice"
    if ceiling is not None and "simulated" in rated.label_sources and len(human) > 1:
        return float((1.0 - ceiling) * human.var(ddof=1)), "the noise of the simulated raters"
    return None, None


def _bins(labels: NDArray[np.str_], order: list[str], human: Floats, machine: Floats) -> list[Bin]:
    found = []
    for label in order:
        inside = labels == label
        if inside.any():
            errors = machine[inside] - human[inside]
            found.append(
                Bin(
                    label=label,
                    rows=int(inside.sum()),
                    predicted=known(machine[inside].mean()),
                    actual=known(human[inside].mean()),
                    residual=known(errors.mean()),
                    spread=known(errors.std()),
                )
            )
    return found


def _cut(values: Floats, count: int, form: str) -> tuple[NDArray[np.str_], list[str]]:
    """Names of `count` bins of about equal size, and their order; NaN values are `unknown`."""
    there = np.isfinite(values)
    edges = np.unique(np.quantile(values[there], np.linspace(0.0, 1.0, count + 1))) if there.any() else np.array([])
    if len(edges) < 2:
        return np.full(len(values), "all"), ["all"]
    names = [f"{low:{form}} to {high:{form}}" for low, high in pairwise(edges)]
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(names) - 1)
    return np.where(there, np.array(names)[place], "unknown"), [*names, "unknown"]


def _groupings(rated: RatedRows, rows: Flags, human: Floats, machine: Floats) -> list[Grouping]:
    columns = {"grade": rated.frame["grade"].astype(str).to_numpy(dtype=str), **rated.groupings}
    found = []
    for column, names in columns.items():
        own = names[rows]
        models = [figure(human, machine, own) for figure in (fairness.osa, fairness.osd, fairness.csd)]
        groups = [
            GroupRow(
                group=item.group,
                rows=item.rows,
                few=item.few,
                human_mean=known(item.human_mean),
                machine_mean=known(item.machine_mean),
                r=known(item.r),
                mae=known(item.mae),
                smd=known(item.smd),
                dsm=known(item.dsm),
            )
            for item in fairness.group_figures(human, machine, own)
        ]
        values: list[float | None] = [known(value) for model in models for value in (model.r2, model.p)]
        found.append(
            Grouping(
                column=column, osa_r2=values[0], osa_p=values[1], osd_r2=values[2], osd_p=values[3], csd_r2=values[4],
                csd_p=values[5], groups=groups,
            )
        )  # fmt: skip
    return found


def _shap(bundle: Bundle, skill: Skill, features: Floats, seed: int) -> tuple[Floats, Floats, tuple[str, ...]]:
    """SHAP values and values of some rows, each (m, f), and the names of the columns."""
    rows = np.arange(len(features))
    if len(rows) > SHAP_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, SHAP_ROWS, replace=False))
    inputs = bundle.inputs(skill, features[rows])
    shares = bundle.models[skill].predict(DMatrix(inputs, nthread=1), pred_contribs=True)[:, :-1]
    return np.asarray(shares, dtype=np.float64), inputs, bundle.names(skill)


def _shap_features(shares: Floats, values: Floats, names: tuple[str, ...]) -> list[ShapFeature]:
    sizes = np.abs(shares).mean(axis=0)
    found = []
    for column in np.argsort(-sizes, kind="stable")[:SHAP_SHOWN]:
        there = np.isfinite(values[:, column])
        moved, value = shares[there, column], values[there, column]
        varies = len(value) > 2 and np.ptp(value) > 0 and np.ptp(moved) > 0
        way = float(spearmanr(value, moved).statistic) if varies else float("nan")
        found.append(ShapFeature(feature=names[column], size=round(float(sizes[column]), 6), direction=known(way)))
    return found


def _skill(
    bundle: Bundle,
    rated: RatedRows,
    skill: Skill,
    machine: Floats,
    *,
    baselines: dict[str, Floats],
    shap: list[ShapFeature],
    seed: int,
) -> SkillEvaluation:
    column = SKILLS.index(skill)
    rows = np.isfinite(rated.scores[:, column])
    human, scored, clusters = rated.scores[rows, column], machine[rows], rated.clusters[rows]
    second = rated.second[rows, column]
    steps = rating_steps(human)
    record = bundle.record.skills[skill]
    ceiling = (rated.manifest.noise_ceiling or {}).get(skill) if rated.manifest else None
    variance, variance_from = _rating_error(rated, human, second, ceiling)

    def of_ratings(first: Floats, other: Floats) -> float:
        return qwk(as_ratings(first, steps), as_ratings(other, steps))

    named: dict[str, Callable[[Floats, Floats], float]] = {
        "r": pearson_r,
        "r2": r_squared,
        "mae": mae,
        "rmse": rmse,
        "qwk": of_ratings,
        "smd": smd,
    }
    if variance is not None:
        named["prmse"] = lambda first, other: prmse(first, other, variance)
    figures = {name: _measured(figure, human, scored, clusters, seed) for name, figure in named.items()}
    twice = np.isfinite(second)
    human_human = worse = None
    if twice.sum() >= ROWS_AT_LEAST:
        agreement: dict[str, Callable[[Floats, Floats], float]] = {"r": pearson_r, "qwk": of_ratings}
        first, other, seen = human[twice], second[twice], scored[twice]
        human_human = {name: _measured(f, first, other, clusters[twice], seed) for name, f in agreement.items()}
        worse = {name: Figure(value=known(degradation(f, first, other, seen))) for name, f in agreement.items()}
    words, word_names = _cut(rated.features[rows, FEATURE_NAMES.index("word_count")], 6, ".0f")
    grades = rated.frame["grade"].astype(str).to_numpy(dtype=str)[rows]
    predicted, predicted_names = _cut(scored, _BINS, ".2f")
    return SkillEvaluation(
        rows=int(rows.sum()),
        steps=steps,
        figures=figures,
        human_human=human_human,
        degradation=worse,
        error_variance=None if variance is None else round(variance, 8),
        error_variance_from=variance_from,
        ceiling=ceiling,
        baselines={
            name: {
                "r2": known(r_squared(human, values[rows, column])),
                # What a mean correlates with is which fold a row lay in.
                "r": None if name == "mean" else known(pearson_r(human, values[rows, column])),
                "mae": known(mae(human, values[rows, column])),
            }
            for name, values in baselines.items()
            if np.isfinite(values[rows, column]).all()
        },
        held_out=dict(record.metrics),
        held_out_by_evidence={kind: dict(values) for kind, values in record.metrics_by_evidence.items()},
        calibration=_bins(predicted, predicted_names, human, scored),
        by_grade=_bins(grades, sorted(set(grades.tolist())), human, scored),
        by_length=_bins(words, word_names, human, scored),
        groupings=_groupings(rated, rows, human, scored),
        shap=shap,
    )


def _notes(bundle: Bundle, rated: RatedRows, seen: bool) -> list[str]:
    found = []
    if not rated.human:
        found.append(
            f"The ratings were given by {given_by(rated.label_sources)}, not by people. Agreement with them is not "
            "validity: it says nothing of how well the model measures children."
        )
    if bundle.is_demonstration:
        found.append("No person rated what the model learned from. It is a demonstration, not for use on children.")
    if seen:
        found.append("These are the rows that the model was trained on: every figure here flatters.")
    if not np.isfinite(rated.second).any():
        found.append("No row was rated twice, so agreement cannot be held against that of two people.")
    return found


def _facts(bundle: Bundle, rated: RatedRows, seen: bool) -> tuple[ModelFacts, DataFacts]:
    kinds, counts = np.unique(evidence_of(rated.features), return_counts=True)
    grades, rows = np.unique(rated.frame["grade"].to_numpy(), return_counts=True)
    model = ModelFacts(
        version=bundle.version,
        label_source=bundle.label_source,
        demonstration=bundle.is_demonstration,
        language_pipeline=bundle.language_pipeline,
        feature_schema=bundle.feature_schema,
        families=[family.key for family in bundle.record.families],
        trained_on=bundle.record.trained_on,
    )
    data = DataFacts(
        name=rated.name,
        sha256=rated.sha256,
        rows=len(rated.frame),
        label_sources=list(rated.label_sources),
        human=rated.human,
        seen=seen,
        scenarios=len({scenario_of(source) for source in rated.frame["source"]}),
        clusters=len(set(rated.clusters.tolist())),
        grades={int(grade): int(count) for grade, count in zip(grades, rows, strict=True)},
        evidence={str(kind): int(count) for kind, count in zip(kinds, counts, strict=True)},
        second_ratings=int(np.isfinite(rated.second).any(axis=1).sum()),
    )
    return model, data


def _baselines(rated: RatedRows, seed: int) -> dict[str, Floats]:
    """Baselines fitted and tested on these rows by folds of whole clusters; none where only one could be held out."""
    if len(set(rated.clusters.tolist())) < 2:
        return {}
    folds = group_folds(rated.clusters.tolist(), rated.frame["skill"].tolist(), seed=seed)
    return held_out_baselines(rated.frame, rated.scores, folds, seed=seed)


def evaluate_model(
    bundle: Bundle, rated: RatedRows, *, probes: bool = True, seed: int = 0, report: Report | None = None
) -> Evaluated:
    """Score the rated rows and measure everything that the report shows. The same arguments give the same figures.

    Raises:
        SchemaError: no skill of the bundle has `ROWS_AT_LEAST` rated rows.
    """
    say: Any = report or (lambda _: None)
    counts = np.isfinite(rated.scores).sum(axis=0)
    skills = [skill for skill in SKILLS if skill in bundle.models and counts[SKILLS.index(skill)] >= ROWS_AT_LEAST]
    if not skills:
        raise SchemaError(
            f"{rated.name} has fewer than {ROWS_AT_LEAST} rated rows of every skill that the model scores "
            f"({', '.join(bundle.models)})"
        )
    seen = rated.sha256 == bundle.record.trained_on.get("sha256")
    say("scoring")
    features = _wide(bundle, rated)
    judged = judge(bundle, features, grades=rated.grades)
    shap = {skill: _shap(bundle, skill, features, seed) for skill in skills}
    say("measuring the baselines")
    baselines = _baselines(rated, seed)
    say("measuring agreement and fairness")
    found = {
        skill: _skill(
            bundle,
            rated,
            skill,
            judged.scores[:, SKILLS.index(skill)],
            baselines=baselines,
            shap=_shap_features(*shap[skill]),
            seed=seed,
        )
        for skill in skills
    }
    say("measuring intervals")
    coverage = coverage_figures(bundle, rated, features)
    if probes:
        say("trying to game it")
    model, data = _facts(bundle, rated, seen)
    evaluation = Evaluation(
        code=__version__,
        model=model,
        data=data,
        skills=found,
        coverage=coverage,
        extrapolating=None if bundle.novelty is None else known(judged.extrapolating.mean()),
        beyond=None if bundle.novelty is None else known(judged.beyond.mean()),
        probes=probe_figures(bundle, rated, seed) if probes else [],
        notes=_notes(bundle, rated, seen),
    )
    return Evaluated(evaluation, rated, judged.scores, shap)
