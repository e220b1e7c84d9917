"""What simulated students are worth on real answers: the champion as it stands, and training on a mixture."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.datasets.io import read_dataset
from skillscope.datasets.pipeline import generate_training_data
from skillscope.evaluation.real.data import RealData
from skillscope.evaluation.real.predictors import Predicted, Predictor, classes_of, fit_trees, the_29
from skillscope.features.schema import FEATURE_NAMES, LINGUISTIC
from skillscope.modeling.bundle import Bundle
from skillscope.skills import SKILLS

__all__ = ["SimulatedRows", "as_it_stands", "mixed", "simulate_rows"]

Floats = NDArray[np.float64]
EMPATHY: Final = SKILLS.index("empathy")
SHARE_OF_REAL: Final = 0.2


@dataclass(frozen=True, slots=True)
class SimulatedRows:
    """The 29 features of simulated students, text known and play not, and their empathy labels in [0, 1]."""

    rows: Floats
    labels: Floats


def simulate_rows(count: int, *, seed: int = 42) -> SimulatedRows:
    """Make simulated students and measure their texts. What they did is left out, as real answers come without it."""
    with TemporaryDirectory(prefix="skillscope-") as folder:
        path = Path(folder) / "simulated.parquet"
        generate_training_data(count, path, seed=seed)
        frame = read_dataset(path)
    rows = frame[list(FEATURE_NAMES)].to_numpy(dtype=np.float64)
    rows[:, len(LINGUISTIC) :] = np.nan
    return SimulatedRows(rows, frame["empathy_score"].to_numpy(dtype=np.float64))


def as_it_stands(bundle: Bundle) -> Predictor:
    """The bundle's empathy score, stretched from [0, 1] to the rating scale. Nothing is fitted."""

    def predict(train: RealData, test: RealData) -> Predicted:
        ratings = np.unique(train.scores)
        scores = bundle.predict(the_29(test))[:, EMPATHY]
        found = ratings[0] + (ratings[-1] - ratings[0]) * scores
        return Predicted(found, classes_of(found, ratings))

    return predict


def mixed(simulated: SimulatedRows) -> Predictor:
    """Trees on the 29 features of simulated and real rows, weighted so that real rows carry a fifth."""

    def predict(train: RealData, test: RealData) -> Predicted:
        ratings = np.unique(train.scores)
        low, width = float(ratings[0]), float(ratings[-1] - ratings[0])
        rows = np.vstack([simulated.rows, the_29(train)])
        labels = np.concatenate([low + width * simulated.labels, train.scores])
        parts = (len(simulated.labels), len(train))
        shares = np.repeat([(1.0 - SHARE_OF_REAL) / parts[0], SHARE_OF_REAL / parts[1]], parts) * sum(parts)
        found = np.asarray(fit_trees(rows, labels, weights=shares).predict(the_29(test)), dtype=np.float64)
        return Predicted(found, classes_of(found, ratings))

    return predict
