"""Checks questions with SymPy, independently of the exact-fraction checks that made them.

SymPy is loaded on first use: questions are checked when a bank is generated, never while a student waits.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from skillscope.lm.slots import to_number
from skillscope.tutoring.mathtext import Context, MathError, Relation, Tree, relations_in
from skillscope.tutoring.questions.model import Question, math_context

__all__ = ["symbolic_faults"]


@cache
def _sympy() -> Any:
    import sympy  # loaded late: half a second

    return sympy


def _convert(tree: Tree, letters: Mapping[str, Any], context: Context) -> Any:
    sympy = _sympy()
    head = tree[0]
    if head == "num":
        return sympy.Rational(str(tree[1]))
    if head == "var":
        name = str(tree[1])
        if name == "π":
            return sympy.pi
        return letters.get(name, sympy.Symbol(name, positive=True))
    if head == "call":
        argument, body = (context.functions or {})[str(tree[1])]
        return _convert(body, {**letters, argument: _convert(_part(tree[2]), letters, context)}, context)
    parts = [_convert(_part(part), letters, context) for part in tree[1:]]
    if len(parts) == 1:
        return {"neg": lambda a: -a, "abs": sympy.Abs, "sqrt": sympy.sqrt}[str(head)](parts[0])
    left, right = parts
    return {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left / right,
        "^": lambda: left**right,
    }[str(head)]()


def _part(part: object) -> Tree:
    if not isinstance(part, tuple):
        raise MathError("a broken tree")
    return part


def _proved(relation: Relation, context: Context, points: tuple[Mapping[str, Any], ...]) -> bool:
    sympy = _sympy()
    for point in points:
        left = _convert(relation.left, point, context)
        right = _convert(relation.right, point, context)
        if relation.op == "=" and sympy.simplify(left - right) == 0:
            return True
        if relation.op == "≠" and sympy.simplify(left - right) != 0:
            return True
        if relation.op == "≈" and abs(float(left - right)) <= 0.01 * max(abs(float(left)), 1e-9):
            return True
        if relation.op in "<>≤≥":
            statement = _relational(relation.op, left, right)
            if statement == sympy.true:
                return True
            if statement != sympy.false and context.region is not None:
                return _same_solutions(relation, context)
    return False


def _relational(op: str, left: Any, right: Any) -> Any:
    sympy = _sympy()
    return {"<": sympy.Lt, ">": sympy.Gt, "≤": sympy.Le, "≥": sympy.Ge}[op](left, right)


def _same_solutions(relation: Relation, context: Context) -> bool:
    sympy = _sympy()
    x = sympy.Symbol("x", real=True)
    sets = []
    for one in (relation, context.region):
        if one is None or len(one.variables) != 1:
            return False
        letters = dict.fromkeys(one.variables, x)
        statement = _relational(one.op, _convert(one.left, letters, context), _convert(one.right, letters, context))
        sets.append(statement.as_set())
    return bool(sets[0] == sets[1])


def symbolic_faults(question: Question) -> list[str]:
    """What SymPy cannot confirm: a relation in a step that is not true, or an answer equal to a wrong option."""
    sympy = _sympy()
    context = math_context(question)
    points = tuple({name: sympy.Rational(str(value)) for name, value in point.items()} for point in context.points)
    faults = []
    for step in question.steps:
        try:
            relations = relations_in(step.text)
        except MathError:
            faults.append("a step that cannot be read")
            continue
        faults += [f"a step is not true: {one.text}" for one in relations if not _proved(one, context, points)]
    answer = to_number(question.correct_answer)
    values = [to_number(option) for option in question.options]
    if answer is not None and sum(value == answer for value in values) > 1:
        faults.append("two options have the same value")
    return faults
