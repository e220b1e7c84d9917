"""The parts of responses between parse and store: made when a response comes in, read when evidence is asked for."""

import threading
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from skillscope.features import LINGUISTIC
from skillscope.features.annotate import annotate
from skillscope.features.segments import Segment, segments_of
from skillscope.store.evidence import response_texts

__all__ = ["MEASURING", "pack_segments", "read_segments"]

MEASURING: Final = threading.Lock()
"""spaCy's shared vocabulary and the word table grow while they are used: one thread at a time."""

_WIDTH: Final = len(LINGUISTIC)


def pack_segments(segments: Sequence[Segment]) -> dict[str, Any]:
    """The columns `places` and `without` of a stored row."""
    return {
        "places": [[part.start, part.end, [list(mark) for mark in part.marks]] for part in segments],
        "without": tuple(value for part in segments for value in part.without),
    }


def read_segments(session: Session, rows: Sequence[Any]) -> list[list[Segment]]:
    """The parts of each counted response. Those of responses without stored ones, or with ones of another language
    pipeline than their features, are measured now."""
    stale = [row.response_key for row in rows if row.places is None or row.parts_pipeline != row.language_pipeline]
    measured: dict[int, list[Segment]] = {}
    if stale:  # nobody waits for texts that are coming in unless there is something to parse
        texts = response_texts(session, stale)
        with MEASURING:
            parsed = annotate(list(texts.values()))
        measured = {key: segments_of(found) for key, found in zip(texts, parsed, strict=True)}
    return [measured[row.response_key] if row.response_key in measured else _unpack(row) for row in rows]


def _unpack(row: Any) -> list[Segment]:
    return [
        Segment(
            start,
            end,
            tuple((low, high, lexicon) for low, high, lexicon in marks),
            row.without[number * _WIDTH : (number + 1) * _WIDTH],
        )
        for number, (start, end, marks) in enumerate(row.places)
    ]
