"""Rated rows and a model that is really trained, once for the folder."""

from pathlib import Path

import pytest

from skillscope.datasets.pipeline import generate_training_data
from skillscope.modeling.boosting import BoostingParams
from skillscope.modeling.tracking import mlflow_client
from skillscope.modeling.training import TrainingResult, train_models
from skillscope.settings import Settings


@pytest.fixture(scope="session")
def rated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """168 simulated students of another seed than those of training."""
    path = tmp_path_factory.mktemp("rated") / "fresh.csv"
    generate_training_data(168, path, seed=5)
    return path


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose data and models lie in a folder of the tests, and an empty MLflow store."""
    folder = tmp_path_factory.mktemp("shop")
    settings = Settings(
        data_dir=folder / "data", models_dir=folder / "models", database_url=None, mlflow_tracking_uri=None, workers=1
    )
    mlflow_client(settings).search_experiments()  # makes the tables
    return settings


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, shop: Settings) -> TrainingResult:
    """A small model, not registered."""
    path = tmp_path_factory.mktemp("training") / "training.csv"
    generate_training_data(168, path, seed=1)
    params = BoostingParams(learning_rate=0.15, max_trees=80, patience=10, min_child_weight=2.0)
    return train_models(path, shop.models_dir, params=params, register=False, settings=shop)
