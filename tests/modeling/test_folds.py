import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillscope.errors import SchemaError
from skillscope.modeling.folds import group_folds, join_groups


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc")), min_size=4, max_size=60), st.integers(0, 99))
def test_no_group_is_cut_and_no_fold_is_empty(rows, seed):
    groups, strata = zip(*rows, strict=True)
    if len(set(groups)) < 2:
        return
    folds = group_folds(groups, strata, seed=seed)
    for group in set(groups):
        assert len({fold for fold, name in zip(folds, groups, strict=True) if name == group}) == 1
    assert set(folds) == set(range(min(5, len(set(groups)))))


def test_each_fold_gets_its_share_of_every_stratum():
    groups = [f"{skill}-{number}" for skill in "abcd" for number in range(10) for _ in range(3)]
    strata = [group[0] for group in groups]
    folds = group_folds(groups, strata, seed=3)
    counts = {(f, s): 0 for f in range(5) for s in "abcd"}
    for fold, stratum in zip(folds, strata, strict=True):
        counts[int(fold), stratum] += 1
    assert set(counts.values()) == {6}
    assert group_folds(groups, strata, seed=3).tolist() == folds.tolist()
    assert group_folds(groups, strata, seed=4).tolist() != folds.tolist()


def test_one_group_cannot_be_held_out():
    with pytest.raises(SchemaError, match="at least 2 scenarios"):
        group_folds(["a"] * 9, ["x"] * 9)


def test_rows_that_share_any_key_are_one_group():
    scenarios = ["a", "a", "b", "c", "c", "d"]
    students = ["1", "2", "2", "3", "", ""]
    joined = join_groups(scenarios, students)
    assert joined[0] == joined[1] == joined[2]
    assert joined[3] == joined[4]
    assert len(np.unique(joined)) == 3
