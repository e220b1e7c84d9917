from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillscope.lm.expressions import ExpressionError, evaluate, holds
from skillscope.lm.slots import SlotError, chained, display, fill, slot_names


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("(c - b)/a", Fraction(3)),
        ("a**2 + b", Fraction(13)),
        ("sqrt(b)", Fraction(2)),
        ("round(c/b)", Fraction(3)),
        ("round(-5/2)", Fraction(-3)),
        ("max(a, b) % a", Fraction(1)),
        ("0.1 + 0.2", Fraction(3, 10)),
    ],
)
def test_values_worked_out_by_hand(expression: str, value: Fraction) -> None:
    assert evaluate(expression, {"a": Fraction(3), "b": Fraction(4), "c": Fraction(13)}) == value


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os')",
        "a.real",
        "[1][0]",
        "a if a else b",
        "9**9**9",
        "1/0",
        "sqrt(2)",
        "missing + 1",
        "(",
        "lambda: 1",
    ],
)
def test_anything_but_bounded_arithmetic_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(expression, {"a": Fraction(1), "b": Fraction(2)})


def test_conditions() -> None:
    env = {"a": Fraction(2), "b": Fraction(3)}
    assert holds("a < b and gcd(a, b) == 1", env)
    assert not holds("a < b < 3", env)


_FRACTIONS = st.fractions(-(10**9), 10**9, max_denominator=10**6)


@given(_FRACTIONS, _FRACTIONS.filter(bool))
def test_arithmetic_is_exact(a: Fraction, b: Fraction) -> None:
    assert evaluate("(a + b)*(a - b)/b", {"a": a, "b": b}) == (a + b) * (a - b) / b


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (Fraction(9), None, "9"),
        (Fraction(7, 2), None, "3.5"),
        (Fraction(7, 3), None, "7/3"),
        (Fraction(7, 2), "f", "7/2"),
        (Fraction(-4), "s", "- 4"),
        (Fraction(4), "s", "+ 4"),
        (Fraction(1), "x", ""),
        (Fraction(-1), "x", "-"),
        (Fraction(-3), "p", "(-3)"),
        (Fraction(25, 2), "m", "12.50"),
        (Fraction(12), "m", "12"),
        (Fraction(2, 3), "d2", "0.67"),
        (Fraction(-1, 8), "d2", "-0.13"),
        (Fraction(-1, 1000), "d1", "0.0"),
    ],
)
def test_number_formats(value: Fraction, form: str | None, text: str) -> None:
    assert display(value, form) == text


def test_filling_computes_from_left_to_right() -> None:
    text = "subtract ⟨n2⟩: ⟨n1⟩x = ⟨r1=n3-n2⟩, so x = ⟨r2=r1/n1⟩; ⟨who:c⟩ says ⟨r2⟩"
    slots = {"n1": "3", "n2": "4", "n3": "13", "who": "the tutor"}
    assert fill(text, slots) == "subtract 4: 3x = 9, so x = 3; The tutor says 3"
    assert slot_names(text) == {"n1", "n2", "n3", "who"}


@pytest.mark.parametrize("text", ["⟨n9⟩", "⟨=n1/0⟩", "⟨=who+1⟩", "⟨=n1:q⟩", "⟨r1⟩ ⟨r1=n1+1⟩"])
def test_a_slot_that_cannot_be_filled_is_an_error(text: str) -> None:
    with pytest.raises(SlotError):
        fill(text, {"n1": "3", "who": "Bea"})


def test_chaining_names_each_value_once_and_changes_no_text() -> None:
    slots = {"n1": "3", "n2": "4", "n3": "13"}
    plain = "⟨n1⟩x = ⟨=n3-n2⟩, x = ⟨=(n3-n2)/n1⟩, again ⟨=(n3-n2)/n1⟩ and ⟨=n3 - n2⟩"
    short = chained(plain)
    assert short == "⟨n1⟩x = ⟨r1=n3-n2⟩, x = ⟨r2=r1/n1⟩, again ⟨r2⟩ and ⟨r1⟩"
    assert fill(short, slots) == fill(plain, slots) == "3x = 9, x = 3, again 3 and 9"
