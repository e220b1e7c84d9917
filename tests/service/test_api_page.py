"""`docs/api.md` says what the service does: its routes with their roles, and its problems one by one."""

import re
from pathlib import Path

import pytest

from skillscope.modeling.bundle import Bundle
from skillscope.service.app import create_app
from skillscope.service.problems import PROBLEMS
from skillscope.service.runtime import Runtime
from skillscope.settings import Settings


@pytest.fixture
def page(project: Path) -> str:
    """The page."""
    return (project / "docs" / "api.md").read_text(encoding="utf-8")


def test_every_route_stands_there_with_its_roles(page: str, bundle: Bundle, tmp_path: Path) -> None:
    app = create_app(Runtime(Settings(data_dir=tmp_path), lambda _settings: bundle))
    described = [
        f"| `{method.upper()} {path.removeprefix('/api/v1')}` | {', '.join(operation['x-roles'])} |"
        for path, operations in app.state.describe()["paths"].items()
        for method, operation in operations.items()
        if "x-roles" in operation
    ]
    assert sorted(re.findall(r"^\| `(?:GET|PUT|POST|DELETE) .*", page, re.MULTILINE)) == sorted(described)


def test_every_problem_stands_there_with_its_status(page: str) -> None:
    told = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", page, re.MULTILINE)
    assert sorted((name, int(status)) for name, status in told) == sorted(
        (kind.name, kind.status) for kind in PROBLEMS.values()
    )
