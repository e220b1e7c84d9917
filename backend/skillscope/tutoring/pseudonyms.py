"""Names that stand for students in files that leave the store: keyed, so that only this installation can make them.

A plain hash of an id can be undone by hashing every possible id; HMAC-SHA256 under a key that never leaves the data
folder cannot. The same student has the same pseudonym in every file, so that an erased one is found in all of them.
"""

import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path
from typing import Final

from skillscope.errors import ConfigurationError, FileError

__all__ = ["Pseudonyms"]

_FILE_NAME: Final = "pseudonym_key"
_DIGITS: Final = 24


class Pseudonyms:
    """Makes pseudonyms under one key of 32 bytes or more."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ConfigurationError("the key of the pseudonyms must hold 32 bytes or more")
        self._key = key

    def of(self, student_id: str) -> str:
        """24 hexadecimal digits for a student (96 bits: no two of a million students share one)."""
        return hmac.new(self._key, student_id.encode(), hashlib.sha256).hexdigest()[:_DIGITS]

    @classmethod
    def find(cls, data_dir: Path) -> "Pseudonyms | None":
        """Those of an installation; None where nothing was ever exported from it.

        Raises:
            FileError: the key cannot be read.
            ConfigurationError: it is too short.
        """
        path = data_dir / _FILE_NAME
        try:
            return cls(bytes.fromhex(path.read_text(encoding="ascii").strip()))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise ConfigurationError(f"{path} holds no key: hexadecimal digits are expected") from error
        except OSError as error:
            raise FileError(f"the key {path} cannot be read: {error.strerror}") from error

    @classmethod
    def open(cls, data_dir: Path) -> "Pseudonyms":
        """Those of an installation; the key is made, readable by its owner alone, where there is none yet.

        Raises:
            FileError: the data folder cannot be written, or the key not read.
            ConfigurationError: the key is too short.
        """
        path = data_dir / _FILE_NAME
        try:
            if not path.exists():
                _make_key(path)
        except OSError as error:
            raise FileError(f"the key {path} cannot be made: {error.strerror}") from error
        found = cls.find(data_dir)
        if found is None:
            raise FileError(f"the key {path} was removed while it was made")
        return found


def _make_key(path: Path) -> None:
    """Written whole under another name and linked: of several processes one wins, and all read the same key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{_FILE_NAME}-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32) + "\n")
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()
