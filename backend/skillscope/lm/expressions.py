"""Exact arithmetic over named slots: small expressions, evaluated with fractions.

Only arithmetic, comparisons and the functions below are understood, so an expression written by a language model
can be evaluated as it stands: nothing else can be reached, and size is bounded.
"""

import ast
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache

from skillscope.errors import InputError

__all__ = ["ExpressionError", "evaluate", "holds", "names_in"]

Env = Mapping[str, Fraction]
_Node = Callable[[Env], Fraction]

MAX_LENGTH = 200
MAX_EXPONENT = 12
MAX_BITS = 400


class ExpressionError(InputError):
    """An expression cannot be read, or has no exact value."""


def _sqrt(value: Fraction) -> Fraction:
    if value >= 0:
        top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if top * top == value.numerator and bottom * bottom == value.denominator:
            return Fraction(top, bottom)
    raise ExpressionError("sqrt of a number that is no perfect square")


def _whole(value: Fraction) -> int:
    if value.denominator != 1:
        raise ExpressionError("a whole number is needed")
    return value.numerator


def _round(value: Fraction, places: Fraction = Fraction(0)) -> Fraction:
    """Half away from zero, as taught in school."""
    scale = 10 ** _whole(places)
    return Fraction(math.floor(abs(value) * scale + Fraction(1, 2)), scale) * (1 if value >= 0 else -1)


def _gcd(a: Fraction, b: Fraction) -> Fraction:
    return Fraction(math.gcd(_whole(a), _whole(b)))


FUNCTIONS: dict[str, Callable[..., Fraction]] = {
    "abs": abs,
    "ceil": lambda a: Fraction(math.ceil(a)),
    "floor": lambda a: Fraction(math.floor(a)),
    "gcd": _gcd,
    "max": max,
    "min": min,
    "round": _round,
    "sqrt": _sqrt,
    "isint": lambda a: Fraction(a.denominator == 1),
    "issquare": lambda a: Fraction(a >= 0 and math.isqrt(_whole(a)) ** 2 == a),
}


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    power = _whole(exponent)
    if abs(power) > MAX_EXPONENT:
        raise ExpressionError(f"an exponent beyond {MAX_EXPONENT}")
    return Fraction(base**power)


_BINARY: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: _power,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Fraction, Fraction], bool]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
}


def _name(identifier: str) -> _Node:
    def read(env: Env) -> Fraction:
        try:
            return env[identifier]
        except KeyError:
            raise ExpressionError(f"slot {identifier!r} has no number") from None

    return read


def _compare(node: ast.Compare) -> _Node:
    left, rights = _build(node.left), [_build(right) for right in node.comparators]
    tests = [_COMPARE[type(op)] for op in node.ops]

    def run(env: Env) -> Fraction:
        value = left(env)
        for test, right in zip(tests, rights, strict=True):
            other = right(env)
            if not test(value, other):
                return Fraction(0)
            value = other
        return Fraction(1)

    return run


def _logic(node: ast.BoolOp) -> _Node:
    parts = [_build(value) for value in node.values]
    joined = all if isinstance(node.op, ast.And) else any
    return lambda env: Fraction(joined(part(env) != 0 for part in parts))


def _binary(node: ast.BinOp) -> _Node:
    left, right, operate = _build(node.left), _build(node.right), _BINARY[type(node.op)]

    def run(env: Env) -> Fraction:
        value = operate(left(env), right(env))
        if value.numerator.bit_length() + value.denominator.bit_length() > MAX_BITS:
            raise ExpressionError("a number grew too large")
        return value

    return run


def _unary(node: ast.UnaryOp) -> _Node:
    inner = _build(node.operand)
    if isinstance(node.op, ast.USub):
        return lambda env: -inner(env)
    if isinstance(node.op, ast.Not):
        return lambda env: Fraction(inner(env) == 0)
    return inner


def _call(node: ast.Call) -> _Node:
    if not isinstance(node.func, ast.Name) or node.keywords:
        raise ExpressionError("only the known functions can be called")
    function = FUNCTIONS[node.func.id]
    arguments = [_build(argument) for argument in node.args]
    return lambda env: Fraction(function(*(argument(env) for argument in arguments)))


def _build(node: ast.AST) -> _Node:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            fixed = Fraction(str(number))
            return lambda env: fixed
        case ast.Name(id=identifier):
            return _name(identifier)
        case ast.BinOp():
            return _binary(node)
        case ast.UnaryOp():
            return _unary(node)
        case ast.Compare():
            return _compare(node)
        case ast.BoolOp():
            return _logic(node)
        case ast.Call():
            return _call(node)
    raise ExpressionError(f"{type(node).__name__} is not arithmetic")


@lru_cache(maxsize=8192)
def _compiled(expression: str) -> _Node:
    if len(expression) > MAX_LENGTH:
        raise ExpressionError(f"an expression longer than {MAX_LENGTH} characters")
    try:
        return _build(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, KeyError, ValueError, RecursionError) as error:
        raise ExpressionError("an expression that is no arithmetic over slots") from error


def evaluate(expression: str, env: Env) -> Fraction:
    """The exact value of an expression such as `(c - b)/a` where every name has a number.

    Raises:
        ExpressionError: it cannot be read, a name has no number, or there is no exact value.
    """
    try:
        return Fraction(_compiled(expression)(env))
    except (ZeroDivisionError, OverflowError, TypeError, ValueError) as error:
        raise ExpressionError("an expression without a value (division by zero, or a wrong argument)") from error


def holds(condition: str, env: Env) -> bool:
    """Whether a condition such as `a != b and gcd(a, b) == 1` is true. Raises like `evaluate`."""
    return evaluate(condition, env) != 0


@lru_cache(maxsize=8192)
def names_in(expression: str) -> frozenset[str]:
    """The slots that an expression reads, functions left out."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except SyntaxError as error:
        raise ExpressionError("an expression that is no arithmetic over slots") from error
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)) - FUNCTIONS.keys()
