"""When training is due, and what a small month of simulated practice leaves behind."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from skillscope.errors import SchemaError
from skillscope.store import make_engine, open_store
from skillscope.store.practice_tables import PracticeResponseRow
from skillscope.tutoring.bank import load_demo_tutoring
from skillscope.tutoring.extraction import count_pairs, extract_pairs
from skillscope.tutoring.pseudonyms import Pseudonyms
from skillscope.tutoring.retraining import QUARTER, Training, read_training, record_training, tutoring_status
from skillscope.tutoring.volume import Habits, simulate_month

NOW = datetime(2026, 3, 4, tzinfo=UTC)


def test_a_month_of_practice_is_counted_extracted_and_weighed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    engine = make_engine(url)
    sessions = open_store(engine)
    load_demo_tutoring(sessions, [], questions=145)
    simulate_month(sessions, 12, seed=1, habits=Habits(sittings=1, answers=8, plans=1.0, notes=1.0), end=NOW)
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(PracticeResponseRow)) == 96
        status = tutoring_status(session, count_pairs(url), None, now=NOW)
    names = Pseudonyms(bytes(32))
    manifest = extract_pairs(url, tmp_path / "out.jsonl", since=datetime(2024, 1, 1, tzinfo=UTC), names=names)
    assert status.tables["students"] == 12
    assert (status.tables["help_requests"], status.tables["study_plan_actions"], status.tables["user_notes"]) == (
        24,
        12,
        12,
    )
    assert (status.due, status.next_at, status.next_pairs) == ((), None, 50_000)
    assert manifest.by_kind["feedback"] == 24
    assert manifest.dropped["explanation of a generated question, no real one"] == 145
    assert status.real_pairs == manifest.pairs == len((tmp_path / "out.jsonl").read_text("utf-8").splitlines())
    pairs = status.real_pairs
    some = Training(trained_at=NOW - timedelta(days=10), real_pairs=status.real_pairs // 2)
    with sessions() as session:
        doubled = tutoring_status(session, pairs, some, now=NOW)
        assert doubled.due == ("the real pairs have doubled since the last training",)
        late = Training(trained_at=NOW - QUARTER, real_pairs=status.real_pairs)
        assert tutoring_status(session, pairs, late, now=NOW).due == ("a quarter has gone by since the last training",)
        fresh = Training(trained_at=NOW, real_pairs=status.real_pairs)
        weighed = tutoring_status(session, pairs, fresh, now=NOW)
    assert (weighed.due, weighed.next_at, weighed.next_pairs) == ((), NOW + QUARTER, 2 * status.real_pairs)
    engine.dispose()


def test_the_last_training_is_kept(tmp_path: Path) -> None:
    assert read_training(tmp_path) is None
    kept = Training(trained_at=NOW, real_pairs=7)
    record_training(tmp_path, kept)
    assert read_training(tmp_path) == kept
    (tmp_path / "tutoring_training.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SchemaError):
        read_training(tmp_path)
