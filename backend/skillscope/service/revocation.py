"""Revoking a token before it expires."""

from datetime import UTC, datetime

from skillscope.errors import InputError
from skillscope.service.secrets import load_keyring
from skillscope.service.tokens import read_token
from skillscope.settings import Settings
from skillscope.store import open_database, queries, writing

__all__ = ["revoke"]


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
