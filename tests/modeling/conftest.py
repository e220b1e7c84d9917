"""Models trained once on a small generated set; tests copy what they change."""

import shutil
from pathlib import Path

import pytest

from skillscope.datasets.pipeline import generate_training_data
from skillscope.modeling.boosting import BoostingParams
from skillscope.modeling.training import TrainingResult, train_models
from skillscope.settings import Settings

QUICK = BoostingParams(learning_rate=0.15, max_trees=80, patience=10, min_child_weight=2.0)


@pytest.fixture(scope="session")
def quick() -> BoostingParams:
    return QUICK


@pytest.fixture(scope="session")
def training_set(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "training.csv"
    generate_training_data(168, path)
    return path


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Settings:
    """Settings whose data and models lie in a folder of the tests."""
    folder = tmp_path_factory.mktemp("home")
    return Settings(
        data_dir=folder / "data", models_dir=folder / "models", database_url=None, mlflow_tracking_uri=None, workers=2
    )


@pytest.fixture(scope="session")
def trained(training_set, home, quick) -> TrainingResult:
    return train_models(training_set, home.models_dir, params=quick, settings=home)


@pytest.fixture
def bundle_copy(trained, tmp_path) -> Path:
    return Path(shutil.copytree(trained.bundle.path, tmp_path / "skillscope"))
