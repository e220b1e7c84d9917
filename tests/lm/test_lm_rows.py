"""Which pairs are trained on, which are reserved, and what a broken file is told."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillscope.errors import FileError, SchemaError
from skillscope.lm.rows import RESERVED_SHARE, is_reserved, read_examples


def test_about_one_key_in_twenty_is_reserved() -> None:
    found = sum(is_reserved("explanation", f"key {number}") for number in range(20_000))
    assert abs(found / 20_000 - RESERVED_SHARE) < 0.005


def test_the_reserved_keys_are_the_same_for_ever() -> None:
    """Were the rule to change, models would be measured on what they were trained on."""
    keys = [number for number in range(200) if is_reserved("feedback", f"feedback | {number}")]
    assert keys == [13, 25, 73, 78, 91, 94, 143, 185]


@given(st.lists(st.tuples(st.sampled_from(["feedback", "plan"]), st.text(max_size=8)), min_size=1, max_size=60))
def test_no_key_is_on_both_sides(tmp_path_factory: pytest.TempPathFactory, keys: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("rows") / "pairs.jsonl"
    rows = [
        {"kind": kind, "key": key, "input_delex": f"{kind} {key}", "output_delex": f"said {number}"}
        for number, (kind, key) in enumerate(keys)
    ]
    rows.append({"kind": "plan", "key": "free", "input_delex": "a", "output_delex": "b"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = read_examples(path)
    assert len(found.train) + len(found.reserved) == len(rows)
    trained = {(row.kind, row.key) for row in found.train}
    assert not trained & {(row.kind, row.key) for row in found.reserved}


def test_pairs_without_slots_are_counted_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    rows = [
        {"kind": "help", "input": "why?", "output": "because"},
        {"kind": "plan", "key": "free", "input_delex": "a", "output_delex": "b", "origin": "real"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = read_examples(path)
    assert found.left_out == 1
    assert [row.origin for row in found.train] == ["real"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "line 1: not JSON"),
        ("[]", "line 1: not a JSON object"),
        ('{"input_delex": "a"}', "line 1: a pair needs"),
        ('{"input": "a", "output": "b"}', "no pair to train on"),
    ],
)
def test_a_broken_file_is_told_what_is_wrong(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError, match=told):
        read_examples(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nowhere\.jsonl"):
        read_examples(tmp_path / "nowhere.jsonl")
