"""Bearer tokens: signed JWTs with a role."""

import re
import time
import uuid
from collections.abc import Callable
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
    "VerifiedTokens",
    "create_token",
    "parse_ttl",
    "read_token",
]

MAX_TTL: Final = timedelta(days=366)
REMEMBERED: Final = 4096
"""Tokens whose signatures are remembered; beyond, all are forgotten and verified again."""
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
    issued_at: datetime
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
                options={
                    "require": ["exp", "iat", "jti", "role"],
                    "verify_exp": False,  # the times are looked at in `_at`, each time anew
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidSignatureError:
            continue
        return found
    raise jwt.InvalidSignatureError


@dataclass(frozen=True, slots=True)
class _Verified:
    """What a rightly signed token says, and the seconds since 1970 between which it counts."""

    caller: Caller
    starts: int
    ends: int

    def at(self, now: float) -> Caller:
        """The caller, where the token counts at this time.

        Raises:
            AccessError: it does not.
        """
        if now < self.starts:
            raise AccessError(_INVALID)
        if now >= self.ends:
            raise AccessError("the token has expired; make another with `skillscope token create`")
        return self.caller


def _verify(token: str, keyring: Keyring) -> _Verified:
    try:
        claims = _claims(token, keyring)
        role = Role(claims["role"])
        caller = Caller(
            role,
            _person(claims, role, Role.STUDENT),
            str(claims["jti"]),
            datetime.fromtimestamp(claims["iat"], UTC),
            datetime.fromtimestamp(claims["exp"], UTC),
            _person(claims, role, Role.TEACHER),
        )
        starts = max(int(claims["iat"]), int(claims.get("nbf", claims["iat"])))
        return _Verified(caller, starts, int(claims["exp"]))
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
        raise AccessError(_INVALID) from None


def read_token(token: str, keyring: Keyring) -> Caller:
    """Who holds this token.

    Raises:
        AccessError: it is no token of ours, its signature is wrong, it is not valid yet, or it has expired.
    """
    return _verify(token, keyring).at(time.time())


class VerifiedTokens:
    """Reads tokens under one keyring and remembers whose signatures were right, so that each is verified once.

    Times are compared with the clock on every reading. A keyring that changed takes another of these: what a dropped
    secret signed is remembered no longer. Safe to use from many threads.
    """

    def __init__(self, keyring: Keyring, clock: Callable[[], float] = time.time) -> None:
        self.keyring = keyring
        self._clock = clock
        self._known: dict[str, _Verified] = {}

    def read(self, token: str) -> Caller:
        """Who holds this token.

        Raises:
            AccessError: as `read_token`.
        """
        known = self._known.get(token)
        if known is None:
            known = _verify(token, self.keyring)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[token] = known
        return known.at(self._clock())
