"""xAPI statements and Caliper envelopes onto events: raw and expected pairs, and what is refused."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillscope.errors import EventError
from skillscope.events import EventType, events_from_caliper, events_from_statements
from skillscope.events.foreign import fit_identifier, load_table, read_duration

DATA = Path(__file__).with_name("data")


def pairs(name: str) -> list:
    found = json.loads(DATA.joinpath(f"{name}_pairs.json").read_text(encoding="utf-8"))
    return [pytest.param(pair["raw"], pair["expected"], id=pair["name"]) for pair in found]


@pytest.mark.parametrize(("raw", "expected"), pairs("xapi"))
def test_xapi_pairs(raw, expected):
    mapped = events_from_statements(raw)
    assert [event.model_dump(mode="json") for event in mapped.events] == expected["events"]
    assert mapped.unmapped == expected["unmapped"]


@pytest.mark.parametrize(("raw", "expected"), pairs("caliper"))
def test_caliper_pairs(raw, expected):
    mapped = events_from_caliper(raw)
    assert [event.model_dump(mode="json") for event in mapped.events] == expected["events"]
    assert mapped.unmapped == expected["unmapped"]


def statement(**changes):
    raw = {
        "actor": {"mbox": "mailto:kim@school.example"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/asked"},
        "object": {"id": "https://school.example/task"},
        "timestamp": "2026-03-02T09:00:00Z",
    }
    return {key: value for key, value in {**raw, **changes}.items() if value is not None}


def test_an_object_whose_kind_is_no_text_is_taken_as_no_activity():
    (event,) = events_from_statements(statement(object={"objectType": ["Activity"], "id": "https://x.example"})).events
    assert event.task_id == "https://x.example"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"actor": None}, "actor"),
        ({"actor": {"objectType": "Group", "member": []}}, "actor"),
        ({"verb": None}, "verb.id"),
        ({"verb": {"id": 7}}, "verb.id"),
        ({"object": None}, "object.id"),
        ({"timestamp": None}, "timestamp"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": "2026-03-02T09:00:00"}, "timestamp"),
        ({"timestamp": "1999-03-02T09:00:00Z"}, "timestamp"),
        ({"id": 12}, "id"),
    ],
)
def test_a_wrong_statement_names_itself_and_the_field(changes, field):
    with pytest.raises(EventError, match="statement 1") as caught:
        events_from_statements([statement(), statement(**changes)])
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ([], ""),
        ({"data": "x"}, "data"),
        ({"data": [7]}, "data"),
        ({"data": [{"type": "AssessmentEvent", "action": "Started"}]}, "eventTime"),
        ({"data": [{"type": "AssessmentEvent", "action": "Started", "actor": "a", "eventTime": "now"}]}, "eventTime"),
        ({"data": [{"action": "Started"}]}, "type"),
    ],
)
def test_a_wrong_envelope_names_the_field(raw, field):
    with pytest.raises(EventError) as caught:
        events_from_caliper(raw)
    assert caught.value.field in {field, "actor"}


def test_a_statement_without_an_id_always_gets_the_same():
    first, again = (events_from_statements(statement()).events[0] for _ in range(2))
    other = events_from_statements(statement(timestamp="2026-03-02T09:00:01Z")).events[0]
    assert first.event_id == again.event_id != other.event_id


def test_every_row_of_the_tables_is_an_event_type():
    kinds = {kind.value for kind in EventType}
    verbs = load_table("xapi.yaml")["verbs"]
    assert {kind for row in verbs.values() for kind in row.values()} <= kinds
    assert set(load_table("caliper.yaml")["actions"].values()) <= kinds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (90, 90.0),
        (1.5, 1.5),
        ("PT1M30S", 90.0),
        ("P1DT1H", 90_000.0),
        *((value, None) for value in ("PT", "PT0S", "soon", "9" * 100, -1, True, None, float("inf"), 10**400)),
    ],
)
def test_durations(value, seconds):
    assert read_duration(value) == seconds


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=12,
)
FIELDS = ("id", "actor", "verb", "object", "timestamp", "stored", "context", "result")
FIELDS += ("type", "action", "eventTime", "session", "data")


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6))
def test_nothing_but_our_error_comes_out(changes):
    for read, raw in ((events_from_statements, {**statement(), **changes}), (events_from_caliper, changes)):
        try:
            mapped = read(raw)
        except EventError:
            continue
        assert all(event.type in EventType for event in mapped.events)


@given(st.text())
def test_identifiers_fit(text):
    assert 1 <= len(fit_identifier(text)) <= 128
    assert fit_identifier(text) == fit_identifier(fit_identifier(text))
