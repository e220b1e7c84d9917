"""A small set of pairs, generated once."""

from pathlib import Path
from typing import Any

import pytest

from skillscope.tutoring.pairs.generate import PairPlan, generate_pairs
from skillscope.tutoring.pairs.measures import read_pairs

SMALL = PairPlan(feedback=116, explanations=580, plans=116)


@pytest.fixture(scope="session")
def pairs_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    generate_pairs(path, SMALL, seed=42, workers=1)
    return path


@pytest.fixture(scope="session")
def pairs(pairs_file: Path) -> list[dict[str, Any]]:
    return list(read_pairs(pairs_file))
