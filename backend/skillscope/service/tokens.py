"""Bearer tokens: signed JWTs with a role. The secret comes from the settings, or is made once in the data folder."""

import os
import re
import secrets
import tempfile
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

import jwt

from skillscope.errors import AccessError, ConfigurationError, FileError, InputError
from skillscope.settings import Settings

__all__ = [
    "MAX_TTL",
    "MIN_SECRET_CHARS",
    "Caller",
    "Role",
    "create_token",
    "parse_ttl",
    "read_token",
    "token_secret",
]

MIN_SECRET_CHARS: Final = 32
MAX_TTL: Final = timedelta(days=366)
_ALGORITHM: Final = "HS256"
_ISSUER: Final = "skillscope"
_FILE_NAME: Final = "token_secret"
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Role(StrEnum):
    """Who calls: a student sees only itself, a service brings data in, an admin also manages."""

    STUDENT = "student"
    TEACHER = "teacher"
    SERVICE = "service"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds a valid token. `student_id` stands with the role student alone."""

    role: Role
    student_id: str | None
    token_id: str
    expires_at: datetime


def token_secret(settings: Settings) -> str:
    """The secret that signs tokens; made in the data folder, readable by its owner alone, where none is set.

    Raises:
        ConfigurationError: it is shorter than `MIN_SECRET_CHARS`.
        FileError: the data folder cannot be written, or the file not read.
    """
    if settings.token_secret is not None:
        return _long_enough(settings.token_secret.get_secret_value(), "SKILLSCOPE_TOKEN_SECRET")
    path = settings.data_dir / _FILE_NAME
    try:
        if not path.exists():
            _make_secret(path)
        return _long_enough(path.read_text(encoding="utf-8").strip(), str(path))
    except OSError as error:
        raise FileError(f"the token secret {path} cannot be made or read: {error.strerror}") from error


def _long_enough(secret: str, where: str) -> str:
    if len(secret) < MIN_SECRET_CHARS:
        raise ConfigurationError(f"{where} has {len(secret)} characters; a secret has {MIN_SECRET_CHARS} or more")
    return secret


def _make_secret(path: Path) -> None:
    """Write it whole under another name and link it, so that of several processes one wins and all read the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{_FILE_NAME}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()


def parse_ttl(text: str) -> timedelta:
    """How long a token counts: a number with s, m, h or d, as in `30d`.

    Raises:
        InputError: it reads otherwise, or lasts longer than `MAX_TTL`.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", text)
    if match is None:
        raise InputError("a lifetime is a number with s, m, h or d, as in 30d", field="ttl")
    lifetime = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if lifetime > MAX_TTL:
        raise InputError(f"a token lasts {MAX_TTL.days} days at most", field="ttl")
    return lifetime


def create_token(settings: Settings, role: Role, *, student_id: str | None = None, ttl: timedelta) -> str:
    """A signed token.

    Raises:
        InputError: the role student comes without a student, or another role with one.
        ConfigurationError, FileError: there is no usable secret.
    """
    if (role is Role.STUDENT) != (student_id is not None):
        raise InputError("the role student, and no other, comes with --student ID", field="student")
    now = datetime.now(UTC)
    claims = {
        "iss": _ISSUER,
        "role": role.value,
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + ttl,
    }
    if student_id is not None:
        claims["student"] = student_id
    return jwt.encode(claims, token_secret(settings), algorithm=_ALGORITHM)


def read_token(token: str, secret: str) -> Caller:
    """Who holds this token.

    Raises:
        AccessError: it is no token of ours, its signature is wrong, or it has expired.
    """
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[_ALGORITHM],
            issuer=_ISSUER,
            options={"require": ["exp", "iat", "jti", "role"]},
        )
        role = Role(claims["role"])
        student_id = claims.get("student")
        if (role is Role.STUDENT) != isinstance(student_id, str):
            raise AccessError("the token is not valid; make one with `skillscope token create`")
        return Caller(role, student_id, str(claims["jti"]), datetime.fromtimestamp(claims["exp"], UTC))
    except jwt.ExpiredSignatureError:
        raise AccessError("the token has expired; make another with `skillscope token create`") from None
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
        raise AccessError("the token is not valid; make one with `skillscope token create`") from None
