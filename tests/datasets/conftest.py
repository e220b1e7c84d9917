"""A generated set of one grid, made once; tests copy what they change."""

from pathlib import Path

import pandas as pd
import pytest

from skillscope.datasets.io import read_dataset
from skillscope.datasets.pipeline import generate_training_data


@pytest.fixture(scope="session")
def grid(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("grid") / "training.csv"
    generate_training_data(84, path)
    return path


@pytest.fixture
def frame(grid) -> pd.DataFrame:
    return read_dataset(grid)
