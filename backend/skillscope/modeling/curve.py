"""The learning curve: what more training rows are worth on scenarios that no model has seen.

A pool of simulated students is cut into folds of whole scenarios. For every fold and size, models learn from so many
rows of the other folds and are asked about all rows of the fold: each size is measured on the same rows, none of which
it could know. A small size is drawn several times and the mean is given, with the smallest and largest draw beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skillscope.datasets.files import replacing
from skillscope.errors import InputError, SchemaError
from skillscope.evaluation.metrics import mae, r_squared
from skillscope.modeling.boosting import Floats, fit_regressor, fit_stopping
from skillscope.modeling.crossval import learnt_rows
from skillscope.modeling.folds import group_folds
from skillscope.modeling.loading import Loaded, load_training_set
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.samples import Rows, Samples
from skillscope.modeling.threads import fitting_threads
from skillscope.skills import SKILLS, Skill

__all__ = [
    "CURVE_NAME",
    "SIZES",
    "WANTED",
    "WANTED_MAE",
    "CurvePoint",
    "LearningCurve",
    "Size",
    "learning_curve",
    "read_curve",
]

CURVE_NAME: Final = "learning-curve"
SHARE_OF_CEILING: Final = 0.95
WANTED: Final = ((100, 0.60), (1000, 0.80), (5000, 0.88))
"""R2 that is wanted of so many rows, SMOTE's counted, or more; or `SHARE_OF_CEILING` of the ceiling if lower."""
WANTED_MAE: Final = 0.06
"""Mean absolute error that is wanted of the largest of these sizes, or less."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Size:
    """A point of the curve: rows to learn from, and up to how many SMOTE adds to them."""

    rows: int
    augment_to: int | None = None
    draws: int = 1

    @property
    def label(self) -> str:
        """As it stands at the axis: `1,008 + SMOTE`."""
        return f"{self.rows:,}" + ("" if self.augment_to is None else " + SMOTE")


SIZES: Final = (Size(100, draws=5), Size(1008), Size(1008, augment_to=5000), Size(5040))


class CurvePoint(BaseModel):
    """What models of one size are worth, by skill; `r2_draws` are the lowest and highest of several draws."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    rows: int
    augment_to: int | None = None
    draws: int
    r2: dict[Skill, float]
    r2_draws: dict[Skill, tuple[float, float]]
    mae: dict[Skill, float]


class LearningCurve(BaseModel):
    """The whole curve, and what it is measured against."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    points: list[CurvePoint]
    noise_ceiling: dict[Skill, float] = Field(description="best attainable R2, given the noise of the raters")
    label_source: str
    pool_rows: int
    scenarios: int
    folds: int
    seed: int
    sha256: str = Field(description="of the pool")

    @property
    def near_ceiling(self) -> dict[Skill, float]:
        """95% of the noise ceiling, by skill."""
        return {skill: SHARE_OF_CEILING * value for skill, value in self.noise_ceiling.items()}

    def wanted(self, point: CurvePoint, skill: Skill) -> float:
        """The R2 that is wanted of this point; 0 of fewer rows than any of `WANTED`."""
        rows = max(point.rows, point.augment_to or 0)
        asked = max((r2 for least, r2 in WANTED if rows >= least), default=0.0)
        return min(asked, self.near_ceiling[skill])

    def missed(self) -> list[str]:
        """What falls short, in words: `resilience of 1,008 + SMOTE: R2 0.869 of 0.880 wanted`."""
        found = []
        for point in self.points:
            for skill, value in point.r2.items():
                if value < self.wanted(point, skill):
                    wanted = self.wanted(point, skill)
                    found.append(f"{skill} of {point.label}: R2 {value:.3f} of {wanted:.3f} wanted")
                large = max(point.rows, point.augment_to or 0) >= WANTED[-1][0]
                if large and point.mae[skill] > WANTED_MAE:
                    found.append(f"{skill} of {point.label}: error {point.mae[skill]:.3f}, {WANTED_MAE} wanted")
        return found

    def metrics(self) -> dict[str, float]:
        """The figures by the names under which they are logged."""
        out = {f"{skill}_noise_ceiling": value for skill, value in self.noise_ceiling.items()}
        for point in self.points:
            name = f"{point.rows}" + ("_smote" if point.augment_to is not None else "")
            out |= {f"{skill}_r2_at_{name}": value for skill, value in point.r2.items()}
            out |= {f"{skill}_mae_at_{name}": value for skill, value in point.mae.items()}
        return out

    def write(self, path: Path) -> None:
        """Write it as JSON, whole or not at all."""
        with replacing(path) as temporary:
            temporary.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_curve(path: Path) -> LearningCurve | None:
    """The curve in this file, or None where there is none.

    Raises:
        SchemaError: the file is no learning curve.
    """
    try:
        return LearningCurve.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise SchemaError(f"{path} is no learning curve; make it again with skillscope models curve") from error


def _fitted(samples: Samples, recipe: Recipe, column: int, learnt: Numbers, asked: Floats) -> Floats:
    """Predictions for `asked` by a regressor that learns from all of these rows; a fifth of their groups said before
    how many trees it needs.
    """
    rows = Rows(
        samples.features[learnt], samples.scores[learnt, column], samples.weights[learnt], samples.strata[learnt]
    )
    folds = group_folds(samples.groups[learnt].tolist(), [0] * len(rows), seed=recipe.seed + 1)
    part = learnt_rows(samples, recipe, column, rows.take(folds != 0), learnt[folds != 0], of=len(rows))
    trees = int(fit_stopping(part, rows.take(folds == 0), recipe.params, seed=recipe.seed).best_iteration) + 1
    whole = learnt_rows(samples, recipe, column, rows, learnt, of=len(rows))
    model = fit_regressor(whole, recipe.params, trees=trees, seed=recipe.seed)
    return np.clip(np.asarray(model.predict(asked), dtype=np.float64), 0.0, 1.0)


def _point(loaded: Loaded, recipe: Recipe, size: Size, threads: int) -> CurvePoint:
    samples = loaded.samples
    sized = replace(recipe, smote=size.augment_to is not None, augment_to=size.augment_to)
    jobs = [
        (skill, draw, fold)
        for skill in range(len(SKILLS))
        for draw in range(size.draws)
        for fold in range(samples.fold_count)
    ]

    def run(job: tuple[int, int, int]) -> Floats:
        skill, draw, fold = job
        # Rows of a plan are balanced in every stretch, so a stretch of them is what a run of that size would make.
        learnt = np.flatnonzero(samples.folds != fold)[draw * size.rows : (draw + 1) * size.rows]
        return _fitted(samples, sized, skill, learnt, samples.features[samples.folds == fold])

    with fitting_threads(threads) as pool:
        found = dict(zip(jobs, pool.map(run, jobs), strict=True))
    r2: dict[Skill, list[float]] = {skill: [] for skill in SKILLS}
    error: dict[Skill, list[float]] = {skill: [] for skill in SKILLS}
    for number, skill in enumerate(SKILLS):
        for draw in range(size.draws):
            predicted = np.empty(len(samples.scores))
            for fold in range(samples.fold_count):
                predicted[samples.folds == fold] = found[number, draw, fold]
            r2[skill].append(r_squared(samples.scores[:, number], predicted))
            error[skill].append(mae(samples.scores[:, number], predicted))
    return CurvePoint(
        label=size.label,
        rows=size.rows,
        augment_to=size.augment_to,
        draws=size.draws,
        r2={skill: round(float(np.mean(values)), 4) for skill, values in r2.items()},
        r2_draws={skill: (round(min(values), 4), round(max(values), 4)) for skill, values in r2.items()},
        mae={skill: round(float(np.mean(values)), 4) for skill, values in error.items()},
    )


def learning_curve(
    data: Path,
    *,
    sizes: Sequence[Size] = SIZES,
    recipe: Recipe | None = None,
    threads: int = 1,
    report: Callable[[str], None] | None = None,
) -> LearningCurve:
    """Measure the curve on a pool of generated rows; four fifths of it must hold the largest size.

    Raises:
        FileError, SchemaError, BundleError: the pool cannot be used, or was not rated by simulated raters throughout.
        InputError: it is too small for a size.
    """
    recipe = recipe or Recipe()
    loaded = load_training_set(data, recipe)
    samples = loaded.samples
    if not np.isfinite(samples.scores).all() or loaded.manifest is None or not loaded.manifest.noise_ceiling:
        raise SchemaError(
            f"{data} must be generated, with its manifest and with simulated labels for every skill, so that the noise "
            "ceiling is known",
            field="data",
        )
    smallest = min(int((samples.folds != fold).sum()) for fold in range(samples.fold_count))
    for size in sizes:
        if size.rows * size.draws > smallest:
            raise InputError(
                f"{data} leaves {smallest} rows of other scenarios to learn from; {size.draws} x {size.rows} are "
                "wanted: generate a larger pool",
                field="data",
            )
    points = []
    for size in sizes:
        if report is not None:
            report(f"{size.label} rows")
        points.append(_point(loaded, recipe, size, threads))
    ceiling = loaded.manifest.noise_ceiling
    return LearningCurve(
        points=points,
        noise_ceiling={skill: round(ceiling[skill], 6) for skill in SKILLS},
        label_source="+".join(loaded.sources),
        pool_rows=len(samples.scores),
        scenarios=loaded.scenarios,
        folds=samples.fold_count,
        seed=recipe.seed,
        sha256=loaded.sha256,
    )
