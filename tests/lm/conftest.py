"""Pairs and a trained model of a few thousand weights, made once."""

from pathlib import Path

import pytest

from lm_parts import train_minute, write_pairs


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """180 pairs."""
    return write_pairs(tmp_path_factory.mktemp("pairs") / "pairs.jsonl")


@pytest.fixture(scope="session")
def minute(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle trained on them for 20 steps."""
    return train_minute(pairs, tmp_path_factory.mktemp("bundles") / "minute")
