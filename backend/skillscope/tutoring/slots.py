"""Delexicalised text: slots stand where numbers and names will.

    ⟨skill1⟩          a slot, replaced by its text
    ⟨=n3-n2⟩          computed exactly from slots that hold numbers, then written
    ⟨=n3-n2:f⟩        the same, written in a given format

Formats: none (whole, short decimal, or fraction), `f` fraction, `m` money, `s` signed term (`+ 4`, `- 4`),
`x` coefficient (1 is not written), `p` in parentheses when negative, `d0`..`d4` that many decimals; `c` writes a
word slot with a capital. The brackets ⟨ ⟩ stand in no ordinary text, so a slot left over is seen at once.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from skillscope.errors import InputError
from skillscope.tutoring.expressions import ExpressionError, evaluate, names_in

__all__ = ["NUMBER", "SLOT", "SlotError", "display", "fill", "number_env", "slot_names", "to_number"]

SLOT = re.compile(r"⟨(=)?([^⟨⟩]*?)(?::([a-z][0-9]?))?⟩")
NUMBER = re.compile(r"(?<![A-Za-z0-9_])[0-9]+(?:\.[0-9]+)?")


class SlotError(InputError):
    """A slot is unknown, or cannot be computed."""


def _decimal(value: Fraction, places: int) -> str:
    scaled = abs(value) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    digits = f"{whole:0{places + 1}d}"
    text = digits if places == 0 else f"{digits[:-places]}.{digits[-places:]}"
    return f"-{text}" if value < 0 and whole else text


def _plain(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    if 1000 % value.denominator == 0:
        return f"{float(value):.3f}".rstrip("0")
    return f"{value.numerator}/{value.denominator}"


def display(value: Fraction, form: str | None = None) -> str:
    """A number as text; see the module's table of formats.

    >>> display(Fraction(7, 2)), display(Fraction(7, 3)), display(Fraction(-4), "s")
    ('3.5', '7/3', '- 4')
    """
    match form:
        case None:
            return _plain(value)
        case "f":
            return str(value)
        case "m":
            return str(value) if value.denominator == 1 else _decimal(value, 2)
        case "s":
            return f"{'-' if value < 0 else '+'} {_plain(abs(value))}"
        case "x":
            return {Fraction(1): "", Fraction(-1): "-"}.get(value, _plain(value))
        case "p":
            return f"({_plain(value)})" if value < 0 else _plain(value)
    if form[0] == "d" and form[1:] in ("0", "1", "2", "3", "4"):
        return _decimal(value, int(form[1:]))
    raise SlotError(f"no number format {form!r}")


@lru_cache(maxsize=65536)
def to_number(text: str) -> Fraction | None:
    """The number that a slot's text stands for (`7`, `-2.5`, `3/4`); None for words."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None


def number_env(slots: Mapping[str, str]) -> dict[str, Fraction]:
    """The slots that hold numbers, as exact numbers."""
    pairs = ((name, to_number(text)) for name, text in slots.items())
    return {name: number for name, number in pairs if number is not None}


def slot_names(text: str) -> set[str]:
    """Every slot that a delexicalised text reads, also inside computed ones."""
    names: set[str] = set()
    for computed, body, _ in SLOT.findall(text):
        names.update(names_in(body) if computed else (body,))
    return names


def fill(text: str, slots: Mapping[str, str]) -> str:
    """The delexicalised text with every slot replaced.

    Raises:
        SlotError: a slot is unknown, is no number where one is needed, or has no exact value.
    """
    env: dict[str, Fraction] | None = None

    def replace(match: re.Match[str]) -> str:
        nonlocal env
        computed, body, form = match.groups()
        if not computed and form in (None, "c"):
            if body not in slots:
                raise SlotError(f"slot {body!r} is not given")
            return slots[body] if form is None else slots[body][:1].upper() + slots[body][1:]
        if env is None:
            env = number_env(slots)
        try:
            return display(evaluate(body, env), form)
        except ExpressionError as error:
            raise SlotError(f"a computed slot has no value: {error}") from error

    return SLOT.sub(replace, text)
