"""The order of the rows is a function of the seed; labels stand one place before the ids that they ask for."""

from hypothesis import given
from hypothesis import strategies as st

from skillscope.lm.batches import collate, epoch_batches, steps_in


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=400), st.integers(1, 32), st.integers(0, 9), st.integers(0, 3)
)
def test_every_row_is_seen_once_an_epoch(lengths: list[int], batch: int, seed: int, epoch: int) -> None:
    batches = epoch_batches(lengths, batch, seed, epoch)
    assert sorted(row for rows in batches for row in rows) == list(range(len(lengths)))
    assert len(batches) == steps_in(len(lengths), batch, 1)
    assert batches == epoch_batches(lengths, batch, seed, epoch)


def test_rows_of_about_equal_length_go_together() -> None:
    lengths = [10, 200] * 400
    waste = sum(max(lengths[row] for row in rows) * len(rows) for rows in epoch_batches(lengths, 16, 0, 0))
    assert waste < 1.05 * sum(lengths)


def test_epochs_differ() -> None:
    assert epoch_batches([5] * 100, 4, 0, 0) != epoch_batches([5] * 100, 4, 0, 1)


def test_only_targets_are_asked_for() -> None:
    given_ids, wanted = collate([([1, 7, 8, 3, 20, 21, 2], 4), ([1, 9, 3, 30, 2], 3)])
    assert given_ids.tolist() == [[1, 7, 8, 3, 20, 21, 2], [1, 9, 3, 30, 2, 0, 0]]
    assert wanted.tolist() == [
        [-100, -100, -100, 20, 21, 2, -100],
        [-100, -100, 30, 2, -100, -100, -100],
    ]
