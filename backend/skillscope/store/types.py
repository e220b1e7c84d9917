"""Column types that behave alike on SQLite and PostgreSQL."""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary
from sqlalchemy.types import TypeDecorator

__all__ = ["FloatVector", "Key", "UtcDateTime"]

Key = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit surrogate key that counts up by itself on both databases."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC to the microsecond. A naive one is refused: nobody knows what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into what the database keeps."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class FloatVector(TypeDecorator[tuple[float, ...]]):
    """Numbers as packed little-endian doubles: the same bits come back, NaN included, in 8 bytes each.

    SQLite turns a NaN in a float column into NULL and PostgreSQL does not, so feature values do not stand in float
    columns; the row's feature schema says what the positions mean.
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Sequence[float] | None, dialect: Dialect) -> bytes | None:
        """Pack."""
        return None if value is None else struct.pack(f"<{len(value)}d", *value)

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[float, ...] | None:
        """Unpack."""
        return None if value is None else struct.unpack(f"<{len(value) // 8}d", value)
