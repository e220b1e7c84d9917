"""A real `bentoml serve` with two workers on a model and a store of its own, and what these tests ask of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from faults_parts import PATIENCE
from served_parts import Served, bearer, start_service, stop_service
from skillscope.modeling.bundle import Bundle
from skillscope.service.tokens import Role
from skillscope.settings import Settings
from small_parts import train_small_bundle


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The small bundle, in a models folder as `skillscope`."""
    return train_small_bundle(tmp_path_factory.mktemp("models") / "skillscope")


@pytest.fixture(scope="session")
def place(small_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a service with two workers whose model may be overwritten."""
    folder = tmp_path_factory.mktemp("faults")
    models = folder / "models"
    shutil.copytree(small_bundle.path, models / "skillscope")
    (models / "language").symlink_to(Settings().models_dir / "language")
    return {
        "SKILLSCOPE_DATA_DIR": str(folder / "data"),
        "SKILLSCOPE_MODELS_DIR": str(models),
        "SKILLSCOPE_MODEL_SOURCE": "bundle",
        "SKILLSCOPE_PRODUCTION": "true",
        "SKILLSCOPE_HTTP_WORKERS": "2",
        "SKILLSCOPE_RATE_PER_MINUTE": "0",
        "SKILLSCOPE_SERVICE_RATE_PER_MINUTE": "0",
        "BENTOML_HOME": str(folder / "bentoml"),
    }


@pytest.fixture(scope="session")
def service(place: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The running service."""
    settings = Settings(data_dir=Path(place["SKILLSCOPE_DATA_DIR"]))
    process, url, log = start_service(tmp_path_factory.mktemp("run"), place)
    with httpx.Client(base_url=url, headers=bearer(settings, Role.ADMIN), timeout=PATIENCE) as client:
        yield Served(url, settings, log, client)
    stop_service(process)
