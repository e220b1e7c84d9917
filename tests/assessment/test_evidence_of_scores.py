"""Reasons, quotes and events: grouped as a teacher would, in the direction that they really have."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, func, select
from sqlalchemy import event as sql_event
from sqlalchemy.orm import Session, sessionmaker

from skillscope.assessment.assess import assess_student
from skillscope.assessment.episodes import by_session, find_episodes
from skillscope.assessment.evidence import explain_scores
from skillscope.assessment.ingest import add_events, add_responses, register_student
from skillscope.assessment.model import Evidence
from skillscope.assessment.quotes import LEAST_EFFECT, MOST_QUOTES, Said, find_quotes, without_segments
from skillscope.assessment.reasons import (
    GROUPS,
    STRONGEST,
    contributions,
    find_all_reasons,
    find_reasons,
    group_weights,
)
from skillscope.assessment.records import ResponseRecord
from skillscope.assessment.removal import check_quotes
from skillscope.datasets.pipeline import generate_training_data
from skillscope.events import Event, EventType
from skillscope.features import FEATURE_NAMES, FEATURES, StoredRow, aggregate, extract_linguistic
from skillscope.features.annotate import annotate
from skillscope.features.segments import segments_of
from skillscope.modeling.boosting import BoostingParams
from skillscope.modeling.bundle import Bundle
from skillscope.modeling.training import train_models
from skillscope.settings import Settings
from skillscope.skills import SKILLS
from skillscope.store.evidence_tables import ResponseSegmentsRow

NOW = datetime.now(UTC)
TEXTS = [
    "I noticed she looked sad and lonely. I asked her how she felt, and I listened. The bus was yellow.",
    "First I made a plan and checked each step. It was raining outside that day.",
]


@pytest.fixture(scope="session")
def simulated_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Models that learned from 336 simulated students."""
    home = tmp_path_factory.mktemp("simulated")
    generate_training_data(336, home / "training.csv", seed=11, workers=1)
    settings = Settings(data_dir=home, models_dir=home, database_url=None, mlflow_tracking_uri=None, workers=1)
    quick = BoostingParams(learning_rate=0.15, max_trees=80, patience=10)
    return train_models(home / "training.csv", home, params=quick, register=False, settings=settings).bundle


def _said(texts: list[str]) -> list[Said]:
    rows = extract_linguistic(texts)
    return [
        Said(f"r{number}", number, rows[number].tolist(), segments_of(parsed))
        for number, parsed in enumerate(annotate(texts))
    ]


def _happened(*steps: tuple[float, EventType, str | None], session: str = "game") -> list[Event]:
    return [
        Event(
            event_id=f"{session}-{number}",
            student_id="s",
            session_id=session,
            type=kind,
            at=NOW - timedelta(hours=1) + timedelta(seconds=second),
            task_id=task,
        )
        for number, (second, kind, task) in enumerate(steps)
    ]


PLAYED = _happened(
    (0, EventType.SESSION_STARTED, None),
    (1, EventType.TASK_STARTED, "bridge"),
    (20, EventType.TASK_FAILED, "bridge"),
    (21, EventType.TASK_RETRIED, "bridge"),
    (40, EventType.DISTRACTION_STARTED, None),
    (70, EventType.DISTRACTION_ENDED, None),
    (90, EventType.TASK_COMPLETED, "bridge"),
    (91, EventType.HELP_GIVEN, None),
    (92, EventType.HELP_GIVEN, None),
    (100, EventType.TASK_STARTED, "tower"),
    (130, EventType.TASK_FAILED, "tower"),
    (200, EventType.SESSION_ENDED, None),
)


def _told(group: str, *, raised: bool) -> list[str]:
    return [episode.text for episode in find_episodes(group, raised=raised, sessions=by_session(PLAYED))]


def _store(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        register_student(session, "s", 4)
        add_responses(
            session, "s", [ResponseRecord(text=text, response_id=f"r{n}", at=NOW) for n, text in enumerate(TEXTS)]
        )
        add_events(session, PLAYED)


# Reasons


def test_every_feature_belongs_to_one_group_or_to_two_that_share_it() -> None:
    for name in FEATURE_NAMES:
        whole = sum(name in group.features for group in GROUPS)
        half = sum(name in group.shared for group in GROUPS)
        assert (whole, half) in {(1, 0), (0, 2)}, name


def test_reasons_are_the_sums_of_their_groups_strongest_first(bundle: Bundle) -> None:
    row = np.random.default_rng(3).uniform(0, 1, len(FEATURES))
    for skill, reasons in find_reasons(bundle, row).items():
        shares = dict(zip(FEATURE_NAMES, contributions(bundle, row[None, :])[skill][0], strict=True))
        sums = {
            group.key: sum(shares[name] for name in group.features) + 0.5 * sum(shares[name] for name in group.shared)
            for group in GROUPS
        }
        expected = sorted((total for total in sums.values() if total), key=lambda total: -abs(total))[:STRONGEST]
        assert [reason.contribution for reason in reasons] == pytest.approx(expected)
        for reason in reasons:
            assert reason.feature in reason.group.features + reason.group.shared


def test_reasons_of_many_are_those_of_each_alone(bundle: Bundle) -> None:
    rows = np.random.default_rng(3).uniform(0.0, 1.0, (5, len(FEATURE_NAMES)))
    rows[2, 3] = np.nan
    together = find_all_reasons(bundle, rows)
    assert [str(found) for found in together] == [str(find_reasons(bundle, row)) for row in rows]  # NaN is NaN


def test_shares_are_neither_lost_nor_doubled_and_family_columns_have_a_group_of_their_own() -> None:
    weights = group_weights((*FEATURE_NAMES, "prompt_text_score", "overlap_lemmas"))
    assert weights.sum(axis=1) == pytest.approx(np.ones(len(FEATURE_NAMES) + 2))
    assert weights.shape[1] == len(GROUPS) + 1
    assert weights[-2:, -1].tolist() == [1.0, 1.0]
    assert not weights[:-2, -1].any()


def test_a_reason_says_what_it_is_and_which_way_it_goes(bundle: Bundle) -> None:
    row = np.full(len(FEATURES), np.nan)
    row[FEATURE_NAMES.index("recovery_rate")] = 0.0
    reason = explain_scores(bundle, row)["resilience"][0]
    assert (reason.kind, reason.group, reason.feature) == ("reason", "coming_back", "recovery_rate")
    assert reason.direction == "lowers"
    assert reason.text.startswith("Coming back after failing: 0% of the failed tasks were completed later; lowers the")


def test_the_direction_follows_from_the_contribution() -> None:
    assert Evidence(contribution=-0.1, text="x").direction == "lowers"
    assert Evidence.model_validate({"contribution": 0.1, "text": "x"}).direction == "raises"


# Quotes


def test_a_student_without_a_part_is_pooled_as_the_aggregator_pools() -> None:
    said = _said(TEXTS)
    session = np.linspace(0.5, 1.0, 9)
    rows = [StoredRow(NOW, row.values) for row in said]
    own = aggregate(rows, [StoredRow(NOW, session)], at=NOW)
    parts, without = without_segments(said, own)
    assert len(parts) == sum(len(row.segments) for row in said)
    for (response, segment), features in zip(parts, without, strict=True):
        others = [row for row, one in zip(rows, said, strict=True) if one is not response]
        expected = aggregate([*others, StoredRow(NOW, segment.without)], [StoredRow(NOW, session)], at=NOW)
        assert features == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_nothing_is_quoted_without_which_too_little_would_be_left() -> None:
    said = _said(["I felt sorry for her."])
    features = aggregate([StoredRow(NOW, said[0].values)], [], at=NOW)
    assert without_segments(said, features)[0] == []


def test_a_quote_is_what_the_score_would_lose(bundle: Bundle) -> None:
    said = _said(TEXTS)
    features = aggregate([StoredRow(NOW, row.values) for row in said], [], at=NOW)
    quotes = find_quotes(bundle, said, features)
    assert quotes["empathy"], "this model follows the share of empathy words"
    strongest = quotes["empathy"][0]
    text = TEXTS[strongest.said.key]
    cut = text[: strongest.segment.start] + " " + text[strongest.segment.end :]
    rest = [StoredRow(NOW, extract_linguistic([cut])[0])]
    rest += [StoredRow(NOW, row.values) for row in said if row is not strongest.said]
    without = bundle.predict(aggregate(rest, [], at=NOW)[None, :])[0, SKILLS.index("empathy")]
    score = bundle.predict(features[None, :])[0, SKILLS.index("empathy")]
    assert strongest.effect == pytest.approx(score - without, abs=1e-6)
    for found in quotes.values():
        assert len(found) <= MOST_QUOTES
        assert [abs(q.effect) for q in found] == sorted((abs(q.effect) for q in found), reverse=True)
        assert all(abs(q.effect) >= LEAST_EFFECT and (q.segment.marks or q.effect < 0) for q in found)


def test_removing_a_quoted_span_moves_the_score_as_stated(simulated_bundle: Bundle) -> None:
    for play in (True, False):
        found = check_quotes(simulated_bundle, students=60, seed=3, play=play)
        assert sum(found.quotes.values()) > 200
        assert found.rate >= 0.97
        assert found.quoted_scores > 0.6


def test_the_check_of_quotes_gives_the_same_figures_again(bundle: Bundle) -> None:
    assert check_quotes(bundle, students=5, seed=1) == check_quotes(bundle, students=5, seed=1)


# Events


def test_what_stands_behind_coming_back() -> None:
    assert _told("coming_back", raised=True) == ["failed at bridge once and then completed it"]
    assert _told("coming_back", raised=False) == ["failed at tower once and left it"]


def test_what_stands_behind_attention() -> None:
    assert _told("attention", raised=True) == [
        "worked on for 2.2 minutes without a distraction",
        "worked on for 40 seconds without a distraction",
    ]
    assert _told("attention", raised=False) == ["was distracted for 30 seconds"]


def test_what_stands_behind_working_together_and_finishing() -> None:
    assert _told("working_together", raised=True) == ["gave help twice in one session"]
    assert _told("working_together", raised=False) == []
    assert _told("finishing", raised=True) == []  # the one completed task failed at first
    assert _told("finishing", raised=False) == ["began tower and did not complete it"]
    assert _told("tone", raised=True) == []


def test_events_of_two_sessions_are_not_mixed() -> None:
    other = _happened((10, EventType.TASK_COMPLETED, "tower"), session="later")
    found = find_episodes("coming_back", raised=True, sessions=by_session([*other, *PLAYED]))
    assert [episode.text for episode in found] == ["failed at bridge once and then completed it"]


# From the store


def test_evidence_from_the_store(sessions: sessionmaker[Session], bundle: Bundle) -> None:
    _store(sessions)
    with sessions.begin() as session:
        scores = assess_student(session, bundle, "s", evidence=True).scores
    for score in scores:
        kinds = [item.kind for item in score.evidence]
        assert kinds == sorted(kinds, key=["reason", "quote", "event"].index)
        for item in score.evidence:
            assert item.direction == ("raises" if item.contribution > 0 else "lowers")
            if item.kind == "quote":
                assert item.response_id is not None
                text = TEXTS[int(item.response_id[1])]
                assert text[item.start : item.end] == item.quote
    empathy = scores[SKILLS.index("empathy")].evidence
    assert any(item.kind == "quote" and item.marks for item in empathy)
    resilience = scores[SKILLS.index("resilience")].evidence
    told = [item for item in resilience if item.kind == "event"]
    assert told
    assert {event_id for item in told for event_id in item.event_ids} <= {event.event_id for event in PLAYED}


def test_only_quoted_texts_are_read(sessions: sessionmaker[Session], bundle: Bundle) -> None:
    _store(sessions)
    statements: list[str] = []
    sql_event.listen(
        sessions.kw["bind"], "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement)
    )
    with sessions.begin() as session:
        assess_student(session, bundle, "s", evidence=True)
    assert len([statement for statement in statements if "responses.text" in statement]) == 1


def test_responses_from_before_parts_were_kept_are_measured_when_asked_for(
    sessions: sessionmaker[Session], bundle: Bundle
) -> None:
    _store(sessions)
    with sessions.begin() as session:
        kept = assess_student(session, bundle, "s", at=NOW, evidence=True)
        session.execute(delete(ResponseSegmentsRow))
        again = assess_student(session, bundle, "s", at=NOW, evidence=True)
        assert session.scalar(select(func.count()).select_from(ResponseSegmentsRow)) == 0
    assert [score.evidence for score in again.scores] == [score.evidence for score in kept.scores]


def test_the_command_prints_the_rate(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from skillscope.cli.simulation import command_quotes

    monkeypatch.setattr("skillscope.modeling.registry.load_champion", lambda: bundle)
    command_quotes(students=5, seed=1, responses=2, play=False)
    assert "removal moved the score in the stated direction: " in capsys.readouterr().out
