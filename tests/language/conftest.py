"""A file of word vectors as the npm package has it, of words that nobody uses."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

WriteVectors = Callable[[int, int], Path]


@pytest.fixture
def write_vectors(tmp_path: Path) -> WriteVectors:
    """`write_vectors(words, width)` writes such a file. After the numbers of a word stand its length and its place."""

    def write(count: int, width: int) -> Path:
        rng = np.random.default_rng(0)
        words = [f"word{number}" for number in range(count)]
        vectors = {word: [*rng.normal(size=width).round(3).tolist(), 1.0, place] for place, word in enumerate(words)}
        path = tmp_path / f"vectors-{count}-{width}.json"
        path.write_text(json.dumps({"words": words, "vectors": vectors, "dimensions": width}), encoding="utf-8")
        return path

    return write
