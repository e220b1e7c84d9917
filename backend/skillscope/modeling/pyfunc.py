"""How MLflow loads a bundle: named by `loader_module`, so nothing is pickled."""

from pathlib import Path
from typing import Any

import pandas as pd

from skillscope.modeling.bundle import Bundle
from skillscope.skills import SCORE_COLUMNS

__all__ = ["BundleModel"]


class BundleModel:
    """A bundle that takes and gives data frames, as MLflow's pyfunc flavour wants it."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Scores by name for rows with features by name, families' included; absent ones are missing."""
        del params  # part of MLflow's protocol; there is nothing to set
        rows = model_input.reindex(columns=list(self.bundle.columns)).to_numpy(dtype=float)
        return pd.DataFrame(self.bundle.predict(rows), columns=list(SCORE_COLUMNS), index=model_input.index)


def _load_pyfunc(data_path: str) -> BundleModel:
    return BundleModel(Bundle.load(Path(data_path)))
