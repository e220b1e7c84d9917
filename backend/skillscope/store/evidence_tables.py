"""What evidence is drawn from: the parts of each response that can be quoted.

    responses ───< response_segments     one row a response and feature schema

A row holds places in the text and numbers, never a word of the text itself; it goes with its response.
"""

from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from skillscope.store.tables import Base
from skillscope.store.types import FloatVector, Key

__all__ = ["ResponseSegmentsRow"]


class ResponseSegmentsRow(Base):
    """The segments of one response. `places` is `[[start, end, [[start, end, lexicon], ...]], ...]` in characters;
    `without` holds the 16 linguistic features of the text without each segment, one after the other."""

    __tablename__ = "response_segments"

    response_key: Mapped[int] = mapped_column(Key, ForeignKey("responses.key", ondelete="CASCADE"), primary_key=True)
    feature_schema: Mapped[str] = mapped_column(String(32), primary_key=True)
    student_key: Mapped[int] = mapped_column(Key, ForeignKey("students.key", ondelete="CASCADE"), index=True)
    language_pipeline: Mapped[str] = mapped_column(String(64))
    places: Mapped[list[Any]] = mapped_column(JSON)
    without: Mapped[tuple[float, ...]] = mapped_column(FloatVector)
