"""The documents say what is true: code blocks run, commands and settings exist."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from skillscope.cli.main import app
from skillscope.settings import Settings

PROJECT = Path(__file__).parents[1]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
MAKE = re.compile(r"^make [a-z]+", re.MULTILINE)
BLOCKS = [
    pytest.param(match[1], match[2], id=f"{page.name}-{number}")
    for page in PAGES
    if page.exists()
    for number, match in enumerate(BLOCK.finditer(page.read_text(encoding="utf-8")), start=1)
]


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which documents may write: links to what is read, an empty data folder of its own."""
    folder = tmp_path_factory.mktemp("docs") / "project"
    folder.mkdir()
    for name in ("backend", "notebooks", "benchmarks", "Makefile", "pyproject.toml", "bentofile.yaml", "README.md"):
        if (PROJECT / name).exists():
            (folder / name).symlink_to(PROJECT / name)
    (folder / "models").mkdir()
    (folder / "models" / "language").symlink_to(PROJECT / "models" / "language")
    (folder / "data").mkdir()
    if (PROJECT.parent / "shared").exists():
        (folder.parent / "shared").symlink_to(PROJECT.parent / "shared")
    return folder


def _environment(folder: Path) -> dict[str, str]:
    programs = Path(sys.executable).parent
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "SKILLSCOPE_DATA_DIR": str(folder / "data"),
        "SKILLSCOPE_MODELS_DIR": str(folder / "models"),
    }


@pytest.mark.parametrize(("language", "code"), BLOCKS)
def test_code_blocks_run(language: str, code: str, playground: Path) -> None:
    """In their order, one page after the other; `make` lines are checked by the tests of the Makefile."""
    if "../shared" in code and not (playground.parent / "shared").exists():
        pytest.skip("shared data not found beside the checkout")
    lines = MAKE.sub("true", code)
    program = ["bash", "-euo", "pipefail", "-c", lines] if language == "bash" else [sys.executable, "-c", lines]
    done = subprocess.run(
        program, cwd=playground, env=_environment(playground), capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, f"{code}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_named_exist(page: Path) -> None:
    make = shutil.which("make")
    assert make is not None
    for line in sorted(set(re.findall(r"`?(make [a-z]+)`?", page.read_text(encoding="utf-8")))):
        target = line.split()[1]
        makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
        if f"`{line}`" in page.read_text(encoding="utf-8") or re.search(rf"^{line}", page.read_text(), re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), line


def test_every_setting_stands_in_the_readme() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"| `SKILLSCOPE_{name.upper()}` |" in text, f"the README's table lacks {name}"
        assert field.description in text, f"the README describes {name} otherwise"


def test_documents_name_no_command_that_does_not_exist() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    commands = set(re.findall(r"`skillscope ((?:[a-z][a-z0-9-]+)(?: [a-z][a-z0-9-]+)*)", text))
    commands |= set(re.findall(r"^skillscope ((?:[a-z][a-z0-9-]+)(?: [a-z][a-z0-9-]+)*)", text, re.MULTILINE))
    assert len(commands) > 30
    for command in sorted(commands):
        found: Any = get_command(app)
        for word in command.split():
            if not getattr(found, "commands", None):
                break  # an argument
            assert word in found.commands, f"there is no `skillscope {command}`"
            found = found.commands[word]
