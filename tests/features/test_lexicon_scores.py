"""Measuring the word lists on marked sentences, and what they reach on those written before they were read."""

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from skillscope.cli.main import app
from skillscope.errors import FileError
from skillscope.features.lexicon import LEXICONS
from skillscope.features.lexicon_scores import (
    ListScore,
    development_errors,
    halves,
    parse_marks,
    read_marked,
    render_scores,
    score_folder,
    score_sentences,
)

FRESH = Path(__file__).with_name("data") / "lexicon_fresh"
PAGE = Path(__file__).parents[2] / "docs" / "lexicon-accuracy.md"


def test_marks_become_spans():
    sentence = parse_marks("I [felt bad] but <cried>.", "here")
    assert sentence.text == "I felt bad but cried."
    assert [sentence.text[begin:end] for begin, end in sentence.counted] == ["felt bad"]
    assert [sentence.text[begin:end] for begin, end in sentence.left_out] == ["cried"]


@pytest.mark.parametrize("line", ["I [felt bad", "felt] bad", "[felt <bad>]", "[felt bad>", "a <b [c> d]"])
def test_marks_that_do_not_close_are_refused(line):
    with pytest.raises(FileError, match="line 7"):
        parse_marks(line, "some.txt, line 7")


@given(st.lists(st.tuples(st.sampled_from(["", "[]", "<>"]), st.text(alphabet="ab '", min_size=1, max_size=5))))
def test_what_is_marked_is_what_is_read(pieces):
    line = "".join(f"{marks[:1]}{text}{marks[1:]}" for marks, text in pieces)
    sentence = parse_marks(line, "here")
    assert sentence.text == "".join(text for _, text in pieces)
    assert [sentence.text[b:e] for b, e in sentence.counted] == [text for marks, text in pieces if marks == "[]"]
    assert [sentence.text[b:e] for b, e in sentence.left_out] == [text for marks, text in pieces if marks == "<>"]


def test_a_score_by_hand():
    lines = [
        "I [think] so.",  # found
        "I don't <think> so.",  # met and kept out
        "I think so.",  # a hit that is not marked
        "The [cat] sat.",  # a mark that no entry meets
        "I <think> so.",  # met, and counted all the same
    ]
    score = score_sentences("cognition", [parse_marks(line, "here") for line in lines])
    assert score == ListScore(
        sentences=5, marks=2, found=1, hits=3, right=1, judged=3, judged_right=2, left_out=2, left_out_right=1
    )
    assert (score.precision, score.recall, score.status, score.kept_out) == (1 / 3, 1 / 2, 2 / 3, 1 / 2)
    assert score.f == pytest.approx(0.4)


def test_a_mark_met_by_two_entries_is_found_once():
    (sentence,) = [parse_marks("I [felt sorry for] him.", "here")]
    score = score_sentences("empathy", [sentence])
    assert (score.hits, score.right, score.found) == (1, 1, 1)


def test_nothing_to_find_has_no_share():
    score = score_sentences("cognition", [parse_marks("The cat sat.", "here")])
    assert math.isnan(score.precision)
    assert math.isnan(score.recall)
    assert score.f == 0
    assert "| none | none |" in render_scores({"cognition": {"test": score}})


def test_halves_keep_their_order_and_lose_nothing():
    sentences = [parse_marks(text, "here") for text in "abcde"]
    split = halves(sentences)
    assert [s.text for s in split["development"]] == ["a", "c", "e"]
    assert [s.text for s in split["test"]] == ["b", "d"]


def test_folders_without_marked_sentences_are_refused(tmp_path):
    with pytest.raises(FileError, match=r"empathy\.txt"):
        score_folder(tmp_path)
    (tmp_path / "empathy.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileError, match=r"empathy\.txt cannot be read"):
        score_folder(tmp_path)


def test_errors_are_those_of_the_development_half(tmp_path):
    (tmp_path / "cognition.txt").write_text("# a comment\nI think.\nI think too.\nThe [cat] sat.\n", encoding="utf-8")
    assert development_errors(tmp_path) == [
        ("cognition", "I think.", [], ["think"]),
        ("cognition", "The cat sat.", ["cat"], []),
    ]


def test_the_command_prints_and_fills_the_page(tmp_path):
    (tmp_path / "cognition.txt").write_text("I [think] so.\nI <think> so.\nI think.\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text("# A\n<!-- figures: word-lists -->\n<!-- /figures -->\nEnd.\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["features", "lexicons", str(tmp_path), "--errors", "--page", str(page)])
    assert done.exit_code == 0, done.output
    assert "| cognition | development | 0.50 (1 of 2) | 1.00 (1 of 1) | 0.67 |" in done.output
    assert "cognition: I think. | missed: - | wrong: think" in done.output
    assert "| cognition | development | 0.50 (1 of 2)" in page.read_text(encoding="utf-8")
    assert page.read_text(encoding="utf-8").endswith("<!-- /figures -->\nEnd.\n")


def test_the_fresh_sentences_are_as_many_as_the_page_says():
    for name in LEXICONS:
        sentences = read_marked(FRESH / f"{name}.txt")
        assert len(sentences) == len({s.text for s in sentences}) == 100
        typed = [s for s in sentences if s.text == s.text.lower() and s.text[-1].isalnum()]
        assert len(typed) >= 30, name
        assert sum(not s.counted for s in sentences) >= 20, name


def test_the_lists_reach_what_the_page_says():
    """Precision and recall on the fresh sentences, held at the figures measured; a new pipeline may move a hit or two
    in a half of thirty."""
    row = re.compile(r"^\| ([a-z ]+) \| (development|test) \| ([\d.]+) \([^|]*\| ([\d.]+) \(", re.MULTILINE)
    told = {(m[1].replace(" ", "_"), m[2]): (float(m[3]), float(m[4])) for m in row.finditer(PAGE.read_text())}
    scores = score_folder(FRESH)
    assert set(told) == {(name, half) for name in LEXICONS for half in ("development", "test")}
    for (name, half), (precision, recall) in told.items():
        score = scores[name][half]
        assert score.precision == pytest.approx(precision, abs=0.06), (name, half)
        assert score.recall == pytest.approx(recall, abs=0.06), (name, half)


def test_negation_is_judged_rightly_on_fresh_sentences():
    """Measured: 59 of 74 negated or supposed marks left out, 523 of all 539 marks met judged rightly. A new pipeline
    may move one or two."""
    scores = [score for halves_of in score_folder(FRESH).values() for score in halves_of.values()]
    assert sum(s.left_out_right for s in scores) / sum(s.left_out for s in scores) >= 0.77
    assert sum(s.judged_right for s in scores) / sum(s.judged for s in scores) >= 0.96
