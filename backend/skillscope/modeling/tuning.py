"""Parameters of boosting, chosen by Optuna on training rows alone: grouped folds inside the training fold."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.samplers import TPESampler
from optuna.trial import Trial

from skillscope.modeling.boosting import BoostingParams, fit_stopping
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.samples import Rows

__all__ = ["INNER_FOLDS", "Learnt", "Tuned", "suggest", "tune"]

Learnt = Callable[[NDArray[np.bool_]], Rows]

INNER_FOLDS: Final = 3
"""Folds that a trial is held out on in turn, of those that the training rows have."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """What a search found: the parameters (`chosen` are those that were searched), the trees that they need, and the
    held-out error of the best trial."""

    params: BoostingParams
    chosen: dict[str, float]
    trees: int
    error: float


def suggest(trial: Trial, base: BoostingParams) -> BoostingParams:
    """The parameters of one trial. How many trees there are is found by early stopping, so it is not searched."""
    return replace(
        base,
        learning_rate=trial.suggest_float("learning_rate", 0.01, 0.2, log=True),
        max_depth=trial.suggest_int("max_depth", 2, 7),
        min_child_weight=trial.suggest_float("min_child_weight", 1.0, 40.0, log=True),
        subsample=trial.suggest_float("subsample", 0.4, 1.0),
        colsample_bytree=trial.suggest_float("colsample_bytree", 0.3, 1.0),
        reg_lambda=trial.suggest_float("reg_lambda", 0.1, 30.0, log=True),
        reg_alpha=trial.suggest_float("reg_alpha", 1e-3, 1.0, log=True),
    )


def _first(base: BoostingParams) -> dict[str, float]:
    """The given parameters as a trial, drawn into the range of the search."""
    return {
        "learning_rate": min(max(base.learning_rate, 0.01), 0.2),
        "max_depth": min(max(base.max_depth, 2), 7),
        "min_child_weight": min(max(base.min_child_weight, 1.0), 40.0),
        "subsample": min(max(base.subsample, 0.4), 1.0),
        "colsample_bytree": min(max(base.colsample_bytree, 0.3), 1.0),
        "reg_lambda": min(max(base.reg_lambda, 0.1), 30.0),
        "reg_alpha": min(max(base.reg_alpha, 1e-3), 1.0),
    }


def tune(rows: Rows, folds: NDArray[np.int64], recipe: Recipe, learnt: Learnt, *, seed: int) -> Tuned:
    """Try `recipe.trials` parameters on these rows and give the best; `folds` (m,) are grouped folds of them, and
    `learnt` gives what is learnt from those of the rows that a mask names (SMOTE, copies).

    A trial's worth is the mean over `INNER_FOLDS` of the root mean squared error of the held-out rows, each model
    stopped when they get no better. The given parameters are the first trial, so the search ends with none worse.
    Trials that are behind after a fold are cut short. One thread and a fixed seed: the same trials every time.
    """
    stopped: dict[int, list[int]] = {}
    # What is learnt does not depend on the parameters: it is made once a fold, not once a trial.
    parts = [(learnt(folds != fold), rows.take(folds == fold)) for fold in np.unique(folds)[:INNER_FOLDS]]

    def worth(trial: Trial) -> float:
        params = suggest(trial, recipe.params)
        errors: list[float] = []
        stopped[trial.number] = []
        for part, held in parts:
            model = fit_stopping(part, held, params, seed=seed)
            errors.append(float(model.best_score))
            stopped[trial.number].append(int(model.best_iteration) + 1)
            trial.report(float(np.mean(errors)), step=len(errors))
            if trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(errors))

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=TPESampler(seed=seed), pruner=optuna.pruners.MedianPruner(n_startup_trials=5), direction="minimize"
    )
    study.enqueue_trial(_first(recipe.params))
    study.optimize(worth, n_trials=recipe.trials, n_jobs=1)
    best = study.best_trial
    params = replace(recipe.params, **best.params)
    return Tuned(params, best.params, max(1, int(np.median(stopped[best.number]))), float(study.best_value))
