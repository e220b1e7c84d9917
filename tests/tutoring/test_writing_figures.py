"""Figures with numbers worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillscope.tutoring.writing.figures import (
    distinct_2,
    faithful,
    mean_of,
    memorised,
    overlap,
    perplexity,
    ratio_of,
)

SLOTS = {"n1": "3", "n2": "12", "skill1": "Geometry 2", "pct1": "40", "total1": "10"}


def test_a_mean_and_its_interval() -> None:
    figure = mean_of([1, 1, 1, 0] * 100)
    assert figure.value == 0.75
    assert figure.prompts == 400
    assert figure.low == pytest.approx(0.75 - 1.96 * math.sqrt(0.75 * 0.25 / 400), abs=0.01)
    assert figure.high == pytest.approx(0.75 + 1.96 * math.sqrt(0.75 * 0.25 / 400), abs=0.01)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_an_interval_holds_its_mean(values: list[float]) -> None:
    figure = mean_of(values)
    assert min(values) - 1e-9 <= figure.low <= figure.high <= max(values) + 1e-9


def test_a_ratio_of_sums_is_no_mean_of_ratios() -> None:
    assert ratio_of([1, 9], [1, 3]).value == 2.5
    assert perplexity([2, 4], [2, 4]).value == pytest.approx(math.e)


@pytest.mark.parametrize(
    ("kind", "delex", "text", "right"),
    [
        ("feedback", "⟨pct1⟩% of ⟨total1⟩", "40% of 10", True),
        ("feedback", "⟨pct1⟩% of 10", "40% of 10", False),
        ("feedback", "in ⟨skill1⟩", "in Geometry 2", True),
        ("explanation", "⟨n1⟩ × 4 = ⟨=n1*4⟩", "3 × 4 = 12", True),
        ("explanation", "⟨n1⟩ × 17 = ⟨n2⟩", "3 × 17 = 12", False),
        ("explanation", "⟨n1⟩ + ⟨n1⟩", "3 + 3", True),
        ("explanation", "⟨n1⟩ + ⟨n1⟩", "3 + 4", False),
    ],
)
def test_faithful_means_equal_multisets(kind: str, delex: str, text: str, right: bool) -> None:  # a flag, not a switch
    assert faithful(kind, delex, text, SLOTS, set()) is right


def test_distinct_bigrams_by_hand() -> None:
    """`a b a b` has three bigrams, two of them distinct; twenty such texts have 60 and still two."""
    same, other = distinct_2(["a b a b"] * 20), distinct_2([f"w{n} x{n}" for n in range(20)])
    assert same is not None
    assert other is not None
    assert same.value == pytest.approx(2 / 60)
    assert other.value == 1.0
    assert distinct_2([""] * 20) is None


def test_memorised_tells_whole_texts_from_sentences() -> None:
    training = ["One ⟨r1=n1+n2⟩ here. Two there."]
    verbatim, known = memorised(["One ⟨r1=n1+n2⟩ here. Two there.", "One ⟨r4=n3-n1⟩ here. Three!"], training)
    assert verbatim.value == 0.5
    assert known.value == pytest.approx((1 + 0.5) / 2)


def test_bleu_and_chrf_are_sacrebleus() -> None:
    same = overlap(["the cat sat on the mat today"] * 3, ["the cat sat on the mat today"] * 3)
    assert same["bleu"].value == pytest.approx(100)
    assert same["chrf"].value == pytest.approx(100)
    assert overlap(["no such words at all"], ["quite another line there"])["bleu"].value < 20
