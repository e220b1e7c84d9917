"""Which language pipeline is installed, without the seconds it takes to load it."""

import json
from functools import cache

from skillscope.errors import ConfigurationError
from skillscope.settings import get_settings

__all__ = ["installed_pipeline"]


@cache
def installed_pipeline() -> str:
    """Name and version of the installed language pipeline, as `skillscope.language.pipeline_version` gives them.

    Raises:
        ConfigurationError: the model folder is missing or its description unusable.
    """
    path = get_settings().language_model / "meta.json"
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
        return f"{meta['lang']}_{meta['name']}-{meta['version']}"
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(
            f"the language pipeline cannot be read from {path.parent}: {error}. "
            "It ships with the project; SKILLSCOPE_MODELS_DIR says where the models folder is."
        ) from error
