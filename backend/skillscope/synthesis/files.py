"""Files that are either whole or not there, and operating-system errors as `FileError`."""

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from skillscope.errors import FileError

__all__ = ["canonical_json", "file_sha256", "lines_of", "replacing", "writing"]


def canonical_json(value: Any) -> str:
    """JSON on one line with nothing left to chance: no NaN, no escapes of printable characters."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns an operating-system error while writing `path` into a FileError that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            advice = "the disk or quota is full: what was written stays valid; free some space and start again"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            advice = "the folder or file may not be written: choose another output or change its permissions"
        else:
            advice = "choose an output in a folder that can be written"
        raise FileError(f"{path} cannot be written ({error.strerror or type(error).__name__}): {advice}") from error


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """A UTF-8 file to write that becomes `path` when the block ends well, and leaves no trace when it does not.

    Raises:
        FileError: the folder cannot be written, or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("w", encoding="utf-8", newline="") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file without their ends.

    Raises:
        FileError: missing, unreadable or not UTF-8.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            for line in stream:
                yield line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8: save it as UTF-8 and try again") from error
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from error


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
