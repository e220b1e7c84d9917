"""Reads the mathematics in a sentence and says whether it is true, with exact fractions.

`3x + 4 = 13`, `√(9) = 3`, `2 × 3² = 18`, `x > 3`, `f(2) = 7` and `20% = 0.2` are found inside ordinary prose, parsed
and checked: an equation is true when it is an identity or holds at one of the given points (a solution, or a point of
the line); `≈` allows one part in a hundred. Where two sides only meet at irrational numbers, they are compared to nine
digits.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from skillscope.errors import InputError

__all__ = [
    "RELATIONS",
    "Context",
    "MathError",
    "Relation",
    "Tree",
    "false_statements",
    "is_true",
    "numbers_of",
    "parse",
    "relations_in",
]

Number = Fraction | float
Tree = tuple[Any, ...]
"""`("num", Fraction)`, `("var", name)`, `("neg"|"sqrt"|"abs", tree)`, `("+"|"-"|"*"|"/"|"^", tree, tree)` or
`("call", name, tree)`."""

RELATIONS = ("=", "≠", "<", ">", "≤", "≥", "≈")
_TOKEN = re.compile(
    r"(?P<num>[0-9]+(?:\.[0-9]+)?)|(?P<word>[A-Za-zθπ](?:[A-Za-z']|-(?=[A-Za-z]))*)|(?P<sup>[²³])"
    r"|(?P<op>[-+−–*×·/÷^()|√%])|(?P<rel>[=≠<>≤≥≈])|(?P<skip>[$°])|(?P<space>\s+)|(?P<other>.)",
    re.DOTALL,
)
_SAME = {"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/"}
_NOT_VARIABLES = {"a", "A", "I"}
_FUNCTION_NAMES = frozenset("fghpCPSV")
_PROBES = (Fraction(7, 3), Fraction(-5, 2), Fraction(11, 7))


class MathError(InputError):
    """A stretch of text looks like mathematics but cannot be read."""


@dataclass(frozen=True)
class Relation:
    """`left op right`, the text it was read from, and the variables that it holds."""

    left: Tree
    op: str
    right: Tree
    text: str
    variables: frozenset[str]


@dataclass(frozen=True)
class Context:
    """What is known about a question's letters.

    `points`: assignments at which equations hold; `functions`: name -> (argument, body); `region`: the inequality
    that every inequality in one variable must be equivalent to.
    """

    points: tuple[Mapping[str, Fraction], ...] = ()
    functions: Mapping[str, tuple[str, Tree]] | None = None
    region: Relation | None = None


class _Parser:
    """Recursive descent over one side of a relation."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self.tokens, self.at = tokens, 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self, text: str) -> bool:
        if self.peek()[1] == text and self.peek()[0] == "op":
            self.at += 1
            return True
        return False

    def whole(self) -> Tree:
        tree = self.sum()
        if self.at != len(self.tokens):
            raise MathError("unread mathematics")
        return tree

    def sum(self) -> Tree:
        tree = self.product()
        while self.peek()[1] in ("+", "-") and self.peek()[0] == "op":
            op = self.peek()[1]
            self.at += 1
            tree = (op, tree, self.product())
        return tree

    def product(self) -> Tree:
        tree = self.signed()
        while True:
            kind, text = self.peek()
            if kind == "op" and text in "*/":
                self.at += 1
                tree = (text, tree, self.signed())
            elif kind in ("word",) or (kind == "op" and text in "(√") or kind == "num":
                tree = ("*", tree, self.power())
            else:
                return tree

    def signed(self) -> Tree:
        if self.take("-"):
            return ("neg", self.signed())
        if self.take("+"):
            return self.signed()
        return self.power()

    def power(self) -> Tree:
        tree = self.atom()
        while True:
            kind, text = self.peek()
            if kind == "sup":
                self.at += 1
                tree = ("^", tree, ("num", Fraction(2 if text == "²" else 3)))
            elif self.take("^"):
                tree = ("^", tree, self.atom() if not self.take("-") else ("neg", self.atom()))
            elif self.take("%"):
                tree = ("/", tree, ("num", Fraction(100)))
            else:
                return tree

    def atom(self) -> Tree:
        kind, text = self.peek()
        self.at += 1
        if kind == "num":
            return ("num", Fraction(text))
        if kind == "word":
            if text in _FUNCTION_NAMES and self.peek() == ("op", "("):
                self.at += 1
                return ("call", text, self._closed(")"))
            return ("var", text)
        if (kind, text) == ("op", "("):
            return self._closed(")")
        if (kind, text) == ("op", "|"):
            return ("abs", self._closed("|"))
        if (kind, text) == ("op", "√"):
            return ("sqrt", self.atom())
        raise MathError("a number, a letter or a bracket is missing")

    def _closed(self, end: str) -> Tree:
        tree = self.sum()
        if not self.take(end):
            raise MathError(f"a {end!r} is missing")
        return tree


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        yield kind, _SAME.get(match.group(), match.group())


@lru_cache(maxsize=16384)
def parse(text: str) -> Tree:
    """The tree of one expression, such as `3(x + 2)²`.

    Raises:
        MathError: it is no expression.
    """
    tokens = [(kind, token) for kind, token in _tokens(text) if kind not in ("space", "skip")]
    if not tokens or any(kind in ("rel", "other") or (kind == "word" and len(token) > 1) for kind, token in tokens):
        raise MathError("no expression")
    return _Parser(tokens).whole()


def _letters(tree: Tree) -> frozenset[str]:
    if tree[0] == "var":
        return frozenset((str(tree[1]),))
    return frozenset().union(*(_letters(part) for part in tree[1:] if isinstance(part, tuple)), frozenset())


def numbers_of(tree: Tree) -> list[Fraction]:
    """Every number written in an expression, left to right."""
    if tree[0] == "num":
        return [tree[1]]
    return [number for part in tree[1:] if isinstance(part, tuple) for number in numbers_of(part)]


def _trimmed(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Brackets of prose taken off: `(the total is 5 + 3 = 8)` leaves a lone `)` at the end."""
    depth = 0
    for index, part in enumerate(tokens):
        depth += {("op", "("): 1, ("op", ")"): -1}.get(part, 0)
        if depth < 0:
            return tokens[:index]
    while depth > 0 and tokens and tokens[0] == ("op", "("):
        tokens, depth = tokens[1:], depth - 1
    while depth > 0 and tokens and tokens[-1] == ("op", "("):
        tokens, depth = tokens[:-1], depth - 1
    return tokens


def _relations(run: list[tuple[str, str]]) -> Iterator[Relation]:
    sides: list[list[tuple[str, str]]] = [[]]
    ops: list[str] = []
    for kind, token in run:
        if kind == "rel":
            ops.append(token)
            sides.append([])
        elif kind not in ("space", "skip"):
            sides[-1].append((kind, token))
    if not ops or (len(sides) == 2 and not (sides[0] and sides[1])):
        return
    text = "".join(token for _, token in run).strip()
    sides = [side for side in sides if side]
    if len(sides) < 2:
        raise MathError("relation signs in a row have nothing between them")
    if len(sides) < len(ops) + 1:
        ops = ops[len(ops) + 1 - len(sides) :]
    sides[0], sides[-1] = _trimmed(sides[0]), _trimmed(sides[-1])
    trees = [_Parser(side).whole() for side in sides]
    for left, op, right in zip(trees, ops, trees[1:], strict=False):
        yield Relation(left, op, right, text, _letters(left) | _letters(right))


@lru_cache(maxsize=16384)
def relations_in(text: str) -> tuple[Relation, ...]:
    """Every relation written in a text, in order; a chain `a = b = c` gives two.

    Raises:
        MathError: a relation sign has something unreadable beside it.
    """
    if not any(sign in text for sign in RELATIONS):
        return ()
    found: list[Relation] = []
    run: list[tuple[str, str]] = []
    for kind, token in (*_tokens(text), ("other", "")):
        is_word = kind == "word" and (len(token) > 1 or token in _NOT_VARIABLES)
        if kind == "other" or is_word:
            found.extend(_relations(run))
            run = []
        else:
            run.append((kind, token))
    return tuple(found)


def _sqrt(value: Number) -> Number:
    if isinstance(value, Fraction) and value >= 0:
        top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if top * top == value.numerator and bottom * bottom == value.denominator:
            return Fraction(top, bottom)
    if value < 0:
        raise MathError("the square root of a negative number")
    return math.sqrt(value)


def _value(tree: Tree, env: Mapping[str, Number], context: Context) -> Number:
    head: str = tree[0]
    if head == "num":
        number: Fraction = tree[1]
        return number
    if head == "var":
        return env[tree[1]]
    first = _value(tree[2] if head == "call" else tree[1], env, context)
    if head == "call":
        argument, body = (context.functions or {})[tree[1]]
        return _value(body, {**env, argument: first}, context)
    if head in _UNARY:
        return _UNARY[head](first)
    return _BINARY[head](first, _value(tree[2], env, context))


def _raised(base: Number, exponent: Number) -> Number:
    if not -40 <= exponent <= 40:
        raise MathError("an exponent too large to check")
    if base < 0 and exponent != int(exponent):
        raise MathError("a root of a negative number")
    result: Number = base**exponent
    return result


_BINARY: dict[str, Callable[[Number, Number], Number]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": _raised,
}
_UNARY: dict[str, Callable[[Number], Number]] = {
    "neg": lambda a: -a,
    "abs": lambda a: a if a >= 0 else -a,
    "sqrt": _sqrt,
}


def _compare(left: Number, op: str, right: Number) -> bool:
    close = left == right or math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
    match op:
        case "=":
            return close
        case "≠":
            return not close
        case "<":
            return left < right and not close
        case ">":
            return left > right and not close
        case "≤":
            return left < right or close
        case "≥":
            return left > right or close
    return math.isclose(left, right, rel_tol=0.01)


def _at(relation: Relation, env: Mapping[str, Number], context: Context) -> bool:
    try:
        return _compare(_value(relation.left, env, context), relation.op, _value(relation.right, env, context))
    except (KeyError, ZeroDivisionError, OverflowError, MathError):
        return False


def _same_region(relation: Relation, region: Relation, context: Context) -> bool:
    """Whether two inequalities in one variable, the second one linear, have the same solutions.

    The boundary of the region is where its sides meet; both must agree there, close to it and away from it.
    """
    (letter,), (other,) = relation.variables, region.variables

    def gap(x: Fraction) -> Number:
        return _value(region.left, {other: x}, context) - _value(region.right, {other: x}, context)

    start = gap(Fraction(0))
    slope = gap(Fraction(1)) - start
    if not isinstance(start, Fraction) or not isinstance(slope, Fraction) or slope == 0:
        return False
    edge = -start / slope
    points = (edge + offset for offset in (-1000, -1, Fraction(-1, 1000), 0, Fraction(1, 1000), 1, 1000))
    return all(_at(relation, {letter: x}, context) == _at(region, {other: x}, context) for x in points)


def is_true(relation: Relation, context: Context) -> bool:
    """Whether a relation holds: as an identity, at one of the context's points, or as the same set of solutions."""
    letters = relation.variables
    for point in context.points or ({},):
        if letters <= point.keys() and _at(relation, point, context):
            return True
    free = letters - (context.points[0].keys() if context.points else set())
    if relation.op in "<>≤≥" and len(letters) == 1 and context.region is not None:
        return len(context.region.variables) == 1 and _same_region(relation, context.region, context)
    if relation.op == "=" and (free or len(letters) > 0):
        rows = [{name: probe + index for index, name in enumerate(sorted(letters))} for probe in _PROBES]
        positive = [{name: abs(value) for name, value in row.items()} for row in rows]
        return all(_at(relation, row, context) for row in positive) or all(_at(relation, row, context) for row in rows)
    return False if letters else _at(relation, {}, context)


def false_statements(text: str, context: Context) -> list[str]:
    """The relations in a text that are not true or cannot be read; an empty list is a clean bill."""
    try:
        relations = relations_in(text)
    except MathError:
        return ["mathematics that cannot be read"]
    return [relation.text for relation in relations if not is_true(relation, context)]
