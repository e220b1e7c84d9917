"""Draws one Math question from a family: numbers, wording, four options, and checks that they are right."""

import random
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from skillscope.errors import SchemaError
from skillscope.lm.expressions import ExpressionError, evaluate, holds
from skillscope.lm.slots import NUMBER, SLOT, SlotError, display, fill, to_number
from skillscope.tutoring.mathtext import Context, MathError, false_statements, is_true, relations_in
from skillscope.tutoring.questions.equations import equation_key
from skillscope.tutoring.questions.families import Family, load_words, misconceptions
from skillscope.tutoring.questions.model import Distractor, Question, Step, math_context
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["make_math_question", "number_slots", "renamed"]

TRIES = 400
PEOPLE = frozenset(("name", "surname", "other", "person", "who"))
MAX_OPTION = 10**7
MAX_DENOMINATOR = 1000
_RANGE = re.compile(r"(\d+)-(\d+)")
_BREAK = "\x1e"
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


def _parts(name: str, choice: Any) -> Iterator[tuple[str, Any]]:
    """The slots that one drawn word, number, list (`name0`, `name1`, …) or record (its keys) gives."""
    if isinstance(choice, dict):
        for key, part in choice.items():
            yield from _parts(key, part)
    elif isinstance(choice, list):
        yield from ((f"{name}{index}", part) for index, part in enumerate(choice))
    else:
        yield name, choice


def _drawn(family: Family, rng: random.Random, scale: int) -> tuple[dict[str, Fraction], dict[str, str]]:
    """One draw that meets every condition, as numbers and as shown text."""
    for _ in range(TRIES):
        numbers: dict[str, Fraction] = {}
        shown: dict[str, str] = {}
        for name, spec in family.draw.items():
            if isinstance(spec, str) and (bounds := _RANGE.fullmatch(spec)):
                factor = 1 if name in family.unscaled else scale
                numbers[name] = Fraction(rng.randint(int(bounds[1]), int(bounds[2]) * factor))
            else:
                choice = rng.choice(load_words()[spec[1:]] if isinstance(spec, str) else spec)
                for slot, part in _parts(name, choice):
                    if isinstance(part, int | float):
                        numbers[slot] = Fraction(str(part))
                    else:
                        shown[slot] = fill(part, shown)
        try:
            for name, expression in family.let.items():
                numbers[name] = evaluate(expression, numbers)
            if all(holds(condition, numbers) for condition in family.where):
                shown.update({name: display(value, family.format.get(name)) for name, value in numbers.items()})
                return numbers, shown
        except ExpressionError:
            continue
    raise SchemaError(f"family {family.id}: no draw meets its conditions in {TRIES} tries")


def number_slots(text: str, shown: dict[str, str]) -> tuple[str, dict[str, str], dict[str, str]]:
    """Every number of a text made a slot `n1`, `n2`, … in order of appearance: (delexicalised, slots, names).

    `names` maps the slots that the text was written with onto the numbered ones. The same is done to free text,
    where `shown` is empty: a question from outside and one of ours look alike.
    """
    slots: dict[str, str] = {}
    names: dict[str, str] = {}

    def add(number: str) -> str:
        name = f"n{1 + sum(slot[1:].isdigit() for slot in slots)}"
        slots[name] = number
        return f"⟨{name}⟩"

    parts: list[str] = []
    at = 0
    for match in (*SLOT.finditer(text), None):
        literal = text[at : match.start()] if match else text[at:]
        parts.append(NUMBER.sub(lambda found: add(found.group()), literal))
        if match is None:
            break
        at = match.end()
        value = fill(match.group(), shown)
        name = match.group(3)
        if NUMBER.fullmatch(value):
            parts.append(add(value))
            if not match.group(2):
                names.setdefault(name, parts[-1][1:-1])
        else:
            slots[name] = shown.get(name, value)
            names[name] = name
            parts.append(match.group())
    return "".join(parts), slots, names


def renamed(text: str, names: dict[str, str]) -> str:
    """A family's wording with its own slot names replaced by the question's.

    Raises:
        SchemaError: it uses a slot that the question does not show.
    """

    def one(match: re.Match[str]) -> str:
        _, computed, body, form = match.groups()

        def name(found: re.Match[str]) -> str:
            word = found.group()
            if word in names:
                return names[word]
            if computed and body[found.end() : found.end() + 1] == "(":
                return word
            raise SchemaError(f"slot {word!r} is not shown in the question")

        body = _IDENTIFIER.sub(name, body)
        return f"⟨{computed or ''}{body}{':' + form if form else ''}⟩"

    return SLOT.sub(one, text)


def _option_template(family: Family, value: str) -> str:
    if family.answer_text is not None:
        return value
    return f"⟨={value}:{family.form}⟩" if family.form else f"⟨={value}⟩"


def _coordinates(option: str) -> dict[str, Fraction] | None:
    numbers = [to_number(part.strip()) for part in option.strip("() ").split(",")]
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        return None
    return {"x": numbers[0], "y": numbers[1]}


def _passes(family: Family, option: str, shown: dict[str, str], context: Context) -> bool:
    """Whether an option is a right one, by substituting it back."""
    if family.answer_text is not None and "point" not in family.check:
        try:
            relations = relations_in(option)
        except MathError:
            return False
        if relations and not all(is_true(relation, context) for relation in relations):
            return False
    for check in family.check:
        if check == "point":
            point = _coordinates(option)
            equations = fill(family.equation or "", shown).split(";")
            if point is None or not all(
                is_true(relation, Context(points=(point,)))
                for equation in equations
                for relation in relations_in(equation)
            ):
                return False
            continue
        filled = fill(check.replace("⟨ANS⟩", option), shown)
        if false_statements(filled, context):
            return False
    return True


def _candidates(
    family: Family, shown: dict[str, str], answer: str, rng: random.Random
) -> Iterator[tuple[str, str, str]]:
    """(option, misconception, how one gets there) for each wrong option that can be shown, best first."""
    number = to_number(answer)
    rows = list(family.distractors.items())
    if family.answer is not None:
        slips = [f"({family.answer}) + {k}" for k in (1, 2, -1, 3, -2, 5, 10)]
        rows += [(f"arithmetic-slip.{index}", slip) for index, slip in enumerate(slips)]
    if family.section == "Reading and Writing":
        rng.shuffle(rows)
    for name, row in rows:
        value, why = (row[0], row[1]) if isinstance(row, list) else (row, "")
        try:
            option = fill(_option_template(family, value), shown)
        except SlotError:
            continue  # the misconception leads nowhere with these numbers
        if number is None or _believable(family, number, to_number(option)):
            yield option, name.split(".")[0], why


def _believable(family: Family, right: Fraction, wrong: Fraction | None) -> bool:
    """Whether a wrong number looks like an answer beside the right one: sign, wholeness, size."""
    if wrong is None or abs(wrong) > MAX_OPTION or wrong.denominator > MAX_DENOMINATOR:
        return False
    if wrong <= 0 < right and not family.signed:
        return False
    return family.fractions or wrong.denominator == 1 or right.denominator != 1


def _numeric(options: list[str]) -> bool:
    return all(to_number(option) is not None for option in options)


def _points(family: Family, shown: dict[str, str], numbers: dict[str, Fraction]) -> tuple[dict[str, str], ...]:
    return tuple(
        {fill(letter, shown): str(evaluate(value, numbers)) for letter, value in point.items()} for point in family.at
    )


def make_math_question(family: Family, rng: random.Random, identifier: str, *, scale: int = 1) -> Question:
    """One question of a family; `scale` multiplies the upper ends of what is drawn (for tests beyond the seen range).

    Raises:
        SchemaError: the family's wording, options or checks contradict each other (a fault of the family).
    """
    for _ in range(TRIES):
        question = _attempt(family, rng, identifier, scale)
        if question is not None:
            return question
    raise SchemaError(f"family {family.id}: four distinct options were not found in {TRIES} tries")


def _attempt(family: Family, rng: random.Random, identifier: str, scale: int) -> Question | None:
    numbers, shown = _drawn(family, rng, scale)
    wording = rng.choice(family.text)
    if family.passage:
        wording = f"{rng.choice(family.passage)}{_BREAK}{wording}"
    delex, slots, names = number_slots(wording, shown)
    passage_delex, _, text_delex = delex.rpartition(_BREAK)
    if family.section == "Reading and Writing":
        slots.update({name: text for name, text in shown.items() if name not in slots and name in family.used})
        names.update({name: name for name in slots if name not in names.values()})
    answer = fill(_option_template(family, family.answer_text or family.answer or ""), shown)
    points = _points(family, shown, numbers)
    draft = Question(
        id=identifier,
        family=family.id,
        skill=family.skill,
        domain=load_taxonomy().get(family.skill).domain,
        section=family.section,
        difficulty=family.difficulty,
        type=fill(family.type, shown),
        type_delex=renamed(family.type, names),
        text=fill(text_delex, slots),
        text_delex=text_delex,
        passage=fill(passage_delex, slots) if passage_delex else None,
        passage_delex=passage_delex or None,
        options=(),
        correct_answer=answer,
        rationale="",
        key=_key(family, shown, numbers),
        slots=slots,
        names=names,
        points=points,
        functions={fill(name, shown): fill(body, shown) for name, body in family.functions.items()},
        region=fill(family.region, shown) if family.region else None,
        provenance=f"template:{family.id}",
    )
    context = math_context(draft)
    if not _passes(family, answer, shown, context):
        raise SchemaError(f"family {family.id}: its answer fails its own check")
    wrong: list[Distractor] = []
    for option, misconception, why in _candidates(family, shown, answer, rng):
        taken = {answer, *(row.option for row in wrong)}
        if option in taken or ((family.check or family.answer_text) and _passes_alone(family, option, shown, context)):
            continue
        reasons = (why,) if why else misconceptions()[misconception]
        wrong.append(Distractor(option, misconception, renamed(rng.choice(reasons), names)))
        if len(wrong) == 3:
            break
    if len(wrong) < 3:
        return None
    options = [answer, *(row.option for row in wrong)]
    if _numeric(options):
        options.sort(key=lambda option: to_number(option) or Fraction(0))
    else:
        rng.shuffle(options)
    steps = tuple(_steps(family, rng, names, slots))
    return Question(
        **{
            **draft.__dict__,
            "options": tuple(options),
            "distractors": tuple(wrong),
            "steps": steps,
            "rationale": _rationale(steps, answer, quoted=family.section != "Math"),
            "answer_delex": "⟨answer⟩"
            if family.section != "Math"
            else renamed(_option_template(family, family.answer_text or family.answer or ""), names),
        }
    )


def _passes_alone(family: Family, option: str, shown: dict[str, str], context: Context) -> bool:
    """A wrong option that the checks would also accept; wordings without mathematics cannot be told by a check."""
    if family.check:
        return _passes(family, option, shown, context)
    try:
        return bool(relations_in(option)) and _passes(family, option, shown, context)
    except MathError:
        return False


def _steps(family: Family, rng: random.Random, names: dict[str, str], slots: dict[str, str]) -> Iterator[Step]:
    for variants in family.steps:
        delex = renamed(rng.choice(variants), names)
        yield Step(delex, fill(delex, slots))


def _rationale(steps: tuple[Step, ...], answer: str, *, quoted: bool) -> str:
    sentences = [f"{step.text[0].upper()}{step.text[1:]}." for step in steps]
    return " ".join([*sentences, f"The answer is “{answer}”." if quoted else f"The answer is {answer}."])


def _key(family: Family, shown: dict[str, str], numbers: dict[str, Fraction]) -> str:
    if family.equation:
        return f"{family.id.split('.')[0]}|{equation_key(fill(family.equation, shown))}"
    if family.section != "Math" and (subject := shown.get("id") or shown.get("word")):
        return f"{family.id}|{subject}"  # another researcher's name is no new item
    values = ",".join(f"{name}={value}" for name, value in sorted(numbers.items()))
    words = "" if values else ",".join(value for name, value in sorted(shown.items()) if name not in PEOPLE)
    return f"{family.id}|{values}{words}"
