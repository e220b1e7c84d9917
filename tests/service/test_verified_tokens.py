"""Tokens are verified once and compared with the clock each time, whatever the clock does."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from skillscope.errors import AccessError
from skillscope.service import tokens
from skillscope.service.runtime import Runtime
from skillscope.service.secrets import load_keyring, rotate_secret
from skillscope.service.tokens import Role, VerifiedTokens, create_token
from skillscope.settings import Settings


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).timestamp() + 1

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


def test_a_remembered_token_expires_when_the_clock_jumps_and_counts_again_when_it_jumps_back(own: Settings) -> None:
    clock = Clock()
    known = VerifiedTokens(load_keyring(own), clock)
    token = create_token(own, Role.SERVICE, ttl=timedelta(hours=1))
    caller = known.read(token)
    assert known.read(token) is caller
    clock.now += 3 * 3600
    with pytest.raises(AccessError, match="has expired"):
        known.read(token)
    clock.now -= 3 * 3600
    assert known.read(token) is caller
    clock.now -= 24 * 3600  # before the token was made
    with pytest.raises(AccessError, match="not valid"):
        known.read(token)


def test_the_last_second_of_a_token_is_the_one_before_it_ends(own: Settings) -> None:
    clock = Clock()
    known = VerifiedTokens(load_keyring(own), clock)
    token = create_token(own, Role.ADMIN, ttl=timedelta(minutes=1))
    ends = jwt.decode(token, options={"verify_signature": False})["exp"]
    clock.now = ends - 0.001
    assert known.read(token).role is Role.ADMIN
    clock.now = ends
    with pytest.raises(AccessError, match="has expired"):
        known.read(token)


def test_a_token_that_begins_later_does_not_count_before(own: Settings) -> None:
    clock = Clock()
    keyring = load_keyring(own)
    times = {"iat": int(clock.now), "nbf": int(clock.now) + 60, "exp": int(clock.now) + 600}
    claims = {"iss": "skillscope", "role": "admin", "jti": "later", **times}
    known = VerifiedTokens(keyring, clock)
    token = jwt.encode(claims, keyring.signing, algorithm="HS256")
    with pytest.raises(AccessError, match="not valid"):
        known.read(token)
    clock.now += 61
    assert known.read(token).token_id == "later"


def test_what_is_wrong_is_never_remembered_as_right(own: Settings) -> None:
    known = VerifiedTokens(load_keyring(own))
    token = create_token(own, Role.SERVICE, ttl=timedelta(hours=1))
    known.read(token)
    for _ in range(2):
        with pytest.raises(AccessError, match="not valid"):
            known.read(token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"))


def test_no_more_are_remembered_than_may_be(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "REMEMBERED", 3)
    known = VerifiedTokens(load_keyring(own))
    made = [create_token(own, Role.SERVICE, ttl=timedelta(hours=1)) for _ in range(8)]
    for token in made + made:
        assert known.read(token).role is Role.SERVICE
        assert len(known._known) <= 3


def test_a_dropped_secret_takes_its_remembered_tokens_with_it(own: Settings) -> None:
    runtime = Runtime(own)
    token = create_token(own, Role.SERVICE, ttl=timedelta(hours=1))
    assert runtime.authenticate(token).role is Role.SERVICE
    rotate_secret(own)
    assert runtime.authenticate(token).role is Role.SERVICE  # the secret before still counts
    for _ in range(4):
        rotate_secret(own)
    with pytest.raises(AccessError, match="not valid"):
        runtime.authenticate(token)
