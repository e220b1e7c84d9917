"""From stored features to scores: what counts, what is said to be missing, and what is kept."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from skillscope.assessment.assess import MIN_WORDS, assess_student, only_skill, stored_assessment
from skillscope.assessment.evidence import explain_scores
from skillscope.assessment.ingest import add_events, add_responses, register_student
from skillscope.assessment.reasons import contributions
from skillscope.assessment.records import ResponseRecord
from skillscope.assessment.scoring import check_features, score_rows
from skillscope.assessment.wording import describe_feature
from skillscope.errors import EvidenceError, NotFoundError, SchemaError
from skillscope.events import Event, EventType
from skillscope.features import FEATURE_NAMES, FEATURES, StoredRow, aggregate, extract_linguistic
from skillscope.modeling.bundle import Bundle, write_bundle
from skillscope.modeling.novelty import BEYOND, EXTRAPOLATING, fit_novelty
from skillscope.skills import SKILLS
from skillscope.store import queries
from skillscope.store.tables import AssessmentRow, ResponseFeaturesRow, ResponseRow

NOW = datetime.now(UTC)
TEXTS = ["She looked sad, so I asked her what was wrong.", "I tried again until the bridge held, then I checked it."]


def _respond(sessions: sessionmaker[Session], *texts: str, at: datetime = NOW) -> None:
    with sessions.begin() as session:
        register_student(session, "s", 4)
        add_responses(session, "s", [ResponseRecord(text=text, at=at) for text in texts])


def _play(sessions: sessionmaker[Session]) -> None:
    kinds = [EventType.SESSION_STARTED, EventType.TASK_STARTED, EventType.TASK_COMPLETED, EventType.SESSION_ENDED]
    with sessions.begin() as session:
        register_student(session, "s", 4)
        add_events(
            session,
            [
                Event(
                    event_id=f"e{number}",
                    student_id="s",
                    session_id="game",
                    type=kind,
                    at=NOW - timedelta(minutes=10 - number),
                    task_id="t" if number in {1, 2} else None,
                )
                for number, kind in enumerate(kinds)
            ],
        )


def test_scores_are_the_model_on_the_aggregate_of_what_is_stored(
    sessions: sessionmaker[Session], bundle: Bundle
) -> None:
    _respond(sessions, *TEXTS)
    with sessions.begin() as session:
        assessment = assess_student(session, bundle, "s", at=NOW)
    rows = [StoredRow(NOW, values) for values in extract_linguistic(TEXTS)]
    expected = bundle.predict(aggregate(rows, [], at=NOW)[None, :])[0]
    assert [score.skill for score in assessment.scores] == list(SKILLS)
    widths = {round(score.interval.high - score.score, 4) for score in assessment.scores if score.interval.high < 1}
    assert widths <= {0.15}  # text alone
    assert [score.score for score in assessment.scores] == [round(float(value), 4) for value in expected]
    for score in assessment.scores:
        assert score.interval.low <= score.score <= score.interval.high
        assert score.interval.coverage == 0.8
        assert score.level == bundle.level(score.skill, score.score)
        assert (score.model_version, score.feature_schema, score.label_source) == (bundle.version, "1", "simulated")
        assert score.evidence == []


def test_an_assessment_reads_no_text(sessions: sessionmaker[Session], bundle: Bundle) -> None:
    _respond(sessions, *TEXTS)
    statements: list[str] = []
    engine = sessions.kw["bind"]
    sql_event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement))
    with sessions.begin() as session:
        assess_student(session, bundle, "s")
    assert any("response_features" in statement for statement in statements)
    assert not [statement for statement in statements if " responses" in statement or "text" in statement.lower()]


def test_what_is_missing_is_said(sessions: sessionmaker[Session], bundle: Bundle) -> None:
    _respond(sessions, *TEXTS)
    with sessions.begin() as session:
        without = assess_student(session, bundle, "s").scores[0].missing
    assert without == ["no session in the last 90 days: the 13 behavioral features are unknown"]
    _play(sessions)
    with sessions.begin() as session:
        played = assess_student(session, bundle, "s").scores[0].missing
    names = "time_efficiency, recovery_rate, problem_solving_cognitive, resilience_recovery"
    assert played == [f"unknown features: {names}"]


@pytest.mark.parametrize(
    ("texts", "words"), [((), 0), (("I helped him out",), 4), (("😀😀😀",), 0)], ids=["nothing", "four words", "emoji"]
)
def test_too_little_evidence_says_how_much_is_needed(
    sessions: sessionmaker[Session], bundle: Bundle, texts: tuple[str, ...], words: int
) -> None:
    _respond(sessions, *texts)
    _play(sessions)
    with pytest.raises(EvidenceError) as raised, sessions.begin() as session:
        assess_student(session, bundle, "s")
    assert raised.value.missing == [f"at least 5 words in responses of the last 90 days; there are {words}"]
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(AssessmentRow)) == 0


def test_five_words_over_two_responses_are_enough(sessions: sessionmaker[Session], bundle: Bundle) -> None:
    assert MIN_WORDS == 5
    _respond(sessions, "I helped", "we tried again")
    with sessions.begin() as session:
        assert len(assess_student(session, bundle, "s").scores) == 4


def test_old_responses_do_not_count(sessions: sessionmaker[Session], bundle: Bundle) -> None:
    _respond(sessions, *TEXTS, at=NOW - timedelta(days=91))
    with pytest.raises(EvidenceError, match="last 90 days; there are 0"), sessions.begin() as session:
        assess_student(session, bundle, "s", at=NOW)
    with sessions.begin() as session:
        assert len(assess_student(session, bundle, "s", at=NOW - timedelta(days=2)).scores) == 4


def test_only_the_last_twenty_responses_count(sessions: sessionmaker[Session], bundle: Bundle) -> None:
    for number in range(25):
        _respond(
            sessions, f"I waited {number} minutes and then I asked her again.", at=NOW - timedelta(hours=25 - number)
        )
    with sessions.begin() as session:
        assess_student(session, bundle, "s", at=NOW)
        kept = session.scalars(select(AssessmentRow.features)).one()
        stored = session.execute(select(ResponseFeaturesRow.at, ResponseFeaturesRow.values)).all()
    everything = aggregate([StoredRow(at, values) for at, values in stored], [], at=NOW)
    assert np.array_equal(kept, everything, equal_nan=True)


def test_rows_of_another_schema_are_left_out_and_said(sessions: sessionmaker[Session], bundle: Bundle) -> None:
    _respond(sessions, *TEXTS)
    with sessions.begin() as session:
        first = session.scalars(select(ResponseRow.key).order_by(ResponseRow.key)).first()
        old = {"feature_schema": "0", "values": (0.0,) * 16}
        session.execute(update(ResponseFeaturesRow).where(ResponseFeaturesRow.response_key == first).values(**old))
    with sessions.begin() as session:
        missing = assess_student(session, bundle, "s").scores[0].missing
    assert "1 responses or sessions measured with another feature schema than 1" in missing


def test_rows_of_another_language_pipeline_count_and_are_said(sessions: sessionmaker[Session], bundle: Bundle) -> None:
    _respond(sessions, *TEXTS)
    with sessions.begin() as session:
        session.execute(update(ResponseFeaturesRow).values(language_pipeline="en_older-0.1"))
    with sessions.begin() as session:
        missing = assess_student(session, bundle, "s").scores[0].missing
    assert "2 of 2 responses were measured with another language pipeline" in missing


def test_nobody_is_not_assessed(sessions: sessionmaker[Session], bundle: Bundle) -> None:
    with pytest.raises(NotFoundError), sessions.begin() as session:
        assess_student(session, bundle, "nobody")


def test_what_is_stored_is_what_was_said(sessions: sessionmaker[Session], bundle: Bundle) -> None:
    _respond(sessions, *TEXTS)
    with sessions.begin() as session:
        said = [assess_student(session, bundle, "s", evidence=number == 1) for number in range(3)]
    with sessions() as session:
        student = queries.require_student(session, "s")
        rows = queries.assessment_history(session, student.key, limit=10)
        last = queries.last_assessment(session, student.key)
        older = queries.assessment_history(session, student.key, limit=10, before=rows[0].key)
    assert [stored_assessment(row, "s") for row in rows] == said[::-1]
    assert last is not None
    assert last.assessment_id == said[2].assessment_id
    assert [row.assessment_id for row in older] == [said[1].assessment_id, said[0].assessment_id]


def test_one_skill_can_be_asked_for(sessions: sessionmaker[Session], bundle: Bundle) -> None:
    _respond(sessions, *TEXTS)
    with sessions.begin() as session:
        assessment = assess_student(session, bundle, "s")
    assert [score.skill for score in only_skill(assessment, "resilience").scores] == ["resilience"]
    assert only_skill(assessment, None) is assessment
    without = assessment.model_copy(update={"scores": assessment.scores[:1]})
    with pytest.raises(NotFoundError, match="does not score resilience"):
        only_skill(without, "resilience")


def _rows(count: int) -> np.ndarray:
    chance = np.random.default_rng(3)
    rows = chance.uniform(0, 1, size=(count, len(FEATURES)))
    rows[chance.uniform(size=rows.shape) < 0.2] = np.nan
    return rows


def test_contributions_add_up_to_the_prediction(bundle: Bundle) -> None:
    rows = _rows(50)
    predicted = bundle.predict(rows)
    for column, skill in enumerate(SKILLS):
        moved = contributions(bundle, rows)[skill]
        average = predicted[:, column] - moved.sum(axis=1)
        inside = (predicted[:, column] > 0) & (predicted[:, column] < 1)
        assert np.ptp(average[inside]) < 1e-5


def test_the_strongest_reason_is_the_feature_that_the_model_follows(bundle: Bundle) -> None:
    row = np.full(len(FEATURES), np.nan)
    row[FEATURE_NAMES.index("distraction_resistance")] = 1.0
    reasons = explain_scores(bundle, row)["self_regulation"]
    assert reasons[0].feature == "distraction_resistance"
    assert reasons[0].contribution > 0
    assert reasons[0].text.startswith(
        "Staying with the task: 100% of the time was spent undistracted; raises the score by 0."
    )
    assert [abs(r.contribution) for r in reasons] == sorted((abs(r.contribution) for r in reasons), reverse=True)


def test_every_feature_has_words() -> None:
    for name in FEATURE_NAMES:
        assert any(digit in describe_feature(name, 3.0) for digit in "30")
        assert describe_feature(name, math.nan) == f"{name.replace('_', ' ')} is unknown"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("recovery_rate", 1.01, "at least 0 and at most 1"),
        ("word_count", -1.0, "at least 0"),
        ("readability_score", math.inf, "any finite number"),
        ("time_efficiency", 3.5, "at most 3"),
    ],
)
def test_a_feature_out_of_range_is_named(name: str, value: float, message: str) -> None:
    rows = np.zeros((2, len(FEATURES)))
    check_features(rows)
    rows[1, FEATURE_NAMES.index(name)] = value
    with pytest.raises(SchemaError, match=message) as raised:
        check_features(rows)
    assert raised.value.field == f"rows.1.{name}"


def test_rows_are_scored_each_on_its_own(bundle: Bundle) -> None:
    rows = _rows(20)
    together = score_rows(bundle, rows)
    assert together == [score_rows(bundle, row[None, :])[0] for row in rows]


def _judging_bundle(bundle: Bundle, folder: Path) -> tuple[Bundle, np.ndarray]:
    """The small bundle with calibration by grade and novelty, and rows like those that it knows."""
    known = np.random.default_rng(1).uniform(0.2, 0.3, (400, len(FEATURE_NAMES)))
    skills = {
        skill: item.model_copy(
            update={
                "half_widths_by_band": {
                    "both": {
                        band: {"0.8": width, "0.95": 0.5}
                        for band, width in (("2-3", 0.08), ("4-5", 0.04), ("6-8", 0.02))
                    }
                },
                "usual_range": {"0.8": (0.2, 0.8), "0.95": (0.1, 0.9)},
            }
        )
        for skill, item in bundle.record.skills.items()
    }
    record = bundle.record.model_copy(update={"skills": skills, "novelty": fit_novelty(known, np.arange(400) % 5)})
    return write_bundle(record, bundle.models, "# A card\n", folder / "judging"), known


def test_intervals_go_by_grade_and_the_widest_where_it_is_not_known(bundle: Bundle, tmp_path: Path) -> None:
    judging, known = _judging_bundle(bundle, tmp_path)
    row = np.median(known, axis=0)
    scored = score_rows(judging, np.tile(row, (4, 1)), grades=[2, 5, 8, None])
    widths = [round(scores[0].interval.high - scores[0].interval.low, 3) for scores in scored]
    assert widths == [0.16, 0.08, 0.04, 0.16]
    assert [any("grade is not known" in line for line in scores[0].cautions) for scores in scored] == [False] * 3 + [
        True
    ]


def test_what_is_unlike_training_is_marked_and_widened(bundle: Bundle, tmp_path: Path) -> None:
    judging, known = _judging_bundle(bundle, tmp_path)
    rows = np.tile(np.median(known, axis=0), (3, 1))
    rows[1, 9] = 0.40
    rows[2, :16] = 30.0
    near, far, beyond = (scores[0] for scores in score_rows(judging, rows, grades=[8, 8, 8]))
    assert (near.extrapolating, far.extrapolating, beyond.extrapolating) == (False, True, True)
    assert near.novelty is not None
    assert near.novelty < 0.9
    assert far.novelty is not None
    assert EXTRAPOLATING < far.novelty <= BEYOND
    assert far.interval.low <= 0.2
    assert far.interval.high >= 0.8
    assert (beyond.interval.low, beyond.interval.high) == (0.0, 1.0)
    assert any("unlike" in line for line in far.cautions)
    assert any("says nothing" in line for line in beyond.cautions)


def test_a_bundle_without_novelty_does_not_pretend(bundle: Bundle) -> None:
    score = score_rows(bundle, _rows(1), grades=[4])[0][0]
    assert (score.novelty, score.extrapolating) == (None, False)
    assert score.cautions == [
        "the model learned from no human rating: a demonstration, not for decisions about children"
    ]


def test_the_students_grade_chooses_the_interval(
    sessions: sessionmaker[Session], bundle: Bundle, tmp_path: Path
) -> None:
    judging, _ = _judging_bundle(bundle, tmp_path)
    _respond(sessions, *TEXTS)
    _play(sessions)
    with sessions.begin() as session:
        register_student(session, "unknown", None)
        add_responses(session, "unknown", [ResponseRecord(text=text, at=NOW) for text in TEXTS])
        of_four = assess_student(session, judging, "s", at=NOW)
        of_none = assess_student(session, judging, "unknown", at=NOW)
    assert not any("grade" in line for line in of_four.scores[0].cautions)
    assert any("grade" in line for line in of_none.scores[0].cautions)
