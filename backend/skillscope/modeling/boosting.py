"""One gradient-boosted regressor for one skill: its parameters, and fitting with early stopping."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xgboost import XGBRegressor

from skillscope.modeling.evidence import with_blanks

__all__ = ["BoostingParams", "Floats", "fit_regressor", "fit_stopping"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BoostingParams:
    """XGBoost parameters. Small trees and a slow rate: the data sets are small and their labels noisy."""

    learning_rate: float = 0.04
    max_depth: int = 4
    min_child_weight: float = 8.0
    subsample: float = 0.7
    colsample_bytree: float = 0.9
    reg_lambda: float = 2.0
    reg_alpha: float = 0.0
    max_trees: int = 800
    patience: int = 40

    def as_dict(self) -> dict[str, Any]:
        """The parameters by name, as they are logged."""
        return asdict(self)


def _regressor(params: BoostingParams, trees: int, seed: int, **more: Any) -> XGBRegressor:
    return XGBRegressor(
        n_estimators=trees,
        learning_rate=params.learning_rate,
        max_depth=params.max_depth,
        min_child_weight=params.min_child_weight,
        subsample=params.subsample,
        colsample_bytree=params.colsample_bytree,
        reg_lambda=params.reg_lambda,
        reg_alpha=params.reg_alpha,
        objective="reg:squarederror",
        tree_method="hist",
        n_jobs=1,  # one thread: sums come in one order, so the same data give the same bytes
        random_state=seed,
        verbosity=0,
        **more,
    )


def fit_regressor(
    features: Floats, scores: Floats, params: BoostingParams, *, trees: int, seed: int, weights: Floats | None = None
) -> XGBRegressor:
    """A regressor of exactly `trees` trees, that has also seen the rows with their text or their play blanked."""
    rows, views, shares = with_blanks(features)
    total = shares if weights is None else shares * weights[rows]
    return _regressor(params, trees, seed).fit(views, scores[rows], sample_weight=total, verbose=False)


def fit_stopping(
    features: Floats,
    scores: Floats,
    watched: NDArray[np.bool_],
    params: BoostingParams,
    *,
    seed: int,
    weights: Floats | None = None,
) -> XGBRegressor:
    """The same, fitted on the rows that are not `watched`, stopped when those that are stop getting better."""
    rows, views, shares = with_blanks(features)
    total = shares if weights is None else shares * weights[rows]
    wanted, watch = scores[rows], watched[rows]
    fitted = _regressor(params, params.max_trees, seed, early_stopping_rounds=params.patience)
    return fitted.fit(
        views[~watch],
        wanted[~watch],
        sample_weight=total[~watch],
        eval_set=[(views[watch], wanted[watch])],
        sample_weight_eval_set=[total[watch]],
        verbose=False,
    )
