"""Evidence for scores, made when asked for: reasons in plain words, the student's own words that counted, and the
events that counted."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from skillscope.assessment.episodes import MOST_EPISODES, Episode, by_session, find_episodes, types_of
from skillscope.assessment.model import Evidence, Mark
from skillscope.assessment.quotes import Quote, Said, find_quotes
from skillscope.assessment.reasons import Reason, find_reasons
from skillscope.assessment.segments import read_segments
from skillscope.assessment.wording import describe_feature
from skillscope.features import FEATURE_NAMES, AggregationPolicy
from skillscope.features.aggregate import DEFAULT
from skillscope.modeling.bundle import Bundle
from skillscope.skills import Skill
from skillscope.store.evidence import counted_events, counted_responses, response_texts

__all__ = ["explain_scores", "explain_student"]

MOST_EVENTS: Final = 500
"""Events that are looked through, newest first; ten ordinary sessions hold about 600, not all of a wanted type."""


def explain_scores(bundle: Bundle, features: NDArray[np.float64]) -> dict[Skill, list[Evidence]]:
    """By skill, the strongest reasons for the score of one feature row, shape (29,), strongest first."""
    return {skill: [_of_reason(reason) for reason in found] for skill, found in find_reasons(bundle, features).items()}


def explain_student(
    session: Session,
    bundle: Bundle,
    student_key: int,
    features: NDArray[np.float64],
    *,
    at: datetime,
    policy: AggregationPolicy = DEFAULT,
    reasons: Mapping[Skill, Sequence[Reason]] | None = None,
) -> dict[Skill, list[Evidence]]:
    """By skill: reasons, then quotes, then events. `features` are what the student was scored on at that time, and
    `reasons` those that `find_reasons` finds for them, where it was asked already.

    No text is read but those that are quoted, unless a response came in before its parts were kept.
    """
    since = at - timedelta(days=policy.days)
    rows = counted_responses(
        session, student_key, feature_schema=bundle.feature_schema, since=since, until=at, limit=policy.responses
    )
    said = [
        Said(row.response_id, row.response_key, row.values, segments)
        for row, segments in zip(rows, read_segments(session, rows), strict=True)
    ]
    if reasons is None:
        reasons = find_reasons(bundle, features)
    quotes = find_quotes(bundle, said, features)
    texts = response_texts(session, {quote.said.key for found in quotes.values() for quote in found})
    groups = {reason.group.key for found in reasons.values() for reason in found}
    sessions = by_session(
        counted_events(
            session,
            student_key,
            feature_schema=bundle.feature_schema,
            since=since,
            until=at,
            sessions=policy.sessions,
            types=types_of(groups),
            limit=MOST_EVENTS,
        )
    )
    # The same group often stands behind several skills.
    sides = sorted({(reason.group.key, reason.contribution > 0) for found in reasons.values() for reason in found})
    episodes = {side: find_episodes(side[0], raised=side[1], sessions=sessions) for side in sides}
    return {
        skill: [
            *(_of_reason(reason) for reason in found),
            *(_of_quote(quote, texts) for quote in quotes[skill]),
            *_of_events(found, episodes),
        ]
        for skill, found in reasons.items()
    }


def _moves(contribution: float) -> str:
    points = f"{abs(contribution):.2f}" if abs(contribution) >= 0.01 else f"{abs(contribution):.3f}"
    return f"{'raises' if contribution > 0 else 'lowers'} the score by {points}"


def _of_reason(reason: Reason) -> Evidence:
    said = f": {describe_feature(reason.feature, reason.value)}" if reason.feature in FEATURE_NAMES else ""
    text = f"{reason.group.title}{said}; {_moves(reason.contribution)}"
    return Evidence(
        kind="reason",
        group=reason.group.key,
        feature=reason.feature,
        value=None if np.isnan(reason.value) else reason.value,
        contribution=round(reason.contribution, 4),
        text=text[0].upper() + text[1:],
    )


def _of_quote(quote: Quote, texts: Mapping[int, str]) -> Evidence:
    start, end = quote.segment.start, quote.segment.end
    words = texts[quote.said.key][start:end]
    return Evidence(
        kind="quote",
        contribution=round(quote.effect, 4),
        text=f"“{words}” {_moves(quote.effect)}: without these words it would be that much "
        f"{'lower' if quote.effect > 0 else 'higher'}",
        quote=words,
        response_id=quote.said.response_id,
        start=start,
        end=end,
        marks=[Mark(start=low, end=high, lexicon=lexicon) for low, high, lexicon in quote.segment.marks],
    )


def _of_events(reasons: Sequence[Reason], episodes: Mapping[tuple[str, bool], Sequence[Episode]]) -> list[Evidence]:
    told = [
        _of_episode(episode, reason)
        for reason in reasons
        for episode in episodes[reason.group.key, reason.contribution > 0]
    ]
    return told[:MOST_EPISODES]


def _of_episode(episode: Episode, reason: Reason) -> Evidence:
    direction = "raised" if reason.contribution > 0 else "lowered"
    return Evidence(
        kind="event",
        group=reason.group.key,
        feature=reason.feature,
        contribution=round(reason.contribution, 4),
        text=f"On {episode.at.day} {episode.at:%B}, {episode.text}: part of {reason.group.title}, "
        f"which {direction} the score",
        session_id=episode.session_id,
        event_ids=list(episode.event_ids),
        at=episode.at,
    )
