"""Strict JSON: what passes is what Python's own parser reads; what fails names why and where."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillscope.service.strict_json import MAX_DEPTH, JsonError, parse_json

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=5)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=20)


@given(VALUES, st.booleans())
def test_what_json_can_say_is_read_as_it_is(value: object, ascii_only: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(JsonError):
        parse_json(raw)


@pytest.mark.parametrize(
    ("raw", "message", "field"),
    [
        (b"", "is not JSON", "body"),
        (b"{", "is not JSON", "body"),
        (b"{'a': 1}", "is not JSON", "body"),
        (b'{"a": NaN}', "holds NaN", "body"),
        (b"[-Infinity]", "holds -Infinity", "body"),
        (b"[1e999]", "beyond the range of a double", "body"),
        (b"[9223372036854775808]", "beyond 64 bits", "body"),
        (b"[" + b"9" * 5000 + b"]", "beyond 64 bits", "body"),
        (b'{"a": 1, "b": 2, "a": 3}', "stands twice", "a"),
        (b'{"rows": [{"x": 1, "x": 1}]}', "stands twice", "x"),
        (b'{"a": ["\\u0000"]}', "NUL", "a.0"),
        (b'{"a": {"b": "x\\ud800y"}}', "unpaired surrogate", "a.b"),
        (b'{"\\udc00": 1}', "unpaired surrogate", "body"),
        (b'"\xff"', "not UTF-8", "body"),
        (b"[" * 100_000, "nested", "body"),
        (b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2), "nested", "0.0"),
    ],
)
def test_what_it_cannot_is_refused_with_its_place(raw: bytes, message: str, field: str) -> None:
    with pytest.raises(JsonError, match=message) as raised:
        parse_json(raw)
    assert raised.value.field.startswith(field)


def test_a_surrogate_pair_is_one_character() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "😀"
