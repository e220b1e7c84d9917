"""The small language model as an answerer, and which bundle is the champion.

The champion is named by `lm/champion.json` in the data folder, written when a model is promoted; without it, the
shipped one in the models folder answers. A new champion is taken up within seconds; one that cannot be loaded is logged
and the one before goes on answering.
"""

import logging
import threading
import time
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from skillscope.errors import BundleError, ConfigurationError, ProviderError, SkillscopeError
from skillscope.lm.bundle import MANIFEST
from skillscope.lm.writer import Writer
from skillscope.settings import Settings
from skillscope.synthesis.files import file_sha256, replacing
from skillscope.tutoring.pairs.prompts import Prompt
from skillscope.tutoring.writing.compose import compose

__all__ = ["SHIPPED", "Champion", "SmallModel", "champion_path", "make_champion", "small_model"]

SHIPPED: Final = "tiny"
_LOOK_SECONDS: Final = 5.0

_log = logging.getLogger("skillscope.tutoring")


class Champion(BaseModel):
    """The pointer: the bundle's folder, relative to the pointer where it lies below it, and its manifest's sha256."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str
    manifest_sha256: str


def _pointer(settings: Settings) -> Path:
    return settings.data_dir / "lm" / "champion.json"


def champion_path(settings: Settings) -> Path:
    """The folder of the bundle that answers students.

    Raises:
        BundleError: the pointer cannot be read.
    """
    pointer = _pointer(settings)
    try:
        named = Champion.model_validate_json(pointer.read_text("utf-8"))
    except FileNotFoundError:
        return settings.models_dir / "lm" / SHIPPED
    except (OSError, ValidationError, ValueError) as error:
        raise BundleError(f"{pointer} does not say which model is the champion: promote one, or remove it") from error
    folder = pointer.parent / named.folder
    if _sum_of(folder) != named.manifest_sha256:
        raise BundleError(f"{folder} is not the model that was promoted: promote it again, or remove {pointer}")
    return folder


def _sum_of(folder: Path) -> str:
    """The sha256 of a bundle's manifest, which names the sums of all its files.

    Raises:
        BundleError: there is none.
    """
    try:
        return file_sha256(folder / MANIFEST)
    except OSError as error:
        raise BundleError(f"{folder} holds no small language model") from error


def make_champion(settings: Settings, folder: Path) -> None:
    """Let this bundle answer from now on.

    Raises:
        BundleError: there is no bundle.
        FileError: the pointer cannot be written.
    """
    pointer = _pointer(settings)
    absolute, home = folder.resolve(), pointer.parent.resolve()
    shown = absolute.relative_to(home) if absolute.is_relative_to(home) else absolute
    named = Champion(folder=str(shown), manifest_sha256=_sum_of(folder))
    with replacing(pointer) as stream:
        stream.write(named.model_dump_json(indent=2) + "\n")


class SmallModel:
    """Words answers; declines what it was not trained on, so that the next answerer or the template takes over."""

    name = "small-model"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._writer: Writer | None = None
        self._loaded = ""
        self._told = ""
        self._looked_at = -_LOOK_SECONDS

    def write(self, prompt: Prompt, attempt: int) -> str | None:  # every attempt is a fresh draw
        """A delexicalised text for a prompt, or None where it is out of scope.

        Raises:
            ProviderError: no model can be loaded.
        """
        return compose(self.writer(), [prompt])[0]

    def writer(self) -> Writer:
        """The champion, loaded.

        Raises:
            ProviderError: there is none that can be loaded.
        """
        if self._writer is None or time.monotonic() - self._looked_at >= _LOOK_SECONDS:
            with self._lock:
                if self._writer is None or time.monotonic() - self._looked_at >= _LOOK_SECONDS:
                    self._look()
        if self._writer is None:
            raise ProviderError("no small language model can be loaded")
        return self._writer

    def _look(self) -> None:
        """Load the champion where it is another one than before; a failure is logged once."""
        self._looked_at = time.monotonic()
        try:
            folder = champion_path(self._settings)
            mark = f"{folder}|{_sum_of(folder)}"
            if mark != self._loaded:
                self._writer = Writer(folder)
                self._loaded, self._told = mark, ""
                _log.info("the small language model in %s answers", folder.name)
        except SkillscopeError as error:
            if str(error) != self._told:
                self._told = str(error)
                other = "templates do" if self._writer is None else "the one before does"
                _log.warning("the small language model does not answer, %s: %s", other, error)


def small_model(settings: Settings) -> SmallModel | None:
    """The small model as an answerer; None, and why in the log, where what it needs is not installed."""
    try:
        import ctranslate2  # noqa: F401  # only whether it is there
        import tokenizers  # noqa: F401  # likewise
    except ImportError as error:
        missing = ConfigurationError(f"{error.name} is not installed (extra `lm-serve`)")
        _log.warning("the small language model does not answer, templates do: %s", missing)
        return None
    return SmallModel(settings)
