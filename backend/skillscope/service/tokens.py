"""Bearer tokens: signed JWTs with a role."""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import jwt

from skillscope.errors import AccessError, InputError
from skillscope.service.secrets import Keyring, load_keyring
from skillscope.settings import Settings

__all__ = [
    "MAX_TTL",
    "Caller",
    "Role",
    "create_token",
    "parse_ttl",
    "read_token",
]

MAX_TTL: Final = timedelta(days=366)
_ALGORITHM: Final = "HS256"
_ISSUER: Final = "skillscope"
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Role(StrEnum):
    """Who calls: a student sees itself, a teacher own classes; a service brings data in, an admin also manages."""

    STUDENT = "student"
    TEACHER = "teacher"
    SERVICE = "service"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds a valid token. `student_id` stands with the role student alone, `teacher_id` with teacher."""

    role: Role
    student_id: str | None
    token_id: str
    expires_at: datetime
    teacher_id: str | None = None

    @property
    def name(self) -> str:
        """What stands in the access log: the student's or teacher's id, or the token's."""
        return self.student_id or self.teacher_id or self.token_id

    @property
    def is_staff(self) -> bool:
        """Whether every student is in reach."""
        return self.role in {Role.SERVICE, Role.ADMIN}


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


def create_token(
    settings: Settings,
    role: Role,
    *,
    student_id: str | None = None,
    teacher_id: str | None = None,
    ttl: timedelta,
) -> str:
    """A signed token.

    Raises:
        InputError: the role student comes without a student, teacher without a teacher, or another role with one.
        ConfigurationError, FileError: there is no usable secret.
    """
    for person, given in ((Role.STUDENT, student_id), (Role.TEACHER, teacher_id)):
        if (role is person) != bool(given):
            raise InputError(f"the role {person}, and no other, comes with --{person} ID", field=person.value)
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
    if teacher_id is not None:
        claims["teacher"] = teacher_id
    keyring = load_keyring(settings)
    return jwt.encode(claims, keyring.signing, algorithm=_ALGORITHM, headers={"kid": keyring.kid})


_INVALID: Final = "the token is not valid; make one with `skillscope token create`"


def _person(claims: dict[str, Any], role: Role, person: Role) -> str | None:
    found = claims.get(person.value)
    if (role is person) != (isinstance(found, str) and found != ""):
        raise AccessError(_INVALID)
    return found


def _claims(token: str, keyring: Keyring) -> dict[str, Any]:
    for secret in keyring.named(jwt.get_unverified_header(token).get("kid")):
        try:
            found: dict[str, Any] = jwt.decode(
                token,
                secret,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                options={"require": ["exp", "iat", "jti", "role"]},
            )
        except jwt.InvalidSignatureError:
            continue
        return found
    raise jwt.InvalidSignatureError


def read_token(token: str, keyring: Keyring) -> Caller:
    """Who holds this token.

    Raises:
        AccessError: it is no token of ours, its signature is wrong, or it has expired.
    """
    try:
        claims = _claims(token, keyring)
        role = Role(claims["role"])
        return Caller(
            role,
            _person(claims, role, Role.STUDENT),
            str(claims["jti"]),
            datetime.fromtimestamp(claims["exp"], UTC),
            _person(claims, role, Role.TEACHER),
        )
    except jwt.ExpiredSignatureError:
        raise AccessError("the token has expired; make another with `skillscope token create`") from None
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
        raise AccessError(_INVALID) from None
