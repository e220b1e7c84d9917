"""Whether a text may be shown: every number from the input, arithmetic true, the right option, length, no slot left.

Meant for serving as much as for generation: exact fractions and regular expressions, no symbolic algebra. A verdict
names every reason, so that a refused answer can be counted by cause.
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from skillscope.errors import SkillscopeError
from skillscope.lm.slots import NUMBER, SLOT, fill
from skillscope.lm.verify import Verdict, numbers_in, verify_form
from skillscope.tutoring.adapt import Adjustment, adapt_plan, parse_plan_input
from skillscope.tutoring.mathtext import RELATIONS, MathError, Relation, false_statements, numbers_of, relations_in
from skillscope.tutoring.performance import (
    FAST_SECONDS,
    MAX_PROFICIENCY,
    SLOW_SECONDS,
    SkillPerformance,
    accuracy_band,
    parse_feedback_input,
    percent,
    time_band,
)
from skillscope.tutoring.questions.model import Question, math_context, question_prompt

__all__ = ["verify_explanation", "verify_feedback", "verify_pair", "verify_plan"]

CONSTANTS = frozenset(map(Fraction, (0, 1, 2, 3, 4, 5, 6, 10, 60, 90, 100, 180, 360)))
"""Numbers that an explanation may bring in: small counts, a whole in percent, seconds, degrees."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_CLAIMS = (("super quick", "fast"), ("a bit slow", "slow"), ("solid work", "high"), ("room to grow", "low"))
_KEEPING = re.compile(
    r"\b(keep|stay|stays|no change|nothing|carry on|leave the plan|hold on|follow the plan|let the plan|as planned)\b",
    re.IGNORECASE,
)
_SECONDS = re.compile(r"(\d+(?:\.\d+)?) ?(?:s\b|seconds\b)")
_OF_THE_CHOICE = re.compile(r"\b(your (choice|pick)|like yours|the option you|you picked)", re.IGNORECASE)


def _mentions(text: str, names: Iterable[str]) -> list[tuple[int, str]]:
    """Where names stand, longest first so that `Functions` is not found inside `Linear Functions`."""
    found: list[tuple[int, str]] = []
    for name in sorted(names, key=len, reverse=True):
        at = text.find(name)
        while at >= 0:
            end = at + len(name)
            alone = not (text[at - 1 : at].isalnum() or text[end : end + 1].isalnum())
            if alone and not any(start <= at < start + len(longer) for start, longer in found):
                found.append((at, name))
            at = text.find(name, end)
    return sorted(found)


def _without_names(text: str, names: Iterable[str]) -> str:
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "·")
    return text


def _feedback_numbers(sentence: str, rows: Sequence[SkillPerformance]) -> list[str]:
    """The numbers of a sentence, by the role that their wording gives them, against the skills it speaks of."""
    wrong: list[str] = []

    def check(pattern: str, allowed: Collection[tuple[str, ...]], role: str) -> None:
        nonlocal sentence
        if any(match.groups() not in allowed for match in re.finditer(pattern, sentence)):
            wrong.append(f"{role} that the input does not give")
        sentence = re.sub(pattern, " ", sentence)

    counts = {(str(row.correct), str(row.total)) for row in rows}
    missed = {(str(row.total - row.correct), str(row.total)) for row in rows}
    level = {(f"{row.proficiency:.1f}", str(MAX_PROFICIENCY)) for row in rows if row.proficiency is not None}
    seconds = {(f"{row.avg_time:g}",) for row in rows if row.avg_time is not None}
    seconds |= {(str(FAST_SECONDS),), (str(SLOW_SECONDS),)}
    check(r"(\d+(?:\.\d+)?)%", {(str(percent(row.correct, row.total)),) for row in rows}, "a percent")
    check(r"(\d+)/(\d+)", counts, "a score")
    check(r"(\d+(?:\.\d+)?) (?:right |correct )?(?:out )?of (?:your )?(\d+)", counts | missed | level, "a score")
    check(r"(\d+(?:\.\d+)?) ?(?:s\b|seconds\b)", seconds, "a time")
    check(r"(\d+\.\d+)", {(prof,) for prof, _ in level}, "a proficiency")
    whole = {str(number) for row in rows for number in (row.correct, row.total, row.total - row.correct)}
    whole |= {str(min(int(row.proficiency) + 1, MAX_PROFICIENCY)) for row in rows if row.proficiency is not None}
    check(r"(\d+)", {(number,) for number in whole}, "a number")
    return wrong


def _claims(sentence: str, rows: Sequence[SkillPerformance]) -> list[str]:
    bands = {accuracy_band(row.accuracy) for row in rows} | {
        time_band(row.avg_time) for row in rows if row.avg_time is not None
    }
    return [f"“{claim}” does not fit" for claim, band in _CLAIMS if claim in sentence and band not in bands]


def verify_feedback(performance: str | Sequence[SkillPerformance], output: str) -> Verdict:
    """Feedback against its input: numbers by role and skill, all skills named with score, time and forecast, order.

    Raises:
        SchemaError: the input is malformed.
    """
    rows = parse_feedback_input(performance) if isinstance(performance, str) else list(performance)
    reasons = [*verify_form("feedback", output).reasons]
    by_name = {row.skill: row for row in rows}
    current = [rows[0]] if len(rows) == 1 else []
    for sentence in _SENTENCE.split(output):
        named = [by_name[name] for _, name in _mentions(sentence, by_name)]
        current = named or current
        plain = _without_names(sentence, by_name)
        if not current and NUMBER.search(plain):
            reasons.append("a number before any skill is named")
            continue
        reasons += _feedback_numbers(plain, current) + _claims(sentence, current)
    order = list(dict.fromkeys(name for _, name in _mentions(output, by_name)))
    reasons += [f"skill {index} is not named" for index, name in enumerate(by_name, 1) if name not in order]
    accuracies = [by_name[name].accuracy for name in order]
    if any(later > earlier for earlier, later in pairwise(accuracies)):
        reasons.append("a weakness is named before a strength")
    times = _SECONDS.findall(output)
    for row in rows:
        needed = ((f"{percent(row.correct, row.total)}%",), (f"{row.correct}/{row.total}", f"{row.correct} of"))
        if not any(text in output for texts in needed for text in texts):
            reasons.append("a score is missing")
        if row.avg_time is not None and f"{row.avg_time:g}" not in times:
            reasons.append("a time is missing")
        if row.proficiency is not None and f"{row.proficiency:.1f}" not in output:
            reasons.append("a proficiency is missing")
    return Verdict(tuple(dict.fromkeys(reasons)))


def _plan_reasons(adjustment: Adjustment, output: str) -> list[str]:
    reasons: list[str] = []
    days = {int(day) for day in re.findall(r"\bday (\d+)", output, re.IGNORECASE)}
    right = {day for day in (adjustment.day, adjustment.other_day) if day is not None}
    if not days <= right:
        reasons.append("a day that does not change")
    if adjustment.changed and not right <= days:
        reasons.append("a day that changes is missing")
    if adjustment.changed and re.search(r"\b(keep it|no change|nothing to move|as planned)\b", output, re.IGNORECASE):
        reasons.append("says to keep a plan that changes")
    if not adjustment.changed and not _KEEPING.search(output):
        reasons.append("does not say to keep the plan")
    word = {"switch": "practice", "lesson": "lesson", "harder": "challenge"}.get(adjustment.action)
    if word and word not in output.lower():
        reasons.append(f"does not say {word}")
    return reasons


def verify_plan(given: str | tuple[Mapping[str, Any], Sequence[SkillPerformance]], output: str) -> Verdict:
    """A plan adjustment against its input: the decision of the policy, its days, skills and numbers.

    Raises:
        SchemaError: the input is malformed.
    """
    plan, rows = parse_plan_input(given) if isinstance(given, str) else given
    adjustment = adapt_plan(plan, rows)
    focus = adjustment.focus
    reasons = [*verify_form("plan", output).reasons, *_plan_reasons(adjustment, output)]
    names = {row.skill for row in rows} | {str(task["skill"]) for tasks in plan.values() for task in tasks}
    mentioned = {name for _, name in _mentions(output, names)}
    expected = {focus.skill} | ({adjustment.old} if adjustment.old else set())
    if focus.skill not in mentioned:
        reasons.append("the skill in question is not named")
    if adjustment.old and adjustment.old not in mentioned:
        reasons.append("the skill that gives way is not named")
    if mentioned - expected:
        reasons.append("a skill that has nothing to do with the change")
    plain = re.sub(r"\bday \d+", " ", _without_names(output, names), flags=re.IGNORECASE)
    allowed = {focus.correct, focus.total, percent(focus.correct, focus.total)}
    allowed |= {day for day in (adjustment.day, adjustment.other_day) if day is not None}
    if any(number not in allowed for number in numbers_in(plain)):
        reasons.append("a number that the input does not give")
    return Verdict(tuple(reasons))


def _derivable(number: float, known: Sequence[float]) -> bool:
    """Whether a number is one operation away from known ones; a rounded quotient counts."""

    def near(value: float) -> bool:
        return math.isclose(value, number, rel_tol=1e-9, abs_tol=1e-9)

    for a in known:
        if near(math.floor(a)) or near(a * a) or near(a * a * a) or near(a / 100) or (a >= 0 and near(math.sqrt(a))):
            return True
        for b in known:
            if near(a + b) or near(a - b) or near(a * b):
                return True
            if b and (near(a / b) or abs(a / b - number) < 0.005001):
                return True
            if 0 <= b <= 12 and b == int(b) and a and abs(a) < 1000 and near(a**b):
                return True
    return False


def _relations(output: str) -> tuple[Relation, ...]:
    try:
        return relations_in(output)
    except MathError:
        return ()


def _foreign_numbers(question: Question, output: str, chosen: str | None) -> list[str]:
    """Numbers that neither stand in the question nor follow from it by a written relation or a single operation."""
    known = [float(number) for number in numbers_in(question_prompt(question))] + [float(n) for n in CONSTANTS]
    if chosen:
        known += [float(number) for number in numbers_in(chosen)]
    for relation in _relations(output):  # all of them true by now: what stands right follows from what stands left
        left = [float(number) for number in numbers_of(relation.left)]
        if all(number in known or _derivable(number, known) for number in left):
            known += left + [float(number) for number in numbers_of(relation.right)]
    for number in map(float, numbers_in(output)):
        if number in known:
            continue
        if not _derivable(number, known):
            return ["a number that does not follow from the question"]
        known.append(number)
    return []


def _stands_in(text: str, option: str) -> bool:
    """Whether a text gives an option as an answer: words in quotation marks, numbers and formulas as they stand."""
    if option not in text:
        return False
    if re.search(r"[A-Za-z]{2,}", option):
        return f"“{option}”" in text
    return re.search(rf"(?<![\w.]){re.escape(option)}(?![\w]|\.\w)", text) is not None


def verify_explanation(
    question: Question, output: str, chosen: str | None = None, *, delex: str | None = None
) -> Verdict:
    """An explanation against its question: every relation true, every number derivable, the right option at the end.

    `delex` is the delexicalised text that `output` was filled from: where it is given, numbers are traced exactly (each
    slot reads the question's slots, each literal number is a known constant); otherwise one operation at a time.
    """
    reasons = [*verify_form("explanation", output).reasons]
    quoted = chosen is not None and any(sign in chosen for sign in RELATIONS)
    stated = output.replace(str(chosen), "…") if quoted else output  # a wrong equation may be quoted as the choice
    reasons += [f"not true: {text}" for text in false_statements(stated, math_context(question))]
    last = _SENTENCE.split(output)[-1]
    if question.correct_answer not in output[-len(last) - len(question.correct_answer) - 8 :]:
        reasons.append("does not end in the right option")
    if any(_stands_in(last.replace(question.correct_answer, " "), option) for option in question.options):
        reasons.append("ends in a wrong option")
    if chosen is not None and chosen not in output and not _OF_THE_CHOICE.search(output):
        reasons.append("does not speak of the chosen option")
    if delex is None:
        reasons += _foreign_numbers(question, output, chosen)
    else:
        literals = {Fraction(number) for number in NUMBER.findall(SLOT.sub(" ", delex))}
        given = set(numbers_in(question_prompt(question)))
        if not literals <= CONSTANTS | given:
            reasons.append("a number that does not follow from the question")
    return Verdict(tuple(dict.fromkeys(reasons)))


def verify_pair(row: Mapping[str, Any]) -> Verdict:
    """One line of a pairs file: its round trip (delexicalised text filled = output) and its content."""
    reasons: list[str] = []
    try:
        if fill(row["output_delex"], row["slots"]) != row["output"]:
            reasons.append("the filled text is not the output")
        if row["kind"] == "feedback":
            verdict = verify_feedback(row["input"], row["output"])
        elif row["kind"] == "plan":
            verdict = verify_plan(row["input"], row["output"])
        else:
            question = Question.from_json(row["question"])
            if not row["input"].startswith(question_prompt(question)):
                reasons.append("the input is not the question")
            verdict = verify_explanation(question, row["output"], row["chosen"], delex=row["output_delex"])
    except SkillscopeError as error:
        return Verdict((f"malformed: {error}",))
    except KeyError as error:
        return Verdict((f"the field {error} is missing",))
    return Verdict((*reasons, *verdict.reasons))
