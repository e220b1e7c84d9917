"""The name of what texts are measured with changes with every list and weight that features depend on."""

import re
import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from skillscope.features.versions import _digest, installed_pipeline

PACKAGE = Path(str(files("skillscope.features")))


def test_the_name_says_pipeline_version_and_lists() -> None:
    assert re.fullmatch(r"en_skillscope-\d+\.\d+\.\d+\+[0-9a-f]{8}", installed_pipeline())
    assert installed_pipeline().endswith(_digest(PACKAGE))


@pytest.mark.parametrize("name", ["lexicons/empathy.txt", "lexicons/spelling.txt", "sentences.json"])
def test_another_list_or_weight_is_another_name(tmp_path: Path, name: str) -> None:
    copy = tmp_path / "features"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    assert _digest(copy) == _digest(PACKAGE)
    path = copy / name
    path.write_bytes(path.read_bytes() + b"\n# one more\n")
    assert _digest(copy) != _digest(PACKAGE)
