"""Where the champion is found: MLflow's alias, BentoML's model store, or the bundle folder."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from skillscope.errors import BundleError, ConfigurationError, NotFoundError
from skillscope.modeling.bundle import BUNDLE_NAME, Bundle
from skillscope.settings import Settings, get_settings

__all__ = ["export_to_bento", "load_champion"]

FOLDER_IN_BENTO: Final = "bundle"


def _bentoml() -> Any:
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    import bentoml

    return bentoml


def _from_mlflow(settings: Settings) -> Bundle | None:
    uri = settings.tracking_uri
    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists():
        return None
    from skillscope.modeling.tracking import champion_folder

    folder = champion_folder(settings)
    return None if folder is None else Bundle.load(folder)


def _from_bentoml(settings: Settings) -> Bundle | None:
    del settings  # BentoML finds its own store
    bentoml = _bentoml()
    try:
        model = bentoml.models.get(f"{BUNDLE_NAME}:latest")
    except bentoml.exceptions.NotFound:
        return None
    return Bundle.load(Path(model.path_of(FOLDER_IN_BENTO)))


def _from_folder(settings: Settings) -> Bundle | None:
    folder = settings.models_dir / BUNDLE_NAME
    return Bundle.load(folder) if folder.is_dir() else None


_SOURCES: Final[dict[str, Callable[[Settings], Bundle | None]]] = {
    "mlflow": _from_mlflow,
    "bentoml": _from_bentoml,
    "bundle": _from_folder,
}


def load_champion(settings: Settings | None = None) -> Bundle:
    """The bundle to serve, from the source that `model_source` names; `auto` takes the first that holds one.

    A source that holds none is passed over; one that holds a bundle which cannot be used is an error, so that no
    other model is served in its place unnoticed.

    Raises:
        NotFoundError: there is no trained model.
        BundleError: the champion is corrupt, or made with another schema or language pipeline.
        ConfigurationError: the MLflow store cannot be used.
    """
    settings = settings or get_settings()
    names = list(_SOURCES) if settings.model_source == "auto" else [settings.model_source]
    for name in names:
        bundle = _SOURCES[name](settings)
        if bundle is not None:
            return bundle
    raise NotFoundError(
        f"no trained model in {', '.join(names)}; train one: skillscope data generate --count 1008 --output "
        "data/training.csv, then skillscope models train --data data/training.csv"
    )


def export_to_bento(bundle: Bundle) -> str:
    """Copy a bundle into BentoML's model store and return its tag; a bundle that is there already is not copied again.

    The tag's version is made of the bundle's contents, so the same bundle has the same tag everywhere.

    Raises:
        ConfigurationError: the store cannot be written.
        BundleError: the copy is not what it should be.
    """
    bentoml = _bentoml()
    tag = f"{BUNDLE_NAME}:{bundle.digest[:16]}"
    try:
        bentoml.models.get(tag)
    except bentoml.exceptions.NotFound:
        labels = {"label_source": bundle.label_source.replace(":", "-"), "feature_schema": bundle.feature_schema}
        try:
            with bentoml.models.create(tag, labels=labels, metadata={"bundle_version": bundle.version}) as model:
                shutil.copytree(bundle.path, model.path_of(FOLDER_IN_BENTO))
        except OSError as error:
            raise ConfigurationError(f"BentoML's model store cannot be written: {error}; see BENTOML_HOME") from error
    stored = Bundle.load(Path(bentoml.models.get(tag).path_of(FOLDER_IN_BENTO)))
    if stored.digest != bundle.digest:
        raise BundleError(f"{tag} in BentoML's model store is another bundle; delete it: bentoml models delete {tag}")
    return tag
