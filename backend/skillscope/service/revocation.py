"""Tokens that count no more before they expire: a revoked one, and all of a student who was erased.

Of an erased student a mark is kept as long as a token of theirs could count: a keyed digest of the id (HMAC-SHA256, the
key being the secret that signs tokens). It names nobody to who has not the secret, and a token that was made after the
erasure, for a new student of that id, counts.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.orm import Session

from skillscope.errors import InputError
from skillscope.service.secrets import Keyring, load_keyring
from skillscope.service.tokens import MAX_TTL, Caller, read_token
from skillscope.settings import Settings
from skillscope.store import open_database, queries, writing

__all__ = ["counts_no_more", "mark_erased", "revoke"]

_PREFIX: Final = "erased-"
_DIGITS: Final = 56


def revoke(settings: Settings, token: str) -> bool:
    """Note in the store that a token counts no more; False where it was noted before.

    Raises:
        InputError: it is an empty text.
        AccessError: it is no valid token: nothing is to be revoked.
    """
    if not token:
        raise InputError("a token is needed", field="token")
    caller = read_token(token, load_keyring(settings))
    with open_database(settings.database).begin() as session:
        return queries.revoke_token(
            writing(session), caller.token_id, at=datetime.now(UTC), expires_at=caller.expires_at
        )


def _mark(student_id: str, secret: str) -> str:
    digest = hmac.new(secret.encode(), b"skillscope-erased:" + student_id.encode(), hashlib.sha256).hexdigest()
    return _PREFIX + digest[:_DIGITS]


def mark_erased(session: Session, student_id: str, keyring: Keyring, *, at: datetime) -> None:
    """Note in this transaction that the student's tokens made until now count no more."""
    queries.revoke_token(session, _mark(student_id, keyring.signing), at=at, expires_at=at + MAX_TTL, again=True)


def counts_no_more(session: Session, caller: Caller, keyring: Keyring) -> bool:
    """Whether the caller's token was revoked, or its student erased since it was made.

    A mark was made with the secret that signed at that time. Where that secret has been dropped, so have those that
    signed the student's tokens before.
    """
    names = [caller.token_id]
    if caller.student_id is not None:
        names += [_mark(caller.student_id, secret) for secret in keyring.secrets]
    found = queries.revocations(session, names)
    return any(name == caller.token_id or caller.issued_at <= at for name, at in found.items())
