"""Splits that never cut a group: a scenario, or a student."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.errors import SchemaError

__all__ = ["FOLDS", "group_folds", "join_groups"]

FOLDS: Final = 5


def join_groups(*keys: Sequence[object]) -> NDArray[np.int64]:
    """Group numbers such that rows which share any key (scenario, student, ...) are in one group.

    A key of "" or None joins nothing.
    """
    count = len(keys[0])
    parent = list(range(count))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for column in keys:
        first: dict[object, int] = {}
        for row, key in enumerate(column):
            if key is None or key == "":
                continue
            low, high = sorted((root(row), root(first.setdefault(key, row))))
            parent[high] = low
    return np.unique([root(row) for row in range(count)], return_inverse=True)[1]


def group_folds(
    groups: Sequence[object], strata: Sequence[object], *, folds: int = FOLDS, seed: int = 0
) -> NDArray[np.int64]:
    """The fold (from 0) of every row: no group is cut, and each fold gets its share of each stratum's rows.

    Groups are dealt out largest first, in an order that `seed` shuffles among equals, to the fold that has least of
    the group's stratum (then least in all). With fewer groups than folds there are as many folds as groups.

    Raises:
        SchemaError: there is only one group, so nothing can be held out.
    """
    names, number = np.unique(np.asarray([str(group) for group in groups]), return_inverse=True)
    if len(names) < 2:
        raise SchemaError(
            "all rows are of one scenario, so none can be held out; at least 2 scenarios (in `source`) are needed",
            field="source",
        )
    folds = min(folds, len(names))
    kinds, kind = np.unique(np.asarray([str(stratum) for stratum in strata]), return_inverse=True)
    sizes = np.zeros((len(names), len(kinds)), dtype=np.int64)
    np.add.at(sizes, (number, kind), 1)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    order = shuffled[np.argsort(-sizes[shuffled].sum(axis=1), kind="stable")]
    filled = np.zeros((folds, len(kinds)), dtype=np.int64)
    of_group = np.zeros(len(names), dtype=np.int64)
    for group in order:
        main = int(sizes[group].argmax())
        fold = min(range(folds), key=lambda f: (filled[f, main], filled[f].sum(), f))
        filled[fold] += sizes[group]
        of_group[group] = fold
    return of_group[number]
