"""The order of the house: imports run one way, public names are sorted, errors form one tree."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from skillscope import errors

PACKAGE = Path(__file__).parents[1] / "backend" / "skillscope"
MODULES = sorted(PACKAGE.rglob("*.py"))


def test_imports_run_one_way(project: Path) -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _public_names(path: Path) -> list[str] | None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return list(ast.literal_eval(node.value))
    return None


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_public_names_are_sorted_and_exist(path: Path) -> None:
    names = _public_names(path)
    if names is None:
        return
    assert len(names) == len(set(names))
    assert names == sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    defined = {
        target.id
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for target in (node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)])
        if isinstance(target, ast.Name)
    }
    text = path.read_text(encoding="utf-8")
    assert all(
        name in defined or f"def {name}" in text or f"class {name}" in text or f" {name}" in text for name in names
    )


def test_every_error_is_in_the_drawing() -> None:
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.SkillscopeError)
        assert name in (errors.__doc__ or "")
