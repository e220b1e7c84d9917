"""Syllables against words counted by hand, and the grade level that they feed."""

from pathlib import Path

import pytest

from skillscope.features.linguistic import extract_linguistic
from skillscope.features.readability import flesch_kincaid
from skillscope.features.schema import LINGUISTIC
from skillscope.features.syllables import count_syllables

GRADE = [item.name for item in LINGUISTIC].index("readability_score")


def test_school_words():
    lines = Path(__file__).with_name("data").joinpath("syllables.txt").read_text(encoding="utf-8").splitlines()
    words = dict(line.split() for line in lines if not line.startswith("#"))
    wrong = [word for word, count in words.items() if count_syllables(word) != int(count)]
    assert len(words) >= 300
    assert len(wrong) <= 0.05 * len(words), wrong


@pytest.mark.parametrize(("word", "count"), [("x", 1), ("12", 1), ("merry-go-round", 4), ("Homework", 2), ("'ll", 0)])
def test_odd_words(word, count):
    assert count_syllables(word) == count


def test_grade_level_by_hand():
    # "The cat sat on the mat." 6 words, 1 sentence, 6 syllables
    assert flesch_kincaid(6, 1, 6) == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    assert extract_linguistic(["The cat sat on the mat."])[0, GRADE] == flesch_kincaid(6, 1, 6)


def test_contractions_have_the_syllables_that_are_spoken():
    # I don't: 3 words, 2 syllables; I didn't: 3 words, 3 syllables; I can't: 3 words, 2 syllables
    table = extract_linguistic(["I don't.", "I didn't.", "I can't."])
    assert table[:, GRADE].tolist() == [flesch_kincaid(3, 1, 2), flesch_kincaid(3, 1, 3), flesch_kincaid(3, 1, 2)]
