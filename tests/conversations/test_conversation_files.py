"""Check, review, combine and convert."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skillscope.conversations import check_conversations, combine_conversations, convert_conversations
from skillscope.conversations.check import distinct_n
from skillscope.conversations.convert import FORMATS, validate_record
from skillscope.conversations.review import ReviewResult, draw_review, read_review
from skillscope.errors import FileError, InputError, SchemaError


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def write(path: Path, values: list[Any]) -> Path:
    text = "".join((value if isinstance(value, str) else json.dumps(value)) + "\n" for value in values)
    path.write_text(text, encoding="utf-8")
    return path


def failed(path: Path, **options: Any) -> set[str]:
    return {c.name for c in check_conversations(path, **options).criteria if c.passed is False}


def test_a_review_decides_between_go_and_no_go(coding: Path) -> None:
    assert check_conversations(coding, review=ReviewResult(20, 18, 0)).verdict == "go"
    assert check_conversations(coding, review=ReviewResult(20, 17, 0)).verdict == "no-go"
    assert check_conversations(coding, review=ReviewResult(0, 0, 20)).verdict == "insufficient evidence"


def test_broken_lines_are_named_and_fail_the_check(coding: Path, tmp_path: Path) -> None:
    good = lines(coding)
    short = {**good[1], "conversation": good[1]["conversation"][:4]}
    turned = {**good[2], "conversation": good[2]["conversation"][1:]}
    path = write(tmp_path / "bad.jsonl", ['{"topic": "x"', short, turned, *good[4:]])
    report = check_conversations(path)
    assert (report.lines, report.parsed, report.usable) == (99, 98, 96)
    assert [problem.split(":")[0] for problem in report.problems] == ["line 1", "line 2", "line 3"]
    assert "3 to 5 exchanges, not 2" in report.problems[1]
    assert {"conversations", "lines that parse", "with 3 to 5 exchanges"} <= failed(path)
    assert report.verdict == "no-go"


def test_skewed_patterns_fail(coding: Path, tmp_path: Path) -> None:
    values = lines(coding)
    skewed = values[0::4] + values[1::4] + values[2::4] + values[3::4][:10]
    path = write(tmp_path / "skewed.jsonl", skewed)
    report = check_conversations(path, wanted=80)
    assert report.balance == 2.5
    assert failed(path, wanted=80) == {"commonest over rarest pattern"}


def test_a_pattern_that_never_appears_is_infinitely_out_of_balance(coding: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "one.jsonl", lines(coding)[0::4])
    assert check_conversations(path).balance == float("inf")


def test_generic_conversations_fail(coding: Path, tmp_path: Path) -> None:
    values = lines(coding)
    for number, value in enumerate(values):
        for turn in value["conversation"]:
            if turn["role"] == "assistant":
                turn["content"] = f"Sure, here is how to do {value['topic']}, part {number}."
    assert "all patterns detected, share" in failed(write(tmp_path / "generic.jsonl", values))


def test_copies_are_not_usable(coding: Path, tmp_path: Path) -> None:
    values = lines(coding)
    report = check_conversations(write(tmp_path / "copies.jsonl", values[:70] + values[:40]))
    assert report.near_duplicates == 40
    assert report.usable == 70
    assert report.verdict == "no-go"


def test_an_empty_file_is_no_go(tmp_path: Path) -> None:
    assert check_conversations(write(tmp_path / "empty.jsonl", [])).verdict == "no-go"
    with pytest.raises(FileError):
        check_conversations(tmp_path / "missing.jsonl")


def test_distinct_n_by_hand() -> None:
    # words: the cat the dog / the cat -> 1-grams 6, different 3; 2-grams the-cat cat-the the-dog the-cat, different 3
    assert distinct_n(["the cat the dog", "the cat"], 1) == 3 / 6
    assert distinct_n(["the cat the dog", "the cat"], 2) == 3 / 4
    assert distinct_n([], 1) == 0.0


def test_a_review_goes_out_and_comes_back(coding: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "review.csv"
    assert draw_review(coding, sheet, sample=10, seed=1) == 10
    assert read_review(sheet) == ReviewResult(0, 0, 10)
    with pytest.raises(FileError, match="may hold verdicts"):
        draw_review(coding, sheet)
    with sheet.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    topics = [value["topic"] for value in lines(coding)]
    assert all(topics[int(row["line"]) - 1] == row["topic"] for row in rows)
    for row, verdict in zip(rows, ["yes"] * 8 + ["No", ""], strict=True):
        row["shows_patterns"] = verdict
    with sheet.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    assert read_review(sheet) == ReviewResult(9, 8, 1)
    assert read_review(sheet).share == 8 / 9


def test_a_review_with_other_words_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("line,topic,patterns,conversation,shows_patterns,comment\n1,t,p,c,maybe,\n")
    with pytest.raises(SchemaError, match="yes or no"):
        read_review(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SchemaError, match="no review"):
        read_review(tmp_path / "b.csv")


def test_combining_keeps_each_once_with_its_origin(coding: Path, tmp_path: Path) -> None:
    values = lines(coding)
    other = write(tmp_path / "other.jsonl", [*values[:5], "{not json}", *values[5:8]])
    output = tmp_path / "combined.jsonl"
    result = combine_conversations([coding, other], output)
    assert (result.read, result.kept) == (109, 100)
    assert result.left_out == {"near-duplicate": 8, "does not parse": 1}
    first = lines(output)[0]
    assert first["provenance"]["source"] == "template"  # from the manifest beside the file
    assert (first["provenance"]["file"], first["provenance"]["line"]) == (coding.name, 1)
    again = combine_conversations([output], tmp_path / "again.jsonl")
    assert again.kept == 100
    assert lines(tmp_path / "again.jsonl")[0]["provenance"] == first["provenance"]
    with pytest.raises(InputError, match="one of the inputs"):
        combine_conversations([output], output)


@pytest.mark.parametrize("form", list(FORMATS))
def test_every_format_is_written_and_valid(coding: Path, tmp_path: Path, form: str) -> None:
    output = tmp_path / f"{form}.jsonl"
    assert convert_conversations(coding, output, form, system="Be exact.") == 100
    source = lines(coding)
    for value, record in zip(source, lines(output), strict=True):
        assert validate_record(record, form) == []
        text = json.dumps(record)
        assert "Be exact." in text
        assert json.dumps(value["conversation"][-1]["content"])[1:-1] in text


def test_the_shapes_of_the_formats(coding: Path, tmp_path: Path) -> None:
    records = {}
    for form in FORMATS:
        convert_conversations(coding, tmp_path / form, form, system="S")
        records[form] = lines(tmp_path / form)[0]
    assert records["openai"]["messages"][0] == {"role": "system", "content": "S"}
    assert records["hf"] == records["openai"]
    assert records["anthropic"]["system"] == "S"
    assert {message["role"] for message in records["anthropic"]["messages"]} == {"user", "assistant"}
    assert records["gemini"]["systemInstruction"]["parts"] == [{"text": "S"}]
    assert [content["role"] for content in records["gemini"]["contents"][:2]] == ["user", "model"]


def spoil_roles(record: dict[str, Any]) -> None:
    (record.get("messages") or record["contents"])[-1]["role"] = "user"


def spoil_content(record: dict[str, Any]) -> None:
    if "contents" in record:
        record["contents"][0]["parts"] = [{"text": " "}]
    else:
        record["messages"][-1]["content"] = " "


def spoil_keys(record: dict[str, Any]) -> None:
    record["topic"] = "x"


def spoil_length(record: dict[str, Any]) -> None:
    long = "word " * 100_000
    if "contents" in record:
        record["contents"][0]["parts"] = [{"text": long}]
    else:
        record["messages"][-1]["content"] = long


@pytest.mark.parametrize("form", list(FORMATS))
@pytest.mark.parametrize("spoil", [spoil_roles, spoil_content, spoil_keys, spoil_length])
def test_a_record_that_breaks_a_rule_is_found(
    coding: Path, tmp_path: Path, form: str, spoil: Callable[[dict[str, Any]], None]
) -> None:
    convert_conversations(coding, tmp_path / form, form, system="S")
    record = lines(tmp_path / form)[0]
    spoil(record)
    assert validate_record(record, form)


def test_too_few_examples_are_refused_by_the_formats_that_say_so(coding: Path, tmp_path: Path) -> None:
    few = write(tmp_path / "few.jsonl", lines(coding)[:9])
    for form in ("openai", "anthropic"):
        with pytest.raises(InputError, match="9 conversations"):
            convert_conversations(few, tmp_path / "out.jsonl", form, system="S")
    assert not (tmp_path / "out.jsonl").exists()
    assert convert_conversations(few, tmp_path / "out.jsonl", "hf", system="S") == 9


def test_unknown_formats_and_empty_prompts_are_refused(coding: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="openai, anthropic, gemini, hf"):
        convert_conversations(coding, tmp_path / "o", "llama", system="S")
    with pytest.raises(InputError, match="system prompt"):
        convert_conversations(coding, tmp_path / "o", "hf", system=" ")
