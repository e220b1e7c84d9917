"""Registered models by alias or number: finding one, and moving the champion's alias."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from skillscope.errors import ConfigurationError, NotFoundError
from skillscope.modeling.bundle import BUNDLE_NAME, Bundle
from skillscope.modeling.registry import load_champion
from skillscope.modeling.tracking import CHAMPION, mlflow_client, quiet
from skillscope.settings import Settings, get_settings

__all__ = ["CHALLENGER", "DEMONSTRATION", "RELEASE_TAG", "FoundModel", "find_model", "release_of", "set_champion"]

CHALLENGER: Final = "challenger"
RELEASE_TAG: Final = "release"
"""Tag of a version that became champion: `gate` (it passed), `forced`, or `demonstration` (nothing was released)."""
DEMONSTRATION: Final = "demonstration"
_ABSENT: Final = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})


@dataclass(frozen=True)
class FoundModel:
    """A bundle, and where MLflow keeps it; `version` and `run_id` are None for one that is no registered model."""

    bundle: Bundle
    version: str | None
    run_id: str | None
    tags: dict[str, str]


def _version(client: Any, name: str) -> Any:
    """The registered version of that alias or number; None where there is none."""
    import mlflow

    try:
        if name.isdigit():
            return client.get_model_version(BUNDLE_NAME, name)
        return client.get_model_version_by_alias(BUNDLE_NAME, name)
    except mlflow.exceptions.MlflowException as error:
        if error.error_code in _ABSENT:
            return None
        raise ConfigurationError(f"MLflow cannot say which model {name} is: {error.message}") from error


def find_model(name: str = CHAMPION, settings: Settings | None = None) -> FoundModel:
    """The model of that alias (`champion`, `challenger`), version number, or bundle folder.

    A champion that MLflow does not know is looked for where the service would look.

    Raises:
        NotFoundError: there is no such model.
        BundleError: it cannot be used by this version.
        ConfigurationError: the MLflow store cannot be used.
    """
    import mlflow

    settings = settings or get_settings()
    if (Path(name) / "bundle.json").is_file():
        return FoundModel(Bundle.load(Path(name)), None, None, {})
    store = settings.tracking_uri.removeprefix("sqlite:///")
    known = store == settings.tracking_uri or Path(store).exists()
    if settings.model_source in {"auto", "mlflow"} and known:
        client = mlflow_client(settings)
        with quiet():
            found = _version(client, name)
            if found is not None:
                uri = f"models:/{BUNDLE_NAME}/{found.version}"
                try:
                    folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))
                except (OSError, mlflow.exceptions.MlflowException) as error:
                    raise ConfigurationError(
                        f"the files of version {found.version} cannot be read from MLflow: {error}; train again"
                    ) from error
                bundle = Bundle.load(folder / "data" / BUNDLE_NAME)
                return FoundModel(bundle, str(found.version), str(found.run_id), dict(found.tags))
    if name == CHAMPION:
        return FoundModel(load_champion(settings), None, None, {})
    raise NotFoundError(
        f"there is no model {name}; name an alias (champion, challenger), a version number, or a bundle's folder"
    )


def release_of(client: Any, name: str = CHAMPION) -> tuple[str | None, str | None]:
    """Version number and release tag of the model of that alias; None where there is none."""
    found = _version(client, name)
    return (None, None) if found is None else (str(found.version), found.tags.get(RELEASE_TAG))


def set_champion(client: Any, version: str, release: str, **tags: str) -> None:
    """Move the champion's alias to a version, and record on it how that came about. Tags first: no silent move."""
    for name, value in {RELEASE_TAG: release, **tags}.items():
        client.set_model_version_tag(BUNDLE_NAME, version, name, value)
    client.set_registered_model_alias(BUNDLE_NAME, CHAMPION, version)
