"""One vector from many rows, and the four derived features."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillscope.errors import SchemaError
from skillscope.features import (
    DERIVED,
    FEATURE_NAMES,
    LINGUISTIC,
    TELEMETRY,
    AggregationPolicy,
    StoredRow,
    aggregate,
    derive,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)
TEXT = {item.name: number for number, item in enumerate(LINGUISTIC)}
PLAY = {item.name: number for number, item in enumerate(TELEMETRY)}


def response(days_ago: float = 1, **values: float) -> StoredRow:
    row = np.zeros(len(LINGUISTIC))
    row[TEXT["word_count"]] = 10
    for name, value in values.items():
        row[TEXT[name]] = value
    return StoredRow(NOW - timedelta(days=days_ago), row)


def session(days_ago: float = 1, **values: float) -> StoredRow:
    row = np.zeros(len(TELEMETRY))
    for name, value in values.items():
        row[PLAY[name]] = value
    return StoredRow(NOW - timedelta(days=days_ago), row)


def pooled(said, played, **policy) -> dict[str, float]:
    vector = aggregate(said, played, at=NOW, policy=AggregationPolicy(**policy))
    return dict(zip(FEATURE_NAMES, vector.tolist(), strict=True))


def test_shares_are_weighted_by_words_and_counts_are_not():
    found = pooled(
        [
            response(word_count=30, empathy_markers=0.1, noun_count=6),
            response(word_count=10, empathy_markers=0.5, noun_count=2),
        ],
        [],
    )
    assert found["empathy_markers"] == pytest.approx((30 * 0.1 + 10 * 0.5) / 40)
    assert found["noun_count"] == 4
    assert found["word_count"] == 20


def test_undefined_values_are_left_out_and_undefined_everywhere_stays_so():
    found = pooled(
        [response(empathy_markers=np.nan, word_count=0), response(empathy_markers=0.2)],
        [session(recovery_rate=np.nan, retry_count=2), session(recovery_rate=np.nan, retry_count=4)],
    )
    assert found["empathy_markers"] == 0.2
    assert found["word_count"] == 5
    assert np.isnan(found["recovery_rate"])
    assert np.isnan(found["resilience_recovery"])
    assert found["retry_count"] == 3


def test_only_the_last_rows_within_the_days_count():
    rows = [response(days_ago=d, noun_count=d) for d in (100, 3, 2, 1)] + [response(days_ago=-1, noun_count=50)]
    assert pooled(rows, [])["noun_count"] == 2
    assert pooled(rows, [], responses=2)["noun_count"] == 1.5
    assert pooled(rows, [], days=2.5)["noun_count"] == 1.5
    assert pooled(rows, [], responses=0)["noun_count"] != 2
    assert pooled([response(d / 10, noun_count=d) for d in range(40)], [])["noun_count"] == np.mean(range(20))
    assert pooled([], [session(d / 10, retry_count=d) for d in range(40)])["retry_count"] == np.mean(range(10))


def test_nothing_known_is_nan():
    assert np.isnan(aggregate([], [], at=NOW)).all()


def test_times_with_other_offsets_are_compared_as_instants():
    east = timezone(timedelta(hours=14))
    row = StoredRow((NOW - timedelta(minutes=1)).astimezone(east), response(noun_count=3).values)
    assert pooled([row], [])["noun_count"] == 3


def test_a_row_of_another_length_is_refused():
    with pytest.raises(SchemaError, match="16 linguistic features"):
        aggregate([StoredRow(NOW, [1.0, 2.0])], [], at=NOW)


NUMBERS = st.one_of(st.just(float("nan")), st.floats(0, 1e6))


@given(
    st.lists(NUMBERS, min_size=16, max_size=16).filter(lambda row: row[TEXT["word_count"]] >= 1),
    st.lists(NUMBERS, min_size=9, max_size=9),
)
def test_one_response_and_one_session_are_the_dataset_row(text, play):
    vector = aggregate([StoredRow(NOW, text)], [StoredRow(NOW, play)], at=NOW)
    wanted = np.concatenate([text, play, derive([text], [play])[0]])
    assert vector.tobytes() == wanted.tobytes()


@given(st.permutations([response(d % 3, noun_count=d / 7, empathy_markers=d / 11, word_count=3 + d) for d in range(8)]))
def test_the_order_of_rows_changes_no_bit(rows):
    first = [response(d % 3, noun_count=d / 7, empathy_markers=d / 11, word_count=3 + d) for d in range(8)]
    assert aggregate(rows, [], at=NOW).tobytes() == aggregate(first, [], at=NOW).tobytes()


def test_derived_by_hand():
    text, play = np.zeros((1, 16)), np.zeros((1, 9))
    text[0, TEXT["empathy_markers"]], text[0, TEXT["cognitive_processes"]] = 0.2, 0.1
    play[0, PLAY["collaboration_indicators"]] = 3
    play[0, PLAY["time_efficiency"]] = 1.5
    play[0, PLAY["distraction_resistance"]], play[0, PLAY["focus_duration"]] = 0.5, 60
    play[0, PLAY["recovery_rate"]], play[0, PLAY["retry_count"]] = 0.5, 1
    found = dict(zip((item.name for item in DERIVED), derive(text, play)[0], strict=True))
    assert found["empathy_social_interaction"] == pytest.approx(0.2 * 1.3862943611198906)
    assert found["problem_solving_cognitive"] == pytest.approx(0.15)
    assert found["self_regulation_focus"] == 30
    assert found["resilience_recovery"] == pytest.approx(0.5 * 0.6931471805599453)


def test_derive_wants_tables():
    with pytest.raises(SchemaError, match=r"\(n, 16\) and \(n, 9\)"):
        derive(np.zeros(16), np.zeros(9))
