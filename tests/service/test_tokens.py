"""Tokens: who may make which, what is refused, and a secret that is made once."""

import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from pydantic import SecretStr

from skillscope.errors import AccessError, ConfigurationError, FileError, InputError
from skillscope.service.revocation import revoke
from skillscope.service.secrets import Keyring, load_keyring, rotate_secret
from skillscope.service.tokens import Role, create_token, parse_ttl, read_token
from skillscope.settings import Settings

HOUR = timedelta(hours=1)
SECRET = "s" * 32


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def test_a_token_says_who_holds_it(place: Settings) -> None:
    caller = read_token(create_token(place, Role.STUDENT, student_id="s-1", ttl=HOUR), load_keyring(place))
    assert (caller.role, caller.student_id) == (Role.STUDENT, "s-1")
    assert abs(caller.expires_at - datetime.now(UTC) - HOUR) < timedelta(seconds=5)
    teacher = read_token(create_token(place, Role.TEACHER, teacher_id="t-1", ttl=HOUR), load_keyring(place))
    assert (teacher.student_id, teacher.teacher_id, teacher.name) == (None, "t-1", "t-1")
    admin = read_token(create_token(place, Role.ADMIN, ttl=HOUR), load_keyring(place))
    assert (admin.student_id, admin.teacher_id, admin.name) == (None, None, admin.token_id)


def test_the_secret_is_made_once_and_is_its_owners_alone(place: Settings) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(load_keyring(place).signing)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found[0]) >= 32
    assert [path.name for path in place.data_dir.iterdir()] == ["token_secret"]
    assert stat.S_IMODE((place.data_dir / "token_secret").stat().st_mode) == 0o600


def test_a_short_secret_is_refused(place: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SKILLSCOPE_TOKEN_SECRET has 5 characters; a secret has 32 or more"):
        load_keyring(Settings(data_dir=tmp_path, token_secret="short"))  # type: ignore[arg-type]
    place.data_dir.mkdir()
    (place.data_dir / "token_secret").write_text("\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="has 0 characters"):
        load_keyring(place)


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(FileError, match="token secret"):
        load_keyring(Settings(data_dir=tmp_path / "file" / "data"))


@pytest.mark.parametrize(
    ("role", "student", "teacher", "named"),
    [
        (Role.STUDENT, None, None, "--student"),
        (Role.STUDENT, "", None, "--student"),
        (Role.TEACHER, "s-1", "t-1", "--student"),
        (Role.TEACHER, None, None, "--teacher"),
        (Role.STUDENT, "s-1", "t-1", "--teacher"),
        (Role.ADMIN, None, "t-1", "--teacher"),
    ],
)
def test_a_person_and_its_role_go_together(
    place: Settings, role: Role, student: str | None, teacher: str | None, named: str
) -> None:
    with pytest.raises(InputError, match=named):
        create_token(place, role, student_id=student, teacher_id=teacher, ttl=HOUR)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("12h", 43_200), ("30d", 2_592_000), ("366d", 31_622_400)]
)
def test_lifetimes(text: str, seconds: int) -> None:
    assert parse_ttl(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "0d", "-1d", "1.5h", "367d", "999999999d", "1 d", "１d"])
def test_lifetimes_that_are_none(text: str) -> None:
    with pytest.raises(InputError):
        parse_ttl(text)


def _forged(**changes: object) -> str:
    now = datetime.now(UTC)
    claims = {"iss": "skillscope", "role": "admin", "jti": "x", "iat": now, "exp": now + HOUR} | changes
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, SECRET, "HS256")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "abc",
        "a.b.c",
        "ü.ü.ü",
        _forged(iss="elsewhere"),
        _forged(role="root"),
        _forged(role=None),
        _forged(role=7),
        _forged(exp=None),
        _forged(jti=None),
        _forged(exp=datetime.now(UTC) - HOUR),
        _forged(exp=10**30),
        _forged(role="student"),
        _forged(student="s-1"),
        _forged(role="teacher"),
        _forged(teacher="t-1"),
        _forged(role="teacher", teacher=""),
        _forged(role="student", student=["s-1"]),
        _forged(iat=datetime.now(UTC) + HOUR),
        jwt.encode({"iss": "skillscope", "role": "admin"}, "t" * 32, "HS256"),
        jwt.encode({"iss": "skillscope", "role": "admin", "jti": "x", "iat": 1, "exp": 9**10}, None, "none"),
    ],
)
def test_what_is_no_valid_token_is_nobodys(token: str) -> None:
    with pytest.raises(AccessError) as raised:
        read_token(token, Keyring((SECRET,)))
    assert not raised.value.authenticated


def test_a_right_token_is_somebodys() -> None:
    assert read_token(_forged(), Keyring((SECRET,))).role is Role.ADMIN


def test_a_token_is_revoked_once(place: Settings) -> None:
    token = create_token(place, Role.SERVICE, ttl=HOUR)
    assert revoke(place, token)
    assert not revoke(place, token)
    with pytest.raises(AccessError):
        revoke(place, token + "x")
    with pytest.raises(InputError):
        revoke(place, "")


def test_after_a_rotation_new_tokens_have_a_new_key_and_old_ones_count(place: Settings) -> None:
    before = create_token(place, Role.ADMIN, ttl=HOUR)
    kid = rotate_secret(place)
    after = create_token(place, Role.ADMIN, ttl=HOUR)
    assert jwt.get_unverified_header(after)["kid"] == kid != jwt.get_unverified_header(before)["kid"]
    keyring = load_keyring(place)
    assert {read_token(token, keyring).role for token in (before, after)} == {Role.ADMIN}
    for _ in range(3):
        rotate_secret(place)
    with pytest.raises(AccessError):
        read_token(before, load_keyring(place))
    assert read_token(after, load_keyring(place)).role is Role.ADMIN
    assert stat.S_IMODE((place.data_dir / "token_secret").stat().st_mode) == 0o600
    assert [path.name for path in place.data_dir.iterdir()] == ["token_secret"]


def test_a_token_that_names_another_key_than_it_was_signed_with_is_nobodys(place: Settings) -> None:
    ring = load_keyring(place)
    claims = {"iss": "skillscope", "role": "admin", "jti": "x", "iat": 1, "exp": 9**10}
    for kid in ("other", 7):
        with pytest.raises(AccessError):
            read_token(jwt.encode(claims, ring.signing, "HS256", headers={"kid": str(kid)}), ring)
    assert read_token(jwt.encode(claims, ring.signing, "HS256"), ring).role is Role.ADMIN


def test_secrets_of_the_settings_rotate_there(tmp_path: Path) -> None:
    def settings(secret: str, older: str | None = None) -> Settings:
        return Settings(
            data_dir=tmp_path, token_secret=SecretStr(secret), token_secrets_older=older and SecretStr(older)
        )

    old, new = "o1" * 20, "n2" * 20
    token = create_token(settings(old), Role.ADMIN, ttl=HOUR)
    with pytest.raises(AccessError):
        read_token(token, load_keyring(settings(new)))
    assert read_token(token, load_keyring(settings(new, f" {old} ,"))).role is Role.ADMIN
    with pytest.raises(ConfigurationError, match="SKILLSCOPE_TOKEN_SECRETS_OLDER"):
        rotate_secret(settings(old))
    with pytest.raises(ConfigurationError, match="has 5 characters"):
        load_keyring(settings(new, "short"))


@pytest.mark.parametrize(
    "secret", ["s" * 40, "changeme-changeme-changeme-changeme", "my-Secret-0123456789-abcdefghijklm"]
)
def test_production_refuses_placeholders(tmp_path: Path, secret: str) -> None:
    given = {"data_dir": tmp_path, "token_secret": SecretStr(secret)}
    assert load_keyring(Settings(**given)).signing == secret
    with pytest.raises(ConfigurationError, match="placeholder"):
        load_keyring(Settings(**given, production=True))
    assert len(load_keyring(Settings(data_dir=tmp_path, production=True)).signing) >= 32
