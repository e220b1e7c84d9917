"""Randomness of one row: sha256(run seed, generator, row). Order, batches and workers change nothing."""

import hashlib
import random

__all__ = ["row_random", "row_seed"]


def row_seed(seed: int, generator: str, row: int, *parts: str | int) -> int:
    """A 63-bit seed for one row of one generator; `parts` set further independent streams apart."""
    text = "\x1f".join(str(part) for part in (seed, generator, row, *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def row_random(seed: int, generator: str, row: int, *parts: str | int) -> random.Random:
    """A random source seeded with `row_seed`."""
    return random.Random(row_seed(seed, generator, row, *parts))
