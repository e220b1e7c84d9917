"""`skillscope privacy` and `purge`: what they print, write and refuse."""

import zipfile
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from skillscope.assessment.ingest import add_responses, register_student
from skillscope.assessment.records import ResponseRecord
from skillscope.cli.privacy import app, command_purge
from skillscope.errors import FileError, InputError, NotFoundError
from skillscope.settings import get_settings
from skillscope.store import open_database

purging = Typer()
purging.command()(command_purge)


@pytest.fixture(autouse=True)
def _student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """A store in the test's folder with one student of one response."""
    monkeypatch.setenv("SKILLSCOPE_DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()
    with open_database(get_settings().database).begin() as session:
        register_student(session, "s-1", 4)
        add_responses(session, "s-1", [ResponseRecord(text="we shared the blocks")])
    yield None
    get_settings.cache_clear()


def run(program: Typer, *arguments: str) -> str:
    """What a command prints; its error is raised."""
    done = CliRunner().invoke(program, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_student_is_exported_and_erased_with_a_receipt(tmp_path: Path) -> None:
    output = tmp_path / "s.zip"
    assert run(app, "export", "s-1", "--output", str(output), "--recipient", "the parents").startswith(str(output))
    with zipfile.ZipFile(output) as archive:
        assert "the parents" not in archive.read("disclosures.json").decode()  # noted after what it holds
    counted = run(app, "erase", "s-1", "--dry-run").splitlines()
    assert "responses: 1" in counted
    assert "disclosures: 1" in counted
    *counts, receipt = run(app, "erase", "s-1").splitlines()
    assert counts == counted
    told = run(app, "receipt", receipt).splitlines()
    assert told[0].startswith("erased at 2")
    assert told[1:] == counts
    with pytest.raises(NotFoundError):
        run(app, "erase", "s-1")
    with pytest.raises(InputError, match="no receipt"):
        run(app, "receipt", receipt[:-4])


def test_an_export_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be written"):
        run(app, "export", "s-1", "--output", str(tmp_path / "nowhere" / "s.zip"))
    assert "disclosures" not in run(app, "erase", "s-1", "--dry-run")  # nothing left


def test_purge_counts_and_deletes() -> None:
    assert run(purging, "--older-than", "400d", "--dry-run") == "nothing was changed\n"
    assert run(purging, "--older-than", "400d") == "deleted\n"
    for age in ("400", "0d", "-1d", "1w", "999999d", ""):
        with pytest.raises(InputError, match="as in 400d"):
            run(purging, "--older-than", age)
