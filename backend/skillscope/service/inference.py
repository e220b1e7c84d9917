"""Routes that score: a student from what is stored, or raw rows of features."""

from functools import lru_cache
from typing import Annotated, Final

import numpy as np
from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from skillscope.assessment.assess import Computed, compute_assessments, only_skill, stored_assessment
from skillscope.assessment.model import Assessment, Score
from skillscope.assessment.scoring import check_features, score_rows
from skillscope.errors import AccessError, InputError, NotFoundError
from skillscope.features import FEATURE_NAMES
from skillscope.modeling.bundle import Bundle
from skillscope.service.access import (
    SecuredRoute,
    StudentOfPath,
    allow,
    caller_of,
    no_body,
    runtime_of,
    seen_by,
)
from skillscope.service.assessing import store_assessments
from skillscope.service.problems import problem_body
from skillscope.service.replies import Cursor, problem_docs, read_cursor, reply, write_cursor
from skillscope.service.schemas import Batch, FeatureRows, FeatureScores, History, Outcome, Outcomes, RowScores
from skillscope.service.scope import own_student, reached
from skillscope.service.scorer import Rows
from skillscope.service.tokens import Role
from skillscope.skills import Skill
from skillscope.store import queries

__all__ = ["router"]

router = APIRouter(route_class=SecuredRoute, tags=["inference"])

FEW_ROWS: Final = 8
"""Rows of a request that are scored without a thread of their own."""

_OneSkill = Annotated[Skill | None, Query(description="this skill alone; all four where left out")]


@router.post(
    "/inference/student/{student_id}",
    response_model=Assessment,
    responses=problem_docs("not-found", "invalid", "too-little-evidence", "model-unavailable"),
    dependencies=[Depends(own_student), Depends(no_body)],
)
async def assess(
    request: Request,
    student_id: StudentOfPath,
    evidence: Annotated[bool, Query(description="also say what moved each score")] = False,
    skill: _OneSkill = None,
) -> Response:
    """Assess a student now, from what is stored, and store the assessment (all skills, whichever is asked for)."""
    runtime = runtime_of(request)
    assessor = runtime.explainer if evidence else runtime.assessor
    return reply(only_skill(await assessor.assess(student_id, seen_by(request)), skill))


@router.get(
    "/inference/student/{student_id}",
    response_model=Assessment,
    responses=problem_docs("not-found", "invalid"),
    dependencies=[Depends(own_student)],
)
def last(request: Request, student_id: StudentOfPath, skill: _OneSkill = None) -> Response:
    """The last assessment, as it was given."""
    with runtime_of(request).sessions() as session:
        student = queries.require_student(session, student_id)
        row = queries.last_assessment(session, student.key)
    if row is None:
        raise NotFoundError("this student has not been assessed; POST to this address assesses")
    return reply(only_skill(stored_assessment(row, student_id), skill))


@router.get(
    "/inference/student/{student_id}/history",
    response_model=History,
    responses=problem_docs("not-found", "invalid"),
    dependencies=[Depends(own_student)],
)
def history(
    request: Request,
    student_id: StudentOfPath,
    skill: _OneSkill = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Cursor = None,
) -> Response:
    """All assessments, newest first, a page at a time; new ones do not shift the pages."""
    before = read_cursor(cursor)
    with runtime_of(request).sessions() as session:
        student = queries.require_student(session, student_id)
        rows = queries.assessment_history(session, student.key, limit=limit + 1, before=before)
    shown = [only_skill(stored_assessment(row, student_id), skill) for row in rows[:limit]]
    more = write_cursor(rows[limit - 1].key) if len(rows) > limit else None
    return reply(History(assessments=shown, next=more))


def _outcome(request: Request, student_id: str, found: Computed | Exception, skill: Skill | None) -> Outcome:
    if isinstance(found, Computed):
        return Outcome(student_id=student_id, status=200, assessment=only_skill(found.assessment, skill))
    problem = problem_body(found, request.state.request_id)
    return Outcome(student_id=student_id, status=problem.status, problem=problem)


@router.post(
    "/inference/batch",
    response_model=Outcomes,
    responses=problem_docs("invalid", "too-large", "unsupported-media-type", "model-unavailable"),
    dependencies=[allow(Role.TEACHER, Role.SERVICE, Role.ADMIN)],
)
def assess_batch(
    request: Request,
    body: Batch,
    evidence: Annotated[bool, Query(description="also say what moved each score")] = False,
    skill: _OneSkill = None,
) -> Response:
    """Assess many students. A student who is unknown, or of whom too little is, spoils no other."""
    runtime = runtime_of(request)
    refused = AccessError("a teacher's token reaches the students of own classes alone", authenticated=True)
    found: dict[str, Computed | Exception] = dict.fromkeys(body.student_ids, refused)
    with runtime.sessions() as session:
        own = reached(session, caller_of(request), body.student_ids)
        asked = [student_id for student_id in found if student_id in own]
        if asked:
            found |= zip(asked, compute_assessments(session, runtime.bundle, asked, evidence=evidence), strict=True)
    outcomes = [_outcome(request, student_id, found[student_id], skill) for student_id in body.student_ids]
    made = [computed for computed in found.values() if isinstance(computed, Computed)]
    if made:
        seen = seen_by(request)
        with runtime.sessions.begin() as session:
            store_assessments(session, [(computed, seen) for computed in made])
    return reply(Outcomes(results=outcomes))


@lru_cache(maxsize=8)
def _places(columns: tuple[str, ...]) -> dict[str, int]:
    return {name: number for number, name in enumerate(columns)}


def _table(rows: list[dict[str, float | None]], columns: tuple[str, ...]) -> Rows:
    """The rows by column; those of the model's feature families may be given too, and are unknown otherwise."""
    table = np.full((len(rows), len(columns)), np.nan)
    places = _places(columns)
    for number, row in enumerate(rows):
        for name, value in row.items():
            column = places.get(name)
            if column is None:
                raise InputError(
                    "is none of the 29 features; the schema in /docs lists them", field=f"rows.{number}.{name[:64]}"
                )
            if value is not None:
                table[number, column] = value
    unknown = np.isnan(table).all(axis=1)
    if unknown.any():
        raise InputError("a row needs one known feature at least", field=f"rows.{int(unknown.argmax())}")
    return table


@router.post(
    "/inference/features",
    response_model=FeatureScores,
    responses=problem_docs("invalid", "too-large", "unsupported-media-type", "model-unavailable"),
    dependencies=[allow(Role.TEACHER, Role.SERVICE, Role.ADMIN)],
)
async def score_features(request: Request, body: FeatureRows) -> Response:
    """Score raw rows of features. Nothing is stored."""
    runtime = runtime_of(request)
    if len(body.rows) > FEW_ROWS or not runtime.is_loaded:
        return await run_in_threadpool(lambda: _scored(runtime.bundle, body))
    bundle = runtime.bundle
    table, missing = _checked(bundle, body)
    return _told(await runtime.scorer.score(bundle, table, body.grades or [None] * len(table), missing))


def _checked(bundle: Bundle, body: FeatureRows) -> tuple[Rows, list[list[str]]]:
    """The rows by column, and what is missing in each."""
    if body.grades is not None and len(body.grades) != len(body.rows):
        raise InputError(f"{len(body.rows)} rows need as many grades, or none at all", field="grades")
    table = _table(body.rows, bundle.columns)
    check_features(table)
    unknown = np.isnan(table[:, : len(FEATURE_NAMES)])
    if not unknown.any():
        return table, [[]] * len(table)
    return table, [
        [f"unknown features: {', '.join(name for name, absent in zip(FEATURE_NAMES, row, strict=True) if absent)}"]
        if row.any()
        else []
        for row in unknown
    ]


def _scored(bundle: Bundle, body: FeatureRows) -> Response:
    table, missing = _checked(bundle, body)
    return _told(score_rows(bundle, table, grades=body.grades, missing=missing))


def _told(scores: list[list[Score]]) -> Response:
    return reply(FeatureScores.model_construct(results=[RowScores.model_construct(scores=row) for row in scores]))
