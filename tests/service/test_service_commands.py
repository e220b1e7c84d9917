"""`token`, `import` and `bento` on the command line: what they print, and one line for what goes wrong."""

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from skillscope.cli.main import main
from skillscope.service.secrets import Keyring
from skillscope.service.serving import SERVICE, serve_command
from skillscope.service.tokens import Role, read_token
from skillscope.settings import Settings, get_settings


class Done(NamedTuple):
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Done]]:
    """Runs `skillscope` in this process with its data in a folder of the test."""
    monkeypatch.setenv("SKILLSCOPE_DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()

    def command(*arguments: str, given: str = "") -> Done:
        monkeypatch.setattr(sys, "argv", ["skillscope", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        with pytest.raises(SystemExit) as left:
            main()
        return Done(int(left.value.code or 0), *capsys.readouterr())

    yield command
    get_settings.cache_clear()


def test_a_token_is_made_and_revoked(tmp_path: Path, run: Callable[..., Done]) -> None:
    made = run("token", "create", "--role", "student", "--student", "s-1", "--ttl", "2h")
    assert made.returncode == 0, made.stderr
    secret = (tmp_path / "data" / "token_secret").read_text(encoding="utf-8").strip()
    caller = read_token(made.stdout.strip(), Keyring((secret,)))
    assert (caller.role, caller.student_id) == (Role.STUDENT, "s-1")
    assert run("token", "revoke", "-", given=made.stdout).stdout == "revoked\n"
    assert run("token", "revoke", made.stdout.strip()).stdout == "was revoked before\n"
    teacher = run("token", "create", "--role", "teacher", "--teacher", "t-1").stdout.strip()
    assert read_token(teacher, Keyring((secret,))).teacher_id == "t-1"
    assert run("token", "rotate").stdout.startswith("tokens are signed with ")
    assert (tmp_path / "data" / "token_secret").read_text(encoding="utf-8").split()[1] == secret


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["token", "create", "--role", "student"], "the role student, and no other, comes with --student ID"),
        (["token", "create", "--role", "admin", "--ttl", "soon"], "a lifetime is a number with s, m, h or d"),
        (["token", "revoke", "x.y.z"], "the token is not valid"),
        (["import", "mind-ca", "/nowhere/dev.csv"], "/nowhere/dev.csv cannot be read: No such file or directory"),
    ],
)
def test_what_goes_wrong_is_one_line_and_exit_code_2(
    run: Callable[..., Done], arguments: list[str], message: str
) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("skillscope: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_import_says_what_it_did(tmp_path: Path, run: Callable[..., Done]) -> None:
    path = tmp_path / "dev.csv"
    path.write_text("child_id,answer,score,age,gender,question\n7,he was sad so he hid,1,9,0,Q\n", encoding="utf-8")
    line = "new: 1 students, 1 responses; there before: 0 responses; rows without an answer: 0\n"
    assert run("import", "mind-ca", str(path)).stdout == line
    assert run("import", "mind-ca", str(path)).stdout.startswith("new: 0 students, 0 responses; there before: 1")


def test_the_serving_command_is_quiet_and_listens_where_it_is_told(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, host="127.0.0.1", port=8123)
    command, environment = serve_command(settings, {"PATH": "/bin"})
    assert command[1:] == ["-m", "bentoml", "serve", SERVICE, "--host", "127.0.0.1", "--port", "8123"]
    assert environment["BENTOML_DO_NOT_TRACK"] == "True"
    assert environment["OMP_NUM_THREADS"] == "1"
    assert environment["SKILLSCOPE_DATA_DIR"] == str(tmp_path)
