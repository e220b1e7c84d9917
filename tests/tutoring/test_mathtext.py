from fractions import Fraction

import pytest

from skillscope.tutoring.mathtext import Context, MathError, false_statements, parse, relations_in
from skillscope.tutoring.questions.equations import equation_key

AT_THREE = Context(points=({"x": Fraction(3)},))


@pytest.mark.parametrize(
    "text",
    [
        "Subtract 4 from both sides: 3x + 4 - 4 = 13 - 4, so 3x = 9 and x = 3.",
        "It is clear that (x + 2)(x + 3) = x² + 5x + 6.",
        "The root √(9) = 3 and 2 × 3² = 18; 20% = 0.2 (so 5 + 3 = 8).",
        "Over π: π(3)² = 9π.",
        "About 5 ÷ 3 ≈ 1.67 of them.",
        "-3 - (-2) = -1",
        "Here 7 > 3 and 2 ≤ 2 and |-4| = 4.",
        "A sentence without any mathematics.",
    ],
)
def test_true_statements_pass(text: str) -> None:
    assert false_statements(text, AT_THREE) == []


@pytest.mark.parametrize(
    "text", ["x = 4", "3x = 10", "5 + 3 = 9", "√(9) = 2", "4 < 3", "(x + 1)² = x² + 1", "5 ÷ 3 ≈ 1.8", "3 ≠ 3"]
)
def test_false_statements_are_found(text: str) -> None:
    assert len(false_statements(f"We see that {text}.", AT_THREE)) == 1


def test_unreadable_mathematics_is_no_clean_bill() -> None:
    assert false_statements("so 3 + = 4", AT_THREE) == ["mathematics that cannot be read"]
    with pytest.raises(MathError):
        parse("3 +")


def test_inequalities_must_have_the_same_solutions() -> None:
    context = Context(region=relations_in("22 - 3t < 4")[0])
    assert false_statements("-3t < -18, so t > 6", context) == []
    for wrong in ("t < 6", "t ≥ 6", "t > 5.9"):
        assert false_statements(f"then {wrong}", context) == [wrong]


def test_functions_are_evaluated() -> None:
    context = Context(functions={"f": ("x", parse("3x + 2"))})
    assert false_statements("f(4) = 3(4) + 2 = 14", context) == []
    assert false_statements("f(4) = 15", context) == ["f(4) = 15"]


def test_a_renamed_or_turned_equation_is_no_new_one() -> None:
    key = equation_key("3x + 4 = 13")
    assert key == equation_key("13 = 4 + 3t") == equation_key("3 × n + 4 = 13")
    assert key != equation_key("3x + 5 = 13")
    assert key != equation_key("3x - 4 = 13")
    assert equation_key("x + y = 5 ; x - y = 1") == equation_key("m - n = 1 ; n + m = 5")
    assert equation_key("2x < 6") == equation_key("6 > 2y")


@pytest.mark.parametrize("text", ["so = = = there", "x = = ", "= = 4", "< > <"])
def test_signs_in_a_row_are_unreadable_and_no_crash(text: str) -> None:
    assert false_statements(text, Context(points=({},), functions={}, region=None)) == [
        "mathematics that cannot be read"
    ]
