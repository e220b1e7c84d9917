"""What texts are measured with, by name: the installed language pipeline and the lists and weights beside it."""

import hashlib
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from skillscope.errors import ConfigurationError
from skillscope.settings import get_settings

__all__ = ["installed_pipeline"]

_DIGITS: Final = 8


@cache
def installed_pipeline() -> str:
    """The language pipeline's name and version and a digest of the word lists and of the weights that split sentences,
    such as "en_skillscope-1.0.0+1a2b3c4d". Features of a text that were made under another name are to be made again.

    The pipeline is not loaded for it, which would take seconds.

    Raises:
        ConfigurationError: the model folder is missing or its description unusable.
    """
    path = get_settings().language_model / "meta.json"
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
        pipeline = f"{meta['lang']}_{meta['name']}-{meta['version']}"
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(
            f"the language pipeline cannot be read from {path.parent}: {error}. "
            "It ships with the project; SKILLSCOPE_MODELS_DIR says where the models folder is."
        ) from error
    return f"{pipeline}+{_digest(Path(str(files(__package__))))}"


def _digest(package: Path) -> str:
    found = hashlib.sha256()
    for path in (*sorted((package / "lexicons").glob("*.txt")), package / "sentences.json"):
        found.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return found.hexdigest()[:_DIGITS]
