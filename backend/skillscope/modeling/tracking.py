"""Experiments in MLflow: one run a training, the bundle registered, the champion by alias."""

import logging
import os
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from skillscope.errors import ConfigurationError
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.bundle import BUNDLE_NAME, CARD_NAME, PAGE_NAME, Bundle
from skillscope.settings import Settings, get_settings
from skillscope.skills import SCORE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

__all__ = [
    "CHAMPION",
    "EXPERIMENT",
    "Registration",
    "champion_folder",
    "log_experiment",
    "log_training",
    "mlflow_client",
    "quiet",
]

EXPERIMENT: Final = "skillscope"
CHAMPION: Final = "champion"
REQUIREMENTS: Final = ("xgboost-cpu", "numpy", "pydantic", "pydantic-settings")


@dataclass(frozen=True, slots=True)
class Registration:
    """Where a training was logged."""

    tracking_uri: str
    run_id: str
    model_version: str
    aliases: tuple[str, ...] = (CHAMPION,)


@contextmanager
def quiet() -> "Iterator[None]":
    """Keep off the terminal what MLflow and Alembic say about making tables, and MLflow about its own type hints."""
    names = ("mlflow", "alembic")
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"mlflow\..*|alembic\..*")
            warnings.filterwarnings("ignore", message=".*type hint is inferred as AnyType")
            yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def mlflow_client(settings: Settings | None = None) -> Any:
    """MLflow's client for the configured tracking store, with telemetry off; a SQLite file's folder is made.

    Raises:
        ConfigurationError: the store cannot be reached.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow

    settings = settings or get_settings()
    uri = settings.tracking_uri
    try:
        if uri.startswith("sqlite:///"):
            Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        with quiet():
            return mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    except (OSError, mlflow.exceptions.MlflowException) as error:
        raise ConfigurationError(
            f"the MLflow store {uri} cannot be used: {error}; SKILLSCOPE_MLFLOW_TRACKING_URI says where it is"
        ) from error


def _experiment(client: Any, settings: Settings) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    local = settings.tracking_uri.startswith(("sqlite:", "file:"))
    # Without a server, files go beside the database, wherever the command was started.
    location = (settings.data_dir.resolve() / "mlartifacts").as_uri() if local else None
    return str(client.create_experiment(EXPERIMENT, artifact_location=location))


def _signature(bundle: Bundle) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    return ModelSignature(
        inputs=Schema([ColSpec("double", name, required=False) for name in bundle.columns]),
        outputs=Schema([ColSpec("double", name) for name in SCORE_COLUMNS]),
    )


def _dataset(frame: pd.DataFrame, source: Path, sha256: str) -> Any:
    """The training set as MLflow records it: name, digest, columns and size; no text, no machine path."""
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.pandas_dataset import from_pandas

    numbers = frame.drop(columns=["response", "skill", "skill_level", "source"]).astype("float64")
    origin = CodeDatasetSource(tags={"file": source.name, "sha256": sha256})
    return from_pandas(numbers, source=origin, name=source.stem, digest=sha256[:16])


def _register(client: Any, uri: str, run_id: str, model_id: str) -> str:
    """Register a logged model as the next version; its number is returned."""
    import mlflow

    try:
        client.create_registered_model(BUNDLE_NAME, description="Scores for four non-academic skills of students.")
    except mlflow.exceptions.MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return str(client.create_model_version(BUNDLE_NAME, uri, run_id=run_id, model_id=model_id).version)


def log_training(
    bundle: Bundle,
    frame: pd.DataFrame,
    *,
    source: Path,
    metrics: Mapping[str, float],
    figures: "Mapping[str, Figure]",
    settings: Settings | None = None,
) -> Registration:
    """Log one training as a run: parameters, metrics, figures, dataset, signature, bundle.

    The version becomes `challenger`, and while no model was ever released `champion` too, recorded as a demonstration.
    The dataset is logged by name, columns, size and digest; no text leaves the file.

    Raises:
        ConfigurationError: the store cannot be used.
    """
    import mlflow

    settings = settings or get_settings()
    client = mlflow_client(settings)
    record = bundle.record
    with quiet():
        experiment = _experiment(client, settings)
        with mlflow.start_run(experiment_id=experiment, run_name=bundle.version) as run:
            mlflow.log_params(
                {
                    **record.params,
                    **{f"trained_on.{name}": value for name, value in record.trained_on.items()},
                    "label_source": bundle.label_source,
                    "language_pipeline": record.language_pipeline,
                    "feature_schema": record.feature_schema,
                }
            )
            mlflow.log_metrics({name: value for name, value in metrics.items() if np.isfinite(value)})
            for name, figure in figures.items():
                mlflow.log_figure(figure, f"figures/{name}.png", save_kwargs={"dpi": 130})
            mlflow.log_input(_dataset(frame, source, str(record.trained_on["sha256"])), context="training")
            logged = mlflow.pyfunc.log_model(
                name=BUNDLE_NAME,
                loader_module="skillscope.modeling.pyfunc",
                data_path=str(bundle.path),
                signature=_signature(bundle),
                pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
                input_example=frame[list(FEATURE_NAMES)]
                .head(1)
                .reset_index(drop=True)
                .reindex(columns=list(bundle.columns)),
                metadata={"bundle_version": bundle.version, "label_source": bundle.label_source},
            )
            for name in (CARD_NAME, PAGE_NAME):
                mlflow.log_artifact(str(bundle.path / name))
        number = _register(client, logged.model_uri, run.info.run_id, logged.model_id)
        aliases = _alias(client, bundle, number)
    return Registration(settings.tracking_uri, run.info.run_id, number, aliases)


def _alias(client: Any, bundle: Bundle, number: str) -> tuple[str, ...]:
    """Name a new version challenger; and champion, as a demonstration, while no model was ever released.

    A released champion is replaced by `skillscope promote` alone.
    """
    from skillscope.modeling.versions import CHALLENGER, DEMONSTRATION, release_of, set_champion

    client.set_registered_model_alias(BUNDLE_NAME, CHALLENGER, number)
    champion, release = release_of(client)
    if champion is None or (release in {None, DEMONSTRATION} and bundle.is_demonstration):
        set_champion(client, number, DEMONSTRATION)
        return (CHALLENGER, CHAMPION)
    return (CHALLENGER,)


def log_experiment(
    name: str,
    *,
    params: Mapping[str, Any],
    metrics: Mapping[str, float],
    figures: "Mapping[str, Figure] | None" = None,
    tables: Mapping[str, Any] | None = None,
    settings: Settings | None = None,
) -> str:
    """Log a measurement that makes no model as a run of the experiment; `tables` become JSON files. Gives the run's id.

    Raises:
        ConfigurationError: the store cannot be used.
    """
    import mlflow

    settings = settings or get_settings()
    client = mlflow_client(settings)
    with quiet():
        experiment = _experiment(client, settings)
        with mlflow.start_run(experiment_id=experiment, run_name=name) as run:
            mlflow.set_tag("skillscope.kind", name)
            mlflow.log_params(dict(params))
            mlflow.log_metrics({key: value for key, value in metrics.items() if np.isfinite(value)})
            for title, figure in (figures or {}).items():
                mlflow.log_figure(figure, f"figures/{title}.png", save_kwargs={"dpi": 130})
            for title, table in (tables or {}).items():
                mlflow.log_dict(table, f"{title}.json")
        return str(run.info.run_id)


def champion_folder(settings: Settings | None = None) -> Path | None:
    """A local folder with the champion's bundle, or None where none is registered.

    Raises:
        ConfigurationError: the store cannot be used.
    """
    client = mlflow_client(settings)
    import mlflow

    with quiet():
        try:
            found = client.get_model_version_by_alias(BUNDLE_NAME, CHAMPION)
        except mlflow.exceptions.MlflowException as error:
            if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                return None
            raise ConfigurationError(f"MLflow cannot say who the champion is: {error.message}") from error
        uri = f"models:/{BUNDLE_NAME}/{found.version}"
        try:
            folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))
        except (OSError, mlflow.exceptions.MlflowException) as error:
            raise ConfigurationError(
                f"the files of the champion (version {found.version}) cannot be read from MLflow: {error}; train again"
            ) from error
    return folder / "data" / BUNDLE_NAME
