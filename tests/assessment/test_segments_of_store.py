"""Stored parts come back as they were, and are read without waiting for whoever measures texts."""

from types import SimpleNamespace

from sqlalchemy.orm import Session

from skillscope.assessment.segments import MEASURING, pack_segments, read_segments
from skillscope.features.annotate import annotate
from skillscope.features.segments import segments_of

TEXT = "I noticed that she was sad. I asked her why, and I listened to her story."


def test_parts_come_back_as_they_were() -> None:
    segments = segments_of(annotate([TEXT])[0])
    packed = pack_segments(segments)
    row = SimpleNamespace(
        response_key=1, places=packed["places"], without=packed["without"], language_pipeline="a", parts_pipeline="a"
    )
    with MEASURING, Session() as session:  # somebody else measures; there is nothing to wait for
        assert read_segments(session, [row]) == [segments]
