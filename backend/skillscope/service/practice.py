"""Routes of practice: sittings, help, ratings, study plans, lessons, and what students write to each other."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.orm import Session

from skillscope.errors import AccessError, InputError
from skillscope.service.access import SecuredRoute, StudentOfPath, caller_of, no_body, runtime_of
from skillscope.service.practice_schemas import (
    CommunityAnswer,
    CommunityAsked,
    CommunityPost,
    CommunityQuestion,
    CommunityQuestions,
    CommunityReply,
    CommunityThread,
    Help,
    HelpQuery,
    Lesson,
    Lessons,
    Note,
    NoteAnswer,
    Plan,
    PlanActionBody,
    PlanAnswer,
    PostedAnswer,
    Practice,
    PracticeBody,
    QuestionFeedback,
    Rated,
    RatingBody,
    ShownQuestion,
    Submission,
    SubmitBody,
)
from skillscope.service.replies import Cursor, problem_docs, read_cursor, reply, write_cursor
from skillscope.service.scope import narrowed_to, own_student, require_student
from skillscope.service.tokens import Role
from skillscope.store import queries, writing
from skillscope.store.practice_tables import HelpRequestRow, QuestionRow, UserNoteRow
from skillscope.tutoring import studying
from skillscope.tutoring.answerer import Answerer
from skillscope.tutoring.asking import ask_for_help, rate_feedback
from skillscope.tutoring.community import (
    AnsweredQuestion,
    answer_community,
    ask_community,
    community_answers,
    community_question,
    community_questions,
    text_for_others,
)
from skillscope.tutoring.drafting import with_answers
from skillscope.tutoring.grading import PracticeAnswer, Submitted, submit_practice
from skillscope.tutoring.practice import start_practice

__all__ = ["router"]

router = APIRouter(route_class=SecuredRoute, tags=["practice"])

_Docs = problem_docs("not-found", "conflict", "invalid", "too-large", "unsupported-media-type")
_PracticeId = Annotated[str, Path(max_length=36, pattern=r"^[0-9a-f\-]+$")]
_QuestionId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9._:@\-]+$")]
_Key = Annotated[int, Path(ge=1, le=2**53)]
_Limit = Annotated[int, Query(ge=1, le=200)]


def _only(request: Request) -> str | None:
    """The student that a student's token narrows everything to; None for staff."""
    caller = caller_of(request)
    return caller.student_id if caller.role is Role.STUDENT else None


def _author(request: Request, session: Session, given: str | None) -> str:
    """Whose row this becomes: a student's own, or the one whom staff names, in reach of who asks."""
    only = _only(request)
    if only is not None:
        if given not in (None, only):
            raise AccessError("a student's token reaches that student alone", authenticated=True)
        return only
    if given is None:
        raise InputError("is needed: staff writes for a student", field="student_id")
    require_student(writing(session), caller_of(request), given)
    return given


@router.post("/practice/start", status_code=201, response_model=Practice, responses=_Docs)
def start(request: Request, body: PracticeBody) -> Response:
    """Begin a sitting: questions of the skills named, or of the weakest, near the student's level."""
    with runtime_of(request).sessions.begin() as session:
        student_id = _author(request, session, body.student_id)
        test, rows = start_practice(session, student_id, skills=body.skills, count=body.count)
        questions = [_shown(row) for row in rows]
        return reply(Practice(practice_id=test.test_id, questions=questions), 201)


def _shown(row: QuestionRow) -> ShownQuestion:
    content: dict[str, Any] = row.content
    return ShownQuestion(
        question_id=row.question_id,
        section=row.test,
        domain=row.domain,
        skill=row.skill,
        difficulty=row.difficulty,
        text=content["text"],
        options=content["options"],
    )


@router.post("/practice/submit", response_model=Submission, responses=_Docs)
def submit(request: Request, body: SubmitBody) -> Response:
    """Hand a sitting in: it is graded, proficiency moves, and each answer gets feedback."""
    runtime = runtime_of(request)
    answers = [PracticeAnswer(row.question_id, row.answer, row.time_spent) for row in body.responses]

    def work(session: Session, answerers: Sequence[Answerer]) -> Submitted:
        only = narrowed_to(writing(session), caller_of(request), practice_id=body.practice_id)
        return submit_practice(session, body.practice_id, answers, answerers, only=only)

    done = with_answers(runtime.sessions, runtime.answerers, work)
    feedback = [
        QuestionFeedback(
            question_id=row.question_id,
            is_correct=row.is_correct,
            correct_answer=row.correct_answer,
            feedback=row.feedback,
            answered_by=row.answered_by,
        )
        for row in done.graded
    ]
    return reply(
        Submission(
            practice_id=done.practice_id,
            feedback=feedback,
            summary=done.feedback,
            answered_by=done.answered_by,
            proficiencies=done.proficiencies,
        )
    )


@router.post("/practice/help/{practice_id}/{question_id}", response_model=Help, responses=_Docs)
def ask(request: Request, practice_id: _PracticeId, question_id: _QuestionId, body: HelpQuery) -> Response:
    """Explain a question of a sitting. What was asked is stored; it leaves this service only where that is allowed."""
    runtime = runtime_of(request)

    def work(session: Session, answerers: Sequence[Answerer]) -> HelpRequestRow:
        only = narrowed_to(writing(session), caller_of(request), practice_id=practice_id)
        return ask_for_help(session, practice_id, question_id, body.user_query, answerers, only=only)

    row = with_answers(runtime.sessions, runtime.answerers, work)
    return reply(Help(question_id=question_id, ai_response=row.ai_response, answered_by=row.answered_by))


@router.post("/practice/rate-feedback", response_model=Rated, responses=_Docs)
def rate(request: Request, body: RatingBody) -> Response:
    """Keep 1 to 5 stars for the feedback on a sitting, or on one answer of it; the last rating counts."""
    with runtime_of(request).sessions.begin() as session:
        only = narrowed_to(writing(session), caller_of(request), practice_id=body.practice_id)
        rate_feedback(session, body.practice_id, body.rating, question_id=body.question_id, only=only)
    return reply(Rated(practice_id=body.practice_id, question_id=body.question_id, rating=body.rating))


@router.get(
    "/study_plan/{student_id}",
    response_model=Plan,
    responses=problem_docs("not-found", "invalid"),
    dependencies=[Depends(own_student)],
)
def plan(request: Request, student_id: StudentOfPath) -> Response:
    """The newest study plan of a student."""
    with runtime_of(request).sessions() as session:
        row = studying.find_plan(session, student_id)
    return reply(Plan(plan_id=row.plan_id, student_id=student_id, plan=row.plan, updated_at=row.updated_at))


@router.post(
    "/study_plan/{student_id}",
    status_code=201,
    response_model=Plan,
    responses=problem_docs("not-found", "invalid"),
    dependencies=[Depends(own_student), Depends(no_body)],
)
def make(request: Request, student_id: StudentOfPath) -> Response:
    """Make a new plan from what is known of the student; the earlier ones stay stored."""
    with runtime_of(request).sessions.begin() as session:
        row = studying.make_plan(session, student_id)
    return reply(Plan(plan_id=row.plan_id, student_id=student_id, plan=row.plan, updated_at=row.updated_at), 201)


@router.post("/study_plan/action/{plan_id}", response_model=PlanAnswer, responses=_Docs)
def act(request: Request, plan_id: _Key, body: PlanActionBody) -> Response:
    """Mark a task as done or skipped. The plan adapts to the performance so far, and says why."""
    runtime = runtime_of(request)

    def work(session: Session, answerers: Sequence[Answerer]) -> studying.PlanStep:
        only = narrowed_to(writing(session), caller_of(request), plan_id=plan_id)
        return studying.act_on_plan(
            session, plan_id, body.task_index, body.action, answerers, phase=body.phase, only=only
        )

    step = with_answers(runtime.sessions, runtime.answerers, work)
    return reply(
        PlanAnswer(
            plan_id=plan_id,
            task=step.task,
            plan=step.plan,
            changed=step.changed,
            reason=step.reason,
            advice=step.advice,
            answered_by=step.answered_by,
        )
    )


@router.post("/community/note", status_code=201, response_model=NoteAnswer, responses=_Docs)
def note(request: Request, body: Note) -> Response:
    """Keep a note. One on a question is answered with its explanation, one that names a skill with its lesson."""
    runtime = runtime_of(request)

    def work(session: Session, answerers: Sequence[Answerer]) -> UserNoteRow:
        author = _author(request, session, body.student_id)
        return studying.add_note(session, author, body.note_text, answerers, question_id=body.question_id)

    row = with_answers(runtime.sessions, runtime.answerers, work)
    return reply(NoteAnswer(note_id=row.key, ai_response=row.ai_response, answered_by=row.answered_by), 201)


@router.post("/community/question", status_code=201, response_model=CommunityAsked, responses=_Docs)
def ask_others(request: Request, body: CommunityPost) -> Response:
    """Ask the others."""
    with runtime_of(request).sessions.begin() as session:
        author = _author(request, session, body.student_id)
        row = ask_community(session, author, body.text, question_id=body.question_id)
    return reply(CommunityAsked(community_question_id=row.key), 201)


@router.post("/community/question/{key}/answers", status_code=201, response_model=CommunityReply, responses=_Docs)
def answer_others(request: Request, key: _Key, body: CommunityAnswer) -> Response:
    """Answer a question of the community: a student as itself, staff as staff."""
    with runtime_of(request).sessions.begin() as session:
        row = answer_community(session, key, _only(request), body.text)
    return reply(CommunityReply(community_answer_id=row.key, community_question_id=key), 201)


def _own_key(request: Request, session: Session) -> int | None:
    """The key of the student who asks; None for staff."""
    only = _only(request)
    return None if only is None else queries.require_student_key(session, only)


def _posted(found: AnsweredQuestion, own: int | None) -> CommunityQuestion:
    mine = own is not None and found.row.student_key == own
    return CommunityQuestion(
        community_question_id=found.row.key,
        text=found.row.text if mine else text_for_others(found.row.text),
        question_id=found.row.question_id,
        at=found.row.at,
        answers=found.answers,
        mine=mine,
    )


@router.get("/community/questions", response_model=CommunityQuestions, responses=problem_docs("not-found", "invalid"))
def read_questions(
    request: Request,
    question_id: Annotated[
        str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9._:@\-]+$", description="those about one question")
    ] = None,
    limit: _Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """What was asked, newest first, a page at a time; new questions do not shift the pages."""
    before = read_cursor(cursor)
    with runtime_of(request).sessions() as session:
        own = _own_key(request, session)
        found = community_questions(session, question_id=question_id, limit=limit + 1, before=before)
    shown = [_posted(row, own) for row in found[:limit]]
    more = write_cursor(found[limit - 1].row.key) if len(found) > limit else None
    return reply(CommunityQuestions(questions=shown, next=more))


@router.get("/community/question/{key}", response_model=CommunityThread, responses=problem_docs("not-found", "invalid"))
def read_thread(request: Request, key: _Key, limit: _Limit = 50, cursor: Cursor = None) -> Response:
    """A question with its answers, oldest first, a page at a time."""
    after = read_cursor(cursor)
    with runtime_of(request).sessions() as session:
        own = _own_key(request, session)
        asked = community_question(session, key)
        rows = community_answers(session, key, limit=limit + 1, after=after)
    answers = [
        PostedAnswer(
            community_answer_id=row.key,
            text=row.text if own is not None and row.student_key == own else text_for_others(row.text),
            at=row.at,
            by="staff" if row.student_key is None else "student",
            mine=own is not None and row.student_key == own,
        )
        for row in rows[:limit]
    ]
    more = write_cursor(rows[limit - 1].key) if len(rows) > limit else None
    return reply(CommunityThread(question=_posted(asked, own), answers=answers, next=more))


@router.get("/lessons", response_model=Lessons, responses=problem_docs("not-found", "invalid"))
def read_lessons(
    request: Request, skill: Annotated[str | None, Query(max_length=128, description="id, name or label")] = None
) -> Response:
    """Lessons, all or those of one skill."""
    with runtime_of(request).sessions() as session:
        rows = studying.lessons(session, skill)
    shown = [
        Lesson(
            lesson_id=row.lesson_id,
            section=row.section,
            domain=row.domain,
            skill=row.skill,
            text=row.content["text"],
            video_url=row.content.get("video_url"),
            duration=row.duration,
        )
        for row in rows
    ]
    return reply(Lessons(lessons=shown))
