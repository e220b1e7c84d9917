"""What signs tokens and receipts: one secret that signs, and earlier ones whose signatures still count.

From the settings, or made once in the data folder, where `rotate_secret` puts a new one before the old. A token's
header names its secret (`kid`, the start of the secret's SHA-256).
"""

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from skillscope.errors import ConfigurationError, FileError
from skillscope.settings import Settings

__all__ = ["MIN_SECRET_CHARS", "Keyring", "load_keyring", "rotate_secret", "secret_file"]

MIN_SECRET_CHARS: Final = 32
KEPT_SECRETS: Final = 4
"""The signing secret and this many less one before it; older tokens stop counting."""

_FILE_NAME: Final = "token_secret"
_MIN_DISTINCT: Final = 12
_PLACEHOLDERS: Final = ("changeme", "change-me", "change_me", "secret", "password", "example", "default", "skillscope")


@dataclass(frozen=True, slots=True)
class Keyring:
    """Secrets, the signing one first."""

    secrets: tuple[str, ...]

    @property
    def signing(self) -> str:
        """The secret that signs."""
        return self.secrets[0]

    @property
    def kid(self) -> str:
        """The name of the signing secret."""
        return key_id(self.signing)

    def named(self, kid: object) -> tuple[str, ...]:
        """The secrets that a token with this `kid` may be signed by: the one so named, or any where it has none."""
        if kid is None:
            return self.secrets
        return tuple(secret for secret in self.secrets if key_id(secret) == kid)


def key_id(secret: str) -> str:
    """The public name of a secret: 12 hexadecimal digits that say nothing about it."""
    return hashlib.sha256(b"skillscope-kid:" + secret.encode()).hexdigest()[:12]


def secret_file(settings: Settings) -> Path:
    """Where the secret stands that is made on the first start."""
    return settings.data_dir / _FILE_NAME


def load_keyring(settings: Settings) -> Keyring:
    """The secrets of these settings; one is made in the data folder, readable by its owner alone, where none is set.

    Raises:
        ConfigurationError: one is shorter than `MIN_SECRET_CHARS`, or, in production, a placeholder.
        FileError: the data folder cannot be written, or the file not read.
    """
    if settings.token_secret is not None:
        older = settings.token_secrets_older.get_secret_value() if settings.token_secrets_older else ""
        found = [settings.token_secret.get_secret_value(), *(part.strip() for part in older.split(",") if part.strip())]
        where = "SKILLSCOPE_TOKEN_SECRET"
    else:
        path = secret_file(settings)
        where = str(path)
        try:
            if not path.exists():
                _make_secret(path)
            found = path.read_text(encoding="utf-8").split() or [""]
        except OSError as error:
            raise FileError(f"the token secret {path} cannot be made or read: {error.strerror}") from error
    for secret in found:
        _check(secret, where, production=settings.production)
    return Keyring(tuple(dict.fromkeys(found)))


def _check(secret: str, where: str, *, production: bool) -> None:
    if len(secret) < MIN_SECRET_CHARS:
        raise ConfigurationError(f"{where} has {len(secret)} characters; a secret has {MIN_SECRET_CHARS} or more")
    if not production:
        return
    if len(set(secret)) < _MIN_DISTINCT or any(word in secret.lower() for word in _PLACEHOLDERS):
        raise ConfigurationError(
            f"{where} is a placeholder, which production refuses; make one: openssl rand -base64 48, or leave it unset"
        )


def _written(path: Path, text: str) -> str:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{_FILE_NAME}-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return name


def _make_secret(path: Path) -> None:
    """Write it whole under another name and link it, so that of several processes one wins and all read the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name = _written(path, secrets.token_urlsafe(48) + "\n")
    try:
        os.link(name, path)
    except FileExistsError:
        return
    finally:
        Path(name).unlink()


def rotate_secret(settings: Settings) -> str:
    """Sign with a new secret from now on, and let tokens of the last few count until they expire; the new one's `kid`.

    Raises:
        ConfigurationError: the secret comes from the settings, where it is to be changed.
        FileError: the file cannot be written.
    """
    if settings.token_secret is not None:
        raise ConfigurationError(
            "the secret is set by SKILLSCOPE_TOKEN_SECRET: give it a new value there, and put the old one into "
            "SKILLSCOPE_TOKEN_SECRETS_OLDER"
        )
    path = secret_file(settings)
    kept = load_keyring(settings).secrets[: KEPT_SECRETS - 1]
    made = secrets.token_urlsafe(48)
    try:
        Path(_written(path, "\n".join((made, *kept)) + "\n")).replace(path)
    except OSError as error:
        raise FileError(f"the token secret {path} cannot be written: {error.strerror}") from error
    return key_id(made)
