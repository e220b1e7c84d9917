"""Where every random number of a row comes from: sha256 of run seed, generator name and row number.

Scalar code takes a `random.Random`; vectorised code takes columns of a counter-based stream (SplitMix64,
Steele, Lea & Flood 2014), one stream a row, so that order, batch size and worker count change nothing.
"""

import hashlib
from collections.abc import Sequence
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["normals", "row_key", "row_keys", "row_random", "uniforms"]

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)


def row_key(seed: int, generator: str, row: int, *more: int) -> int:
    """64 bits that belong to this run seed, generator name and row (and, where given, attempt or session)."""
    text = ":".join(map(str, (seed, generator, row, *more)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def row_random(seed: int, generator: str, row: int, *more: int) -> Random:
    """A generator of its own for this row."""
    return Random(row_key(seed, generator, row, *more))


def row_keys(seed: int, generator: str, rows: Sequence[int], *more: int) -> NDArray[np.uint64]:
    """`row_key` of each row, shape (n,)."""
    return np.fromiter((row_key(seed, generator, row, *more) for row in rows), dtype=np.uint64, count=len(rows))


def uniforms(keys: NDArray[np.uint64], start: int, count: int) -> NDArray[np.float64]:
    """Columns `start` to `start + count` of each key's stream, in (0, 1), shape (n, count)."""
    counters = np.arange(start + 1, start + count + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):  # arithmetic modulo 2**64 is what SplitMix64 means
        z = keys[:, None] + counters[None, :] * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * _MIX_1
        z = (z ^ (z >> np.uint64(27))) * _MIX_2
    z ^= z >> np.uint64(31)
    return np.asarray(((z >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52)


def normals(keys: NDArray[np.uint64], start: int, count: int) -> NDArray[np.float64]:
    """Standard normal columns, shape (n, count); uses the `2 * count` uniform columns from `start` (Box-Muller)."""
    pairs = uniforms(keys, start, 2 * count)
    angle: NDArray[np.float64] = 2.0 * np.pi * pairs[:, count:]
    return np.asarray(np.sqrt(-2.0 * np.log(pairs[:, :count])) * np.cos(angle))
