"""Starting the service under BentoML, and packing it with its champion."""

import os
import sys
from collections.abc import Mapping

from skillscope.errors import ConfigurationError
from skillscope.modeling.registry import export_to_bento, load_champion
from skillscope.service.secrets import load_keyring
from skillscope.settings import Settings
from skillscope.store import open_database

__all__ = ["SERVICE", "export_champion_to_bento", "serve", "serve_command"]

SERVICE = "skillscope.service.bento:SkillscopeService"


def serve_command(settings: Settings, environment: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """The command that serves, and its environment: one thread a model call, no telemetry to anyone."""
    command = [sys.executable, "-m", "bentoml", "serve", SERVICE, "--host", settings.host, "--port", str(settings.port)]
    quiet = {
        "BENTOML_DO_NOT_TRACK": "True",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "SKILLSCOPE_DATA_DIR": str(settings.data_dir.resolve()),
        "SKILLSCOPE_MODELS_DIR": str(settings.models_dir.resolve()),
    }
    return command, {**environment, **quiet}


def serve(settings: Settings) -> None:
    """Become the server: check what would stop every worker, then replace this process, so that Ctrl-C reaches it.

    Raises:
        SkillscopeError: there is no model, no usable secret, or no database.
    """
    load_champion(settings)
    load_keyring(settings)
    open_database(settings.database).kw["bind"].dispose()
    command, environment = serve_command(settings, os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(command[0], command, environment)  # noqa: S606  # no shell, our own interpreter
    except OSError as error:
        raise ConfigurationError(f"the server cannot be started: {error.strerror}") from error


def export_champion_to_bento(settings: Settings) -> str:
    """Put the champion into BentoML's model store, where `bentoml build` takes it from; its tag.

    Raises:
        NotFoundError, BundleError, ConfigurationError: there is no usable champion, or the store cannot be written.
    """
    return export_to_bento(load_champion(settings))
