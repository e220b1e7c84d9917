"""The counted responses of a student with their words, for models that read more than stored numbers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Integer, Row, String, bindparam, select
from sqlalchemy.orm import Session

from skillscope.store.tables import ResponseFeaturesRow, ResponseRow
from skillscope.store.types import Key, UtcDateTime

__all__ = ["counted_texts"]

_MEASURED: Final = ResponseFeaturesRow.__table__.c
_GIVEN: Final = ResponseRow.__table__.c
_TEXTS: Final = (
    select(_GIVEN.text, _GIVEN.prompt, _GIVEN.source, _MEASURED["values"])
    .join(ResponseRow.__table__, _GIVEN.key == _MEASURED.response_key)
    .where(
        _MEASURED.student_key == bindparam("student", type_=Key),
        _MEASURED.feature_schema == bindparam("schema", type_=String),
        _MEASURED.at >= bindparam("since", type_=UtcDateTime),
        _MEASURED.at <= bindparam("until", type_=UtcDateTime),
    )
    .order_by(_MEASURED.at.desc(), _MEASURED.response_key.desc())
    .limit(bindparam("most", type_=Integer))
)


def counted_texts(
    session: Session, student_key: int, *, feature_schema: str, since: datetime, until: datetime, limit: int
) -> Sequence[Row[str, str | None, str | None, tuple[float, ...]]]:
    """Text, prompt, source and linguistic features of the newest measured responses in a window, newest first.

    They are the responses that `queries.recent_response_features` gives the numbers of.
    """
    window = {"student": student_key, "schema": feature_schema, "since": since, "until": until, "most": limit}
    return session.connection().execute(_TEXTS, window).all()
