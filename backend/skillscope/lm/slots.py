"""Delexicalised text: slots stand where numbers and names will.

    ⟨skill1⟩          a slot, replaced by its text
    ⟨=n3-n2⟩          computed exactly from slots that hold numbers, then written
    ⟨r1=n3-n2⟩        the same, and later slots may read it: ⟨r1⟩, ⟨r2=r1/n1⟩
    ⟨=n3-n2:f⟩        written in a given format

Formats: none (whole, short decimal, or fraction), `f` fraction, `m` money, `s` signed term (`+ 4`, `- 4`),
`x` coefficient (1 is not written), `p` in parentheses when negative, `d0`..`d4` that many decimals; `c` writes a
word slot with a capital. The brackets ⟨ ⟩ stand in no ordinary text, so a slot left over is seen at once.
"""

import ast
import re
from collections.abc import Mapping
from copy import deepcopy
from fractions import Fraction
from functools import lru_cache

from skillscope.errors import InputError
from skillscope.lm.expressions import ExpressionError, evaluate, names_in

__all__ = ["NUMBER", "SLOT", "SlotError", "chained", "display", "fill", "number_env", "slot_names", "to_number"]

SLOT = re.compile(r"⟨(?:([a-z][a-z0-9_]*)?(=))?([^⟨⟩:=]+(?:==[^⟨⟩:]*)?)(?::([a-z][0-9]?))?⟩")
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
    """Every slot that a delexicalised text takes from outside, also inside computed ones."""
    names: set[str] = set()
    defined: set[str] = set()
    for target, computed, body, _ in SLOT.findall(text):
        names.update((names_in(body) if computed else {body}) - defined)
        if target:
            defined.add(target)
    return names


def fill(text: str, slots: Mapping[str, str]) -> str:
    """The delexicalised text with every slot replaced, from left to right.

    Raises:
        SlotError: a slot is unknown, is no number where one is needed, or has no exact value.
    """
    env: dict[str, Fraction] | None = None
    shown: dict[str, str] = dict(slots)

    def replace(match: re.Match[str]) -> str:
        nonlocal env
        target, computed, body, form = match.groups()
        if not computed and form in (None, "c"):
            if body not in shown:
                raise SlotError(f"slot {body!r} is not given")
            return shown[body] if form is None else shown[body][:1].upper() + shown[body][1:]
        if env is None:
            env = number_env(slots)
        try:
            value = evaluate(body, env)
        except ExpressionError as error:
            raise SlotError(f"a computed slot has no value: {error}") from error
        result = display(value, form)
        if target:
            env[target] = value
            shown[target] = result
        return result

    return SLOT.sub(replace, text)


@lru_cache(maxsize=16384)
def _tree(expression: str) -> ast.expr:
    return ast.parse(expression.strip(), mode="eval").body


class _Reuse(ast.NodeTransformer):
    """Replaces every part of an expression that was computed before by its name."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known = known

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr) and not isinstance(node, ast.Name | ast.Constant):
            name = self.known.get(ast.unparse(node))
            if name is not None:
                return ast.Name(id=name, ctx=ast.Load())
        return self.generic_visit(node)


@lru_cache(maxsize=65536)
def _reused(expression: str, known: tuple[tuple[str, str], ...]) -> str:
    tree = deepcopy(_tree(expression))
    return ast.unparse(_Reuse(dict(known)).visit(tree)).replace(" ", "")


def chained(text: str) -> str:
    """The same text with each computed slot named once (`⟨r1=n3-n2⟩`) and read afterwards (`⟨r1⟩`, `⟨r2=r1/n1⟩`).

    These are the symbolic steps: what a model writes stays short, and no value is derived twice.
    """
    known: dict[str, str] = {}

    def replace(match: re.Match[str]) -> str:
        target, computed, body, form = match.groups()
        if not computed or target:
            return match.group()
        whole = ast.unparse(_tree(body))
        suffix = f":{form}" if form else ""
        if whole in known:
            return f"⟨={known[whole]}{suffix}⟩" if form else f"⟨{known[whole]}⟩"
        short = _reused(body, tuple(known.items()))
        known[whole] = f"r{len(known) + 1}"
        return f"⟨{known[whole]}={short}{suffix}⟩"

    return SLOT.sub(replace, text)
