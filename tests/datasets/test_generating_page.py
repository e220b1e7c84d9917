"""The commands of docs/generating.md run as they stand there, without keys."""

import re
import shlex

import pytest
import typer
from typer.testing import CliRunner

from skillscope.cli import data
from skillscope.cli.main import app
from skillscope.settings import PROJECT_ROOT, get_settings


def commands():
    page = (PROJECT_ROOT / "docs" / "generating.md").read_text("utf-8")
    for block in re.findall(r"^```bash\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        yield from block.splitlines()


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """No keys, and a folder of its own for what is generated."""
    for name in ("OPENAI_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"SKILLSCOPE_{name}", raising=False)
    monkeypatch.setenv("SKILLSCOPE_DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


def test_the_commands_of_the_page_run(bare):
    said = []
    for line in commands():
        command, _, allowed = line.replace("data/docs", str(bare)).partition(" || test $? -eq ")
        first, *arguments = shlex.split(command)
        target = app
        if first == "python":
            script = (PROJECT_ROOT / arguments.pop(0)).read_text("utf-8")
            target = typer.Typer()
            target.command()(getattr(data, re.search(r"run_script\((\w+)\)", script).group(1)))
        result = CliRunner().invoke(target, arguments, catch_exceptions=False)
        assert result.exit_code in {0, int(allowed or 0)}, f"{line}\n{result.output}"
        said.append(result.output)
    assert len(said) == 12
    assert "84 rows, 34 requests" in "".join(said)
    assert (bare / "training.csv").exists()
    assert not list(bare.glob("paid*"))
