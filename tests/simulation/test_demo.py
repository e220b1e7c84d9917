"""The demo class: the same for a seed, recent, and made of valid records."""

from datetime import UTC, datetime, timedelta

import pytest

from skillscope.errors import InputError
from skillscope.events.model import Event
from skillscope.simulation.demo import demo_class
from skillscope.skills import GRADES, SKILLS

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


def test_a_class_with_history() -> None:
    students = demo_class(7, now=NOW)
    assert len({s.student_id for s in students}) == len({s.name for s in students}) == 12
    assert {s.grade for s in students} == set(GRADES)
    events = [Event.model_validate(event) for s in students for session in s.sessions for event in session]
    assert len({event.event_id for event in events}) == len(events)
    moments = [event.at for event in events] + [response.at for s in students for response in s.responses]
    assert NOW - timedelta(days=57) < min(moments) <= max(moments) < NOW
    for student in students:
        assert {response.skill for response in student.responses} == set(SKILLS)
        assert len({response.text for response in student.responses}) == 6
        assert {event["student_id"] for session in student.sessions for event in session} == {student.student_id}
        assert [session[0]["type"] for session in student.sessions] == ["session_started"] * 4
        ends = [session[-1]["at"] for session in student.sessions]
        assert ends == sorted(ends)


def test_the_seed_decides() -> None:
    assert demo_class(7, 3, now=NOW) == demo_class(7, 3, now=NOW)
    assert demo_class(7, 3, now=NOW) != demo_class(8, 3, now=NOW)
    assert demo_class(7, 3)[0].responses[0].text == demo_class(7, 3, now=NOW)[0].responses[0].text


def test_another_term_has_the_same_students_with_new_work() -> None:
    first, second = demo_class(7, 3, now=NOW), demo_class(7, 3, now=NOW, term=739_000)
    for one, other in zip(first, second, strict=True):
        assert (one.student_id, one.grade, one.student) == (other.student_id, other.grade, other.student)
        assert not {r.text for r in one.responses} & {r.text for r in other.responses}
        ids = [{event["event_id"] for session in s.sessions for event in session} for s in (one, other)]
        assert not ids[0] & ids[1]


def test_bad_requests() -> None:
    with pytest.raises(InputError, match="1 to 40 students, not 41"):
        demo_class(1, 41)
    with pytest.raises(InputError, match="needs a time zone"):
        demo_class(1, 2, now=datetime(2026, 1, 1))  # noqa: DTZ001 - a naive time is what is refused
