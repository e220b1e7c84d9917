"""The normalised key of an equation: renaming letters or swapping sides or terms makes no new equation."""

import re
from collections import Counter
from fractions import Fraction
from itertools import permutations

from skillscope.tutoring.mathtext import MathError, Relation, Tree, relations_in

__all__ = ["equation_key"]

Polynomial = dict[tuple[tuple[str, int], ...], Fraction]
_TURNED = {"<": ">", ">": "<", "≤": "≥", "≥": "≤"}


def _times(left: Polynomial, right: Polynomial) -> Polynomial:
    product: Polynomial = {}
    for powers, a in left.items():
        for others, b in right.items():
            merged = Counter(dict(powers))
            merged.update(dict(others))
            key = tuple(sorted(merged.items()))
            product[key] = product.get(key, Fraction(0)) + a * b
    return product


def _polynomial(tree: Tree) -> Polynomial | None:
    head = tree[0]
    if head == "num":
        return {(): Fraction(str(tree[1]))}
    if head == "var":
        return {((str(tree[1]), 1),): Fraction(1)}
    parts = [known for part in tree[1:] if isinstance(part, tuple) and (known := _polynomial(part)) is not None]
    if head == "neg" and len(parts) == 1:
        return _times(parts[0], {(): Fraction(-1)})
    if head not in ("+", "-", "*", "/", "^") or len(parts) != 2:
        return None
    first, second = parts
    if head in ("+", "-"):
        return _plus(first, second, 1 if head == "+" else -1)
    return _times(first, second) if head == "*" else _scaled(head, first, second)


def _plus(first: Polynomial, second: Polynomial, sign: int) -> Polynomial:
    total = dict(first)
    for powers, value in second.items():
        total[powers] = total.get(powers, Fraction(0)) + sign * value
    return total


def _scaled(head: str, first: Polynomial, second: Polynomial) -> Polynomial | None:
    """A quotient by a number, or a small whole power; None for anything else."""
    if set(second) != {()}:
        return None
    constant = second[()]
    if head == "/":
        return None if constant == 0 else _times(first, {(): 1 / constant})
    if constant.denominator != 1 or not 0 <= constant <= 6:
        return None
    power: Polynomial = {(): Fraction(1)}
    for _ in range(int(constant)):
        power = _times(power, first)
    return power


def _written(polynomial: Polynomial, letters: dict[str, str]) -> str:
    terms = {
        "*".join(sorted(f"{letters[name]}^{power}" for name, power in powers)): value
        for powers, value in polynomial.items()
        if value
    }
    return ",".join(f"{value}{'*' + name if name else ''}" for name, value in sorted(terms.items())) or "0"


def _relation_key(relation: Relation, letters: dict[str, str]) -> str | None:
    left, right = _polynomial(relation.left), _polynomial(relation.right)
    if left is None or right is None:
        return None
    sides = [_written(left, letters), _written(right, letters)]
    op = relation.op
    if sides[0] > sides[1]:
        sides.reverse()
        op = _TURNED.get(op, op)
    return f"{sides[0]}{op}{sides[1]}"


def equation_key(text: str) -> str:
    """One string for all writings of the same equation(s); `;` joins the equations of a system.

    >>> equation_key("3x + 4 = 13") == equation_key("13 = 4 + 3t")
    True
    """
    try:
        relations = [relation for part in text.split(";") for relation in relations_in(part)]
    except MathError:
        return re.sub(r"\s+", "", text)
    names = sorted({name for relation in relations for name in relation.variables})
    if len(names) > 3 or not relations:
        return re.sub(r"\s+", "", text)
    keys = []
    for order in permutations(range(len(names))):
        letters = {name: f"v{order[index]}" for index, name in enumerate(names)}
        parts = [_relation_key(relation, letters) for relation in relations]
        if None in parts:
            return re.sub(r"\s+", "", text)
        keys.append(";".join(sorted(part for part in parts if part is not None)))
    return min(keys)
