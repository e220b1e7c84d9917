"""Train the four models on a dataset, measure them on held-out scenarios, write and register the bundle."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xgboost
from numpy.typing import NDArray
from xgboost import Booster, DMatrix

from skillscope.datasets.contract import scenario_of
from skillscope.datasets.files import require_file
from skillscope.datasets.io import read_dataset
from skillscope.datasets.manifest import Manifest, file_sha256, read_manifest
from skillscope.datasets.versions import installed_pipeline
from skillscope.errors import BundleError, SchemaError
from skillscope.evaluation.metrics import bootstrap_interval, mae, pearson_r, r_squared, rmse
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.baselines import held_out_baselines
from skillscope.modeling.boosting import BoostingParams, Floats, fit_regressor
from skillscope.modeling.bundle import BUNDLE_NAME, Bundle, BundleRecord, SkillRecord, write_bundle
from skillscope.modeling.card import model_card
from skillscope.modeling.conformal import (
    COVERAGES,
    BandedIntervals,
    by_band,
    coverage_of_folds,
    half_widths,
    usual_range,
)
from skillscope.modeling.crossval import HeldOut, cross_validate
from skillscope.modeling.evidence import Evidence
from skillscope.modeling.folds import FOLDS, group_folds, join_groups
from skillscope.modeling.novelty import fit_novelty
from skillscope.modeling.tracking import Registration, log_training
from skillscope.settings import Settings, get_settings
from skillscope.skills import SCORE_COLUMNS, SKILLS, Skill

__all__ = ["DEFAULT_SEED", "ROWS_AT_LEAST", "TrainingResult", "train_models"]

DEFAULT_SEED: Final = 42
ROWS_AT_LEAST: Final = 40
"""Labelled rows below which a skill gets no model."""
SHAP_ROWS: Final = 2000

Report = Callable[[str], None]


@dataclass(frozen=True)
class TrainingResult:
    """What a training gave."""

    bundle: Bundle
    registration: Registration | None
    notes: list[str] = field(default_factory=list)

    @property
    def metrics(self) -> dict[Skill, dict[str, float]]:
        """By skill: r2, mae, rmse and r on held-out scenarios."""
        return {skill: item.metrics for skill, item in self.bundle.record.skills.items()}


@dataclass(frozen=True)
class _Data:
    frame: pd.DataFrame
    manifest: Manifest | None
    features: Floats
    scores: Floats
    groups: NDArray[np.int64]
    folds: NDArray[np.int64]
    sha256: str
    scenarios: int


def _figures(actual: Floats, predicted: Floats) -> dict[str, float]:
    return {
        "r2": round(r_squared(actual, predicted), 6),
        "mae": round(mae(actual, predicted), 6),
        "rmse": round(rmse(actual, predicted), 6),
        "r": round(pearson_r(actual, predicted), 6),
    }


def _load(path: Path, seed: int) -> _Data:
    require_file(path, what="a dataset of 38 columns")
    frame = read_dataset(path)
    digest = file_sha256(path)
    manifest = read_manifest(path)
    if manifest is not None and manifest.sha256 != digest:
        manifest = None  # it describes other bytes
    pipeline = manifest.versions.language_pipeline if manifest else None
    if pipeline is not None and pipeline != installed_pipeline():
        raise BundleError(
            f"{path} holds features of {pipeline}, installed is {installed_pipeline()}; "
            "make the features again with extract_linguistic_features"
        )
    features = frame[list(FEATURE_NAMES)].to_numpy(dtype=np.float64)
    scores = frame[list(SCORE_COLUMNS)].to_numpy(dtype=np.float64)
    scenarios = [scenario_of(source) for source in frame["source"]]
    groups = join_groups(scenarios)
    folds = group_folds(groups.tolist(), frame["skill"].tolist(), folds=FOLDS, seed=seed)
    return _Data(frame, manifest, features, scores, groups, folds, digest, len(set(scenarios)))


def _trainable(data: _Data, path: Path) -> tuple[list[Skill], list[str]]:
    counts = np.isfinite(data.scores).sum(axis=0)
    chosen: list[Skill] = []
    notes = []
    for column, skill in enumerate(SKILLS):
        labelled = np.isfinite(data.scores[:, column])
        spread = len(np.unique(data.scores[labelled, column])) > 1
        per_fold = [int((labelled & (data.folds == fold)).sum()) for fold in range(int(data.folds.max()) + 1)]
        if counts[column] >= ROWS_AT_LEAST and spread and sum(count > 0 for count in per_fold) > 1:
            chosen.append(skill)
        else:
            notes.append(f"no model for {skill}: {counts[column]} labelled rows, at least {ROWS_AT_LEAST} are needed")
    if not chosen:
        raise SchemaError(
            f"{path} has too few labels to train on ("
            + ", ".join(f"{name}: {count}" for name, count in zip(SCORE_COLUMNS, counts, strict=True))
            + f"); at least {ROWS_AT_LEAST} labelled rows of one skill, not all alike, from 2 scenarios are needed",
            field=SCORE_COLUMNS[0],
        )
    return chosen, notes


def _importance(model: Booster, features: Floats, seed: int) -> dict[str, float]:
    rows = np.arange(len(features))
    if len(rows) > SHAP_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, SHAP_ROWS, replace=False))
    shares = model.predict(DMatrix(features[rows], nthread=1), pred_contribs=True)[:, :-1]
    sizes = np.abs(shares).mean(axis=0)
    ranked = sorted(zip(FEATURE_NAMES, sizes, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return {name: round(float(size), 6) for name, size in ranked}


def _label_sources(data: _Data) -> tuple[str, ...]:
    if data.manifest and data.manifest.label_source:
        return tuple(data.manifest.label_source.split("+"))
    kinds = sorted({source.partition(":")[0] for source in data.frame["source"]})
    return ("human",) if kinds == ["human"] else ("unknown",)


def _trained_on(data: _Data, seed: int) -> dict[str, Any]:
    return {
        "rows": len(data.frame),
        "scenarios": data.scenarios,
        "groups": int(data.groups.max()) + 1,
        "folds": int(data.folds.max()) + 1,
        "data_seed": data.manifest.seed if data.manifest else None,
        "seed": seed,
        "sha256": data.sha256,
        "xgboost": xgboost.__version__,
    }


def _skill_record(
    data: _Data, skill: Skill, *, held: HeldOut, baselines: dict[str, Floats], model: Booster, seed: int
) -> SkillRecord:
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
        errors, folds = values[rows] - labels[rows], data.folds[rows]
        # Where no training row has such evidence, nothing is known of the error: the interval is the whole scale.
        widths[kind] = half_widths(errors)
        banded[kind] = by_band(errors, folds, data.frame["grade"].to_numpy(dtype=np.float64)[rows])
        if len(np.unique(folds)) > 1:
            measured[kind] = {f"{c:g}": round(coverage_of_folds(errors, folds, c), 6) for c in COVERAGES}
            figures[kind] = _figures(labels[rows], values[rows])
    low, high = np.quantile(actual, [1 / 3, 2 / 3])
    ceiling = (data.manifest.noise_ceiling or {}) if data.manifest else {}
    intervals = {}
    for name, figure in (("r2", r_squared), ("mae", mae)):
        interval = bootstrap_interval(figure, actual, predicted, groups=data.groups[known], resamples=400, seed=seed)
        intervals[name] = (round(interval.low, 6), round(interval.high, 6))
    return SkillRecord(
        cut_points=(round(float(low), 6), round(float(high), 6)),
        half_widths=widths,
        measured_coverage=measured,
        half_widths_by_band={kind: item.half_widths for kind, item in banded.items()},
        measured_coverage_by_band={kind: item.coverage for kind, item in banded.items()},
        usual_range=usual_range(actual),
        metrics=_figures(actual, predicted),
        metrics_by_evidence=figures,
        intervals=intervals,
        baselines={name: _figures(actual, values[known, column]) for name, values in baselines.items()},
        noise_ceiling=ceiling.get(skill),
        importance=_importance(model, data.features[known], seed),
        rows=int(known.sum()),
        trees=held.typical_trees,
    )


def _logged_metrics(record: BundleRecord) -> dict[str, float]:
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


def _fit_all(
    data: _Data, held: dict[Skill, HeldOut], params: BoostingParams, *, seed: int, threads: int
) -> dict[Skill, Booster]:
    def fit(skill: Skill) -> Booster:
        column = SKILLS.index(skill)
        known = np.isfinite(data.scores[:, column])
        trees = held[skill].typical_trees
        return fit_regressor(
            data.features[known], data.scores[known, column], params, trees=trees, seed=seed
        ).get_booster()

    with ThreadPoolExecutor(threads) as pool:
        return dict(zip(held, pool.map(fit, held), strict=True))


def train_models(
    data: Path,
    models_dir: Path,
    *,
    seed: int = DEFAULT_SEED,
    params: BoostingParams | None = None,
    register: bool = True,
    settings: Settings | None = None,
    report: Report | None = None,
) -> TrainingResult:
    """Train one regressor a skill on the 29 features and write the bundle to `models_dir`/skillscope.

    Figures come from grouped cross-validation: rows of one scenario (or with one text) are never split between
    training and test. A sample trains the skills that it has labels for. With `register` the run is logged to MLflow,
    the bundle registered there as `skillscope`, alias `champion`. Same data, seed and versions: the same bytes.

    Raises:
        FileError, SchemaError: the dataset cannot be used, or has too few labels or scenarios.
        BundleError: the features were measured by another language pipeline.
        ConfigurationError: the MLflow store cannot be used.
    """
    settings, params = settings or get_settings(), params or BoostingParams()
    say = report or (lambda _: None)
    loaded = _load(data, seed)
    skills, notes = _trainable(loaded, data)
    columns = [SKILLS.index(skill) for skill in skills]
    say(f"{len(loaded.frame)} rows, {loaded.scenarios} scenarios: cross-validating")
    results = cross_validate(
        loaded.features, loaded.scores[:, columns], loaded.folds, loaded.groups,
        params=params, seed=seed, threads=settings.workers,
    )  # fmt: skip
    held = dict(zip(skills, results, strict=True))
    say("fitting the four models" if len(skills) == len(SKILLS) else f"fitting {len(skills)} models")
    models = _fit_all(loaded, held, params, seed=seed, threads=settings.workers)
    say("measuring the baselines")
    baselines = held_out_baselines(loaded.frame, loaded.scores, loaded.folds, seed=seed)
    record = BundleRecord(
        language_pipeline=installed_pipeline(),
        label_sources=_label_sources(loaded),
        trained_on=_trained_on(loaded, seed),
        params=params.as_dict(),
        skills={
            skill: _skill_record(loaded, skill, held=held[skill], baselines=baselines, model=models[skill], seed=seed)
            for skill in skills
        },
        novelty=fit_novelty(loaded.features, loaded.folds),
    )
    bundle = write_bundle(record, models, model_card(record), models_dir / BUNDLE_NAME)
    registration = None
    if register:
        say("logging to MLflow")
        registration = _register(bundle, loaded, held, data, settings)
    return TrainingResult(bundle, registration, notes)


def _register(
    bundle: Bundle, data: _Data, held: dict[Skill, HeldOut], source: Path, settings: Settings
) -> Registration:
    from skillscope.modeling.figures import importance_figure, predicted_actual_figure

    actual, predicted = {}, {}
    for skill, item in held.items():
        known = np.isfinite(item.whole)
        actual[skill] = data.scores[known, SKILLS.index(skill)]
        predicted[skill] = item.whole[known]
    records = bundle.record.skills
    return log_training(
        bundle,
        data.frame,
        source=source,
        metrics=_logged_metrics(bundle.record),
        figures={
            "predicted-vs-actual": predicted_actual_figure(actual, predicted, records),
            "feature-importance": importance_figure(records),
        },
        settings=settings,
    )
