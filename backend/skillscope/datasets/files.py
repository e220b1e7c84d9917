"""Write whole files or none: a temporary neighbour that is renamed into place at the end."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skillscope.errors import FileError
from skillscope.synthesis.files import writing

__all__ = ["replacing", "replacing_folder", "require_file"]


def _prepare(path: Path) -> Path:
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends, and vanishes when it fails.

    Raises:
        FileError: the folder cannot be made, or the file cannot be written there.
    """
    if path.is_dir():
        raise FileError(f"{path} is a folder; name a file to write")
    temporary = _prepare(path)
    with writing(path):
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its place when the block ends, and vanishes when it fails.

    A folder cannot be replaced in one step on every file system: the old one is moved aside first and comes back
    if the new one cannot be moved in.
    """
    if path.exists() and not path.is_dir():
        raise FileError(f"{path} is a file; name a folder to write")
    temporary = _prepare(path)
    aside = temporary.with_suffix(".old")
    try:
        temporary.mkdir()
        yield temporary
        if path.exists():
            path.rename(aside)
        try:
            temporary.rename(path)
        except OSError:
            if aside.exists():
                aside.rename(path)
            raise
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(aside, ignore_errors=True)


def require_file(path: Path, *, what: str) -> None:
    """Check that `path` is a file with something in it; `what` says what it should hold.

    Raises:
        FileError: it is missing, a folder, or empty.
    """
    if not path.exists():
        raise FileError(f"{path} does not exist; expected {what}")
    if path.is_dir():
        raise FileError(f"{path} is a folder; expected {what}")
    if path.stat().st_size == 0:
        raise FileError(f"{path} is empty; expected {what}")
