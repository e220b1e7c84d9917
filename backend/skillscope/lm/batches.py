"""Which examples make up which step: a pure function of the seed, so that a resumed training sees the same ones."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import torch

__all__ = ["collate", "epoch_batches", "steps_in"]

_POOL: Final = 40
"""Batches that are sorted by length together: enough to make padding rare, few enough to keep the order random."""
IGNORED: Final = -100


def steps_in(rows: int, batch: int, epochs: int) -> int:
    """Steps of a whole training."""
    return -(-rows // batch) * epochs


def epoch_batches(lengths: Sequence[int], batch: int, seed: int, epoch: int) -> list[list[int]]:
    """The row numbers of each step of an epoch: rows of about equal length together, in a seeded order."""
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    size = np.asarray(lengths)
    batches: list[list[int]] = []
    for start in range(0, len(order), batch * _POOL):
        pool = order[start : start + batch * _POOL]
        pool = pool[np.argsort(size[pool], kind="stable")]
        batches += [pool[at : at + batch].tolist() for at in range(0, len(pool), batch)]
    return [batches[index] for index in random.permutation(len(batches))]


def collate(rows: Sequence[tuple[list[int], int]]) -> "tuple[torch.Tensor, torch.Tensor]":
    """Ids padded on the right, shape (rows, longest), and the labels: the next id, where it belongs to a target.

    Padding stands behind every id that counts and attention looks back only, so no mask is needed.
    """
    import torch

    longest = max(len(ids) for ids, _ in rows)
    given = torch.zeros((len(rows), longest), dtype=torch.long)
    wanted = torch.full((len(rows), longest), IGNORED, dtype=torch.long)
    for index, (ids, start) in enumerate(rows):
        given[index, : len(ids)] = torch.tensor(ids)
        wanted[index, start - 1 : len(ids) - 1] = torch.tensor(ids[start:])
    return given, wanted
