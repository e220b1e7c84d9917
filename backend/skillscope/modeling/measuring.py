"""What a training is worth: figures of held-out predictions, intervals, importance, and what of it is logged."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from xgboost import Booster, DMatrix

from skillscope.evaluation.metrics import bootstrap_interval, mae, pearson_r, r_squared, rmse
from skillscope.modeling.boosting import Floats
from skillscope.modeling.bundle import BundleRecord, SkillRecord
from skillscope.modeling.conformal import (
    COVERAGES,
    BandedIntervals,
    by_band,
    coverage_of_folds,
    half_widths,
    usual_range,
)
from skillscope.modeling.crossval import FittedSkill, HeldOut
from skillscope.modeling.evidence import Evidence
from skillscope.modeling.loading import Loaded
from skillscope.skills import SKILLS, Skill

__all__ = ["figures_of", "importance_of", "logged_metrics", "skill_record"]

SHAP_ROWS: Final = 2000


def figures_of(actual: Floats, predicted: Floats) -> dict[str, float]:
    """r2, mae, rmse and r of predictions, to six decimals."""
    return {
        "r2": round(r_squared(actual, predicted), 6),
        "mae": round(mae(actual, predicted), 6),
        "rmse": round(rmse(actual, predicted), 6),
        "r": round(pearson_r(actual, predicted), 6),
    }


def importance_of(model: Booster, features: Floats, names: tuple[str, ...], *, seed: int) -> dict[str, float]:
    """Mean absolute SHAP value of each feature, largest first, over at most `SHAP_ROWS` rows."""
    rows = np.arange(len(features))
    if len(rows) > SHAP_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, SHAP_ROWS, replace=False))
    shares = model.predict(DMatrix(features[rows], nthread=1), pred_contribs=True)[:, :-1]
    sizes = np.abs(shares).mean(axis=0)
    ranked = sorted(zip(names, sizes, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return {name: round(float(size), 6) for name, size in ranked}


def skill_record(
    data: Loaded,
    skill: Skill,
    *,
    held: HeldOut,
    baselines: Mapping[str, Floats],
    fitted: FittedSkill,
    names: tuple[str, ...],
    seed: int,
) -> SkillRecord:
    """What a bundle says of one skill; `names` are those of the columns that its regressor reads."""
    column = SKILLS.index(skill)
    labels = data.scores[:, column]
    known = np.isfinite(labels)
    actual, predicted = labels[known], held.whole[known]
    widths: dict[Evidence, dict[str, float]] = {}
    measured: dict[Evidence, dict[str, float]] = {}
    figures: dict[Evidence, dict[str, float]] = {}
    banded: dict[Evidence, BandedIntervals] = {}
    for kind, values in held.by_evidence(data.features).items():
        rows = known & np.isfinite(values)
        errors, folds = values[rows] - labels[rows], data.samples.folds[rows]
        # Where no training row has such evidence, nothing is known of the error: the interval is the whole scale.
        widths[kind] = half_widths(errors)
        banded[kind] = by_band(errors, folds, data.frame["grade"].to_numpy(dtype=np.float64)[rows])
        if len(np.unique(folds)) > 1:
            measured[kind] = {f"{c:g}": round(coverage_of_folds(errors, folds, c), 6) for c in COVERAGES}
            figures[kind] = figures_of(labels[rows], values[rows])
    low, high = np.quantile(actual, [1 / 3, 2 / 3])
    ceiling = (data.manifest.noise_ceiling or {}) if data.manifest else {}
    groups = data.samples.groups[known]
    intervals = {}
    for name, figure in (("r2", r_squared), ("mae", mae)):
        interval = bootstrap_interval(figure, actual, predicted, groups=groups, resamples=400, seed=seed)
        intervals[name] = (round(interval.low, 6), round(interval.high, 6))
    return SkillRecord(
        cut_points=(round(float(low), 6), round(float(high), 6)),
        half_widths=widths,
        measured_coverage=measured,
        half_widths_by_band={kind: item.half_widths for kind, item in banded.items()},
        measured_coverage_by_band={kind: item.coverage for kind, item in banded.items()},
        usual_range=usual_range(actual),
        metrics=figures_of(actual, predicted),
        metrics_by_evidence=figures,
        intervals=intervals,
        baselines={name: figures_of(actual, values[known, column]) for name, values in baselines.items()},
        noise_ceiling=ceiling.get(skill),
        importance=importance_of(fitted.model, fitted.rows.features, names, seed=seed),
        rows=int(known.sum()),
        trees=fitted.trees,
        tuned=fitted.tuned,
    )


def logged_metrics(record: BundleRecord) -> dict[str, float]:
    """The figures of a bundle by the names under which they are logged."""
    out: dict[str, float] = {}
    for skill, item in record.skills.items():
        out |= {f"{skill}_{name}": value for name, value in item.metrics.items()}
        out |= {f"{skill}_{base}_r2": values["r2"] for base, values in item.baselines.items()}
        for kind, values in item.metrics_by_evidence.items():
            out[f"{skill}_{kind}_r2"] = values["r2"]
            out |= {f"{skill}_{kind}_coverage_{key}": share for key, share in item.measured_coverage[kind].items()}
        if item.noise_ceiling is not None:
            out[f"{skill}_noise_ceiling"] = item.noise_ceiling
    for name in ("r2", "mae", "rmse", "r"):
        out[f"mean_{name}"] = float(np.mean([item.metrics[name] for item in record.skills.values()]))
    return out
