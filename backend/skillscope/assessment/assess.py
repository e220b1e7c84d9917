"""From a student's stored features to scores. Reads numbers; of texts, what evidence quotes and families measure."""

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from skillscope import __version__
from skillscope.assessment.evidence import explain_student
from skillscope.assessment.families import family_columns
from skillscope.assessment.model import Assessment, Score
from skillscope.assessment.reasons import find_all_reasons
from skillscope.assessment.scoring import score_rows
from skillscope.errors import EvidenceError, NotFoundError
from skillscope.features import BEHAVIORAL, FEATURES, LINGUISTIC, AggregationPolicy, StoredRow, aggregate
from skillscope.features.aggregate import DEFAULT
from skillscope.modeling.bundle import Bundle
from skillscope.skills import Skill
from skillscope.store import queries, writing
from skillscope.store.tables import AssessmentRow

__all__ = [
    "MIN_WORDS",
    "Computed",
    "StudentFeatures",
    "assess_student",
    "collect_features",
    "compute_assessments",
    "only_skill",
    "stored_assessment",
]

MIN_WORDS: Final = 5
"""Words in the counted responses below which nothing is said: telemetry alone shows no empathy, nor do four words."""

_WORDS: Final = next(number for number, item in enumerate(LINGUISTIC) if item.name == "word_count")


@dataclass(frozen=True, slots=True)
class StudentFeatures:
    """A student's 29 features, shape (29,), and what was not known when they were made, in plain words."""

    values: NDArray[np.float64]
    missing: tuple[str, ...]


def _unknown_features(values: NDArray[np.float64], *, sessions: int) -> list[str]:
    names = [
        item.name
        for item, value in zip(FEATURES, values, strict=True)
        if math.isnan(value) and (sessions or item.family == "linguistic")
    ]
    return [f"unknown features: {', '.join(names)}"] if names else []


def collect_features(
    session: Session,
    student_key: int,
    *,
    at: datetime,
    feature_schema: str,
    language_pipeline: str,
    policy: AggregationPolicy = DEFAULT,
    others: int | None = None,
) -> StudentFeatures:
    """The features of a student at a time, from stored rows of this schema, through the aggregator of training.

    `others`: how many responses and sessions are measured with other schemas alone; counted where not given.

    Raises:
        EvidenceError: the responses of the policy's days hold fewer than `MIN_WORDS` words.
    """
    since = at - timedelta(days=policy.days)
    responses = queries.recent_response_features(
        session, student_key, feature_schema=feature_schema, since=since, until=at, limit=policy.responses
    )
    sessions = queries.recent_session_features(
        session, student_key, feature_schema=feature_schema, since=since, until=at, limit=policy.sessions
    )
    words = int(sum(row.values[_WORDS] for row in responses))
    days = f"{policy.days:g} days"
    missing: list[str] = []
    if not sessions:
        missing.append(f"no session in the last {days}: the {len(BEHAVIORAL)} behavioral features are unknown")
    if others is None:
        others = queries.count_other_schemas(session, student_key, feature_schema=feature_schema, since=since)
    if others:
        missing.append(f"{others} responses or sessions measured with another feature schema than {feature_schema}")
    if words < MIN_WORDS:
        needed = f"at least {MIN_WORDS} words in responses of the last {days}; there are {words}"
        raise EvidenceError(f"too little evidence to assess: {needed}", missing=[needed, *missing])
    foreign = sum(row.language_pipeline != language_pipeline for row in responses)
    if foreign:
        missing.append(f"{foreign} of {len(responses)} responses were measured with another language pipeline")
    values = aggregate(
        [StoredRow(row.at, row.values) for row in responses],
        [StoredRow(row.started_at, row.values) for row in sessions],
        at=at,
        policy=policy,
    )
    return StudentFeatures(values, tuple(missing + _unknown_features(values, sessions=len(sessions))))


@dataclass(frozen=True, slots=True)
class Computed:
    """An assessment, and the row to store: its values by column of `AssessmentRow`."""

    assessment: Assessment
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Collected:
    student_id: str
    key: int
    grade: int | None
    own: StudentFeatures
    features: NDArray[np.float64]


def _collect(session: Session, bundle: Bundle, student_id: str, at: datetime) -> _Collected:
    """What a student is scored on: the 29 features, then the columns of the bundle's families."""
    student = queries.student_to_assess(
        session, student_id, feature_schema=bundle.feature_schema, since=at - timedelta(days=DEFAULT.days)
    )
    own = collect_features(
        session,
        student.key,
        at=at,
        feature_schema=bundle.feature_schema,
        language_pipeline=bundle.language_pipeline,
        others=student.others,
    )
    features = np.concatenate([own.values, family_columns(session, bundle, student.key, at=at)])
    return _Collected(student_id, student.key, student.grade, own, features)


def compute_assessments(
    session: Session, bundle: Bundle, student_ids: Sequence[str], *, at: datetime | None = None, evidence: bool = False
) -> list[Computed | NotFoundError | EvidenceError]:
    """Score students from what is stored, as of `at` (default: now), all in one call of the models; one outcome each.

    An outcome is an error where there is no such student, or where too little is known: it says what is missing and
    how much is needed.
    """
    moment = (at or datetime.now(UTC)).astimezone(UTC)
    outcomes: list[_Collected | NotFoundError | EvidenceError] = []
    for student_id in student_ids:
        try:
            outcomes.append(_collect(session, bundle, student_id, moment))
        except (NotFoundError, EvidenceError) as error:
            outcomes.append(error)
    known = [item for item in outcomes if isinstance(item, _Collected)]
    if not known:
        return [item for item in outcomes if not isinstance(item, _Collected)]
    table = score_rows(
        bundle,
        np.stack([item.features for item in known]),
        grades=[item.grade for item in known],
        missing=[item.own.missing for item in known],
    )
    if evidence:
        reasons = find_all_reasons(bundle, np.stack([item.features for item in known]))
        for student, scores, why in zip(known, table, reasons, strict=True):
            told = explain_student(session, bundle, student.key, student.features, at=moment, reasons=why)
            scores[:] = [score.model_copy(update={"evidence": told[score.skill]}) for score in scores]
    made = iter([_computed(bundle, student, scores, at=moment) for student, scores in zip(known, table, strict=True)])
    return [next(made) if isinstance(item, _Collected) else item for item in outcomes]


def _computed(bundle: Bundle, student: _Collected, scores: list[Score], *, at: datetime) -> Computed:
    assessment = Assessment(assessment_id=str(uuid.uuid4()), student_id=student.student_id, at=at, scores=scores)
    row = {
        "student_key": student.key,
        "assessment_id": assessment.assessment_id,
        "at": at,
        "scores": [score.model_dump(mode="json") for score in scores],
        "features": tuple(student.own.values.tolist()),
        "model_version": bundle.version,
        "feature_schema": bundle.feature_schema,
        "label_source": bundle.label_source,
        "code_version": __version__,
        "language_pipeline": bundle.language_pipeline,
    }
    return Computed(assessment, row)


def assess_student(
    session: Session, bundle: Bundle, student_id: str, *, at: datetime | None = None, evidence: bool = False
) -> Assessment:
    """Score a student and store the assessment, both in the caller's one transaction.

    Raises:
        NotFoundError: there is no such student.
        EvidenceError: too little is known; it says what is missing and how much is needed.
    """
    writing(session)
    (outcome,) = compute_assessments(session, bundle, [student_id], at=at, evidence=evidence)
    if not isinstance(outcome, Computed):
        raise outcome
    queries.add_assessments(session, [outcome.row])
    return outcome.assessment


def stored_assessment(row: AssessmentRow, student_id: str) -> Assessment:
    """The assessment that a row holds, as it was given."""
    scores = [Score.model_validate(score) for score in row.scores]
    return Assessment(assessment_id=row.assessment_id, student_id=student_id, at=row.at, scores=scores)


def only_skill(assessment: Assessment, skill: Skill | None) -> Assessment:
    """The assessment with one skill's score alone; all of them where none is asked for.

    Raises:
        NotFoundError: the model that made it does not score this skill.
    """
    if skill is None:
        return assessment
    scores = [score for score in assessment.scores if score.skill == skill]
    if not scores:
        raise NotFoundError(f"the model behind this assessment does not score {skill}")
    return assessment.model_copy(update={"scores": scores})
