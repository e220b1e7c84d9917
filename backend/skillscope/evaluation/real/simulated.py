"""What simulated students are worth on real answers: the champion as it stands, and training on a mixture."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray
from xgboost import XGBRegressor

from skillscope.datasets.io import read_dataset
from skillscope.datasets.pipeline import generate_training_data
from skillscope.evaluation.real.data import RealData
from skillscope.evaluation.real.predictors import Predicted, Predictor, classes_of, fit_trees, the_29
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.bundle import Bundle
from skillscope.modeling.evidence import Evidence, blank
from skillscope.skills import SCORE_COLUMNS, SKILLS, Skill

__all__ = ["SimulatedRows", "as_it_stands", "fit_mixed", "mixed", "simulate_rows", "stretched"]

Floats = NDArray[np.float64]
SHARE_OF_REAL: Final = 0.2


@dataclass(frozen=True, slots=True)
class SimulatedRows:
    """The 29 features of simulated students, shape (n, 29), and their labels in [0, 1], shape (n, 4)."""

    rows: Floats
    labels: Floats

    def known(self, side: Evidence) -> Floats:
        """The rows with only this side known, as real data have it."""
        return blank(self.rows, side)

    def labels_of(self, skill: Skill) -> Floats:
        """The labels of one skill, shape (n,)."""
        return self.labels[:, SKILLS.index(skill)]


def simulate_rows(count: int, *, seed: int = 42) -> SimulatedRows:
    """Make simulated students and measure what they said and did."""
    with TemporaryDirectory(prefix="skillscope-") as folder:
        path = Path(folder) / "simulated.parquet"
        generate_training_data(count, path, seed=seed)
        frame = read_dataset(path)
    return SimulatedRows(
        frame[list(FEATURE_NAMES)].to_numpy(dtype=np.float64), frame[list(SCORE_COLUMNS)].to_numpy(dtype=np.float64)
    )


def stretched(scores: Floats, ratings: Floats) -> Floats:
    """Scores in [0, 1] on the scale of the ratings."""
    return np.asarray(ratings[0] + (ratings[-1] - ratings[0]) * scores)


def as_it_stands(bundle: Bundle, skill: Skill = "empathy") -> Predictor:
    """The bundle's score, stretched from [0, 1] to the rating scale. Nothing is fitted."""

    def predict(train: RealData, test: RealData) -> Predicted:
        ratings = np.unique(train.scores)
        found = stretched(bundle.predict(the_29(test))[:, SKILLS.index(skill)], ratings)
        return Predicted(found, classes_of(found, ratings))

    return predict


def fit_mixed(
    made: Floats, labels: Floats, rows: Floats, scores: Floats, ratings: Floats, *, share: float = SHARE_OF_REAL
) -> XGBRegressor:
    """Trees on simulated rows (labels in [0, 1]) and real ones, weighted so that real rows carry `share`."""
    both = np.vstack([made, rows])
    aims = np.concatenate([stretched(labels, ratings), scores])
    parts = (len(made), len(rows))
    weights = np.repeat([(1.0 - share) / parts[0], share / parts[1]], parts) * sum(parts)
    return fit_trees(both, aims, weights=weights)


def mixed(simulated: SimulatedRows, skill: Skill = "empathy") -> Predictor:
    """Trees on the 29 features of simulated and real rows, real rows carrying a fifth. Play is not known of either."""

    def predict(train: RealData, test: RealData) -> Predicted:
        ratings = np.unique(train.scores)
        made, labels = simulated.known("text"), simulated.labels_of(skill)
        model = fit_mixed(made, labels, the_29(train), train.scores, ratings)
        found = np.asarray(model.predict(the_29(test)), dtype=np.float64)
        return Predicted(found, classes_of(found, ratings))

    return predict
