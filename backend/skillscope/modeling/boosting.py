"""One gradient-boosted regressor for one skill: its parameters, and fitting with early stopping."""

from dataclasses import asdict, dataclass
from typing import Any

from xgboost import XGBRegressor

from skillscope.modeling.evidence import with_blanks
from skillscope.modeling.samples import Floats, Rows

__all__ = ["BoostingParams", "Floats", "fit_regressor", "fit_stopping"]


@dataclass(frozen=True, slots=True)
class BoostingParams:
    """XGBoost parameters. Large leaves and a slow rate: the data sets are small and their labels noisy."""

    learning_rate: float = 0.04
    max_depth: int = 6
    min_child_weight: float = 20.0
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


def fit_regressor(rows: Rows, params: BoostingParams, *, trees: int, seed: int) -> XGBRegressor:
    """A regressor of exactly `trees` trees, that has also seen the rows with their text or their play blanked."""
    views, scores, weights = _seen(rows)
    return _regressor(params, trees, seed).fit(views, scores, sample_weight=weights, verbose=False)


def fit_stopping(rows: Rows, watched: Rows, params: BoostingParams, *, seed: int) -> XGBRegressor:
    """The same, fitted on `rows`, stopped when the predictions of `watched` stop getting better."""
    views, scores, weights = _seen(rows)
    other_views, other_scores, other_weights = _seen(watched)
    fitted = _regressor(params, params.max_trees, seed, early_stopping_rounds=params.patience)
    return fitted.fit(
        views,
        scores,
        sample_weight=weights,
        eval_set=[(other_views, other_scores)],
        sample_weight_eval_set=[other_weights],
        verbose=False,
    )


def _seen(rows: Rows) -> tuple[Floats, Floats, Floats]:
    """Features, scores and weights of the rows with their blanked copies."""
    numbers, views, shares = with_blanks(rows.features)
    return views, rows.scores[numbers], shares * rows.weights[numbers]
