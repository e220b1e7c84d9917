"""Students' names: optional, in one table, encrypted at rest where a key is given."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy.orm import Session

from skillscope.errors import ConfigurationError
from skillscope.settings import Settings
from skillscope.store import rosters

__all__ = ["MAX_NAME_CHARS", "keep_names", "names_cipher", "read_names"]

MAX_NAME_CHARS: Final = 256


def names_cipher(settings: Settings) -> MultiFernet | None:
    """What encrypts names (Fernet: AES-128-CBC with HMAC-SHA256): with the first key; any of them decrypts.

    Raises:
        ConfigurationError: a key is no Fernet key.
    """
    if settings.names_key is None:
        return None
    given = [part.strip() for part in settings.names_key.get_secret_value().split(",") if part.strip()]
    try:
        return MultiFernet([Fernet(key) for key in given]) if given else None
    except ValueError:
        raise ConfigurationError(
            "SKILLSCOPE_NAMES_KEY holds what is no Fernet key (32 bytes in URL-safe base64); make one: python -c "
            "'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
        ) from None


def keep_names(session: Session, names: Mapping[int, str], cipher: MultiFernet | None) -> None:
    """Keep names by student key, in the place of earlier ones."""
    rows = [
        {
            "student_key": key,
            "name": cipher.encrypt(name.encode()) if cipher else name.encode(),
            "encrypted": cipher is not None,
        }
        for key, name in names.items()
    ]
    rosters.set_names(session, rows)


def read_names(session: Session, student_keys: Collection[int], cipher: MultiFernet | None) -> dict[int, str]:
    """Names by student key, of those who have one.

    Raises:
        ConfigurationError: a name is encrypted with a key that is not given.
    """
    return {
        key: (_decrypted(name, cipher) if encrypted else name).decode()
        for key, (name, encrypted) in rosters.stored_names(session, student_keys).items()
    }


def _decrypted(name: bytes, cipher: MultiFernet | None) -> bytes:
    if cipher is not None:
        with suppress(InvalidToken):
            return cipher.decrypt(name)
    raise ConfigurationError(
        "names are encrypted with a key that SKILLSCOPE_NAMES_KEY does not hold; add it to the end"
    )
