import subprocess
import sys
from pathlib import Path

import pytest

from skillscope import __version__
from skillscope.cli.guard import guarded
from skillscope.errors import FileError


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "skillscope"
    return subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False)


def test_an_error_of_ours_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise FileError("it is\n  missing")

    with pytest.raises(SystemExit) as caught:
        guarded(fail, prefix="skillscope")
    assert caught.value.code == 2
    assert capsys.readouterr().err == "skillscope: it is missing\n"


def test_an_interrupt_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as caught:
        guarded(interrupt, prefix="x", interrupted="stopped")
    assert caught.value.code == 130
    assert capsys.readouterr().err == "stopped\n"


def test_other_errors_pass_through() -> None:
    with pytest.raises(ZeroDivisionError):
        guarded(lambda: 1 / 0, prefix="x")


def test_the_command_line_says_its_version() -> None:
    assert run("--version").stdout == f"skillscope {__version__}\n"


def test_a_missing_file_is_named_with_exit_code_2(tmp_path: Path) -> None:
    done = run("models", "train", "--data", str(tmp_path / "none.csv"))
    assert done.returncode == 2
    assert "none.csv does not exist" in done.stderr
    assert "Traceback" not in done.stderr


def test_starting_loads_no_heavy_library() -> None:
    heavy = "{'spacy', 'xgboost', 'mlflow', 'sklearn', 'bentoml', 'pandas'}"
    code = f"import sys, skillscope.cli.main; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
