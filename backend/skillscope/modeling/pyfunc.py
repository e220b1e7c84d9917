"""How MLflow loads a bundle: named by `loader_module`, so nothing is pickled."""

from pathlib import Path
from typing import Any

import pandas as pd

from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.bundle import Bundle
from skillscope.skills import SCORE_COLUMNS

__all__ = ["BundleModel"]


class BundleModel:
    """A bundle that takes and gives data frames, as MLflow's pyfunc flavour wants it."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Scores by name for rows with the 29 features by name; absent features are missing."""
        del params  # part of MLflow's protocol; there is nothing to set
        rows = model_input.reindex(columns=list(FEATURE_NAMES)).to_numpy(dtype=float)
        return pd.DataFrame(self.bundle.predict(rows), columns=list(SCORE_COLUMNS), index=model_input.index)


def _load_pyfunc(data_path: str) -> BundleModel:
    return BundleModel(Bundle.load(Path(data_path)))
