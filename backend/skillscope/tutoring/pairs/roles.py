"""The numbers of a question named by what they are in its family, and not by where its wording puts them.

`3x + 4 = 13` and `13 = 4 + 3x` are questions of one family. Numbered from left to right, their numbers stand for
different things. A model that knows coefficient, constant and right side as n1, n2 and n3, whatever the wording, does
not have to work out which is which.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from skillscope.lm.slots import SLOT
from skillscope.tutoring.questions.families import Family, load_families
from skillscope.tutoring.questions.model import Question, Step

__all__ = ["by_role", "roles_of", "slots_renamed"]

_NUMBERED: Final = re.compile(r"n[1-9][0-9]*")
_WORD: Final = re.compile(r"(?<![A-Za-z0-9_])[a-z][a-z0-9_]*")


def _slots_of(family: Family) -> Iterator[str]:
    for wording in (*family.passage, *family.text):
        for _, computed, body, _ in SLOT.findall(wording):
            if not computed:
                yield body


@cache
def _orders() -> dict[str, tuple[str, ...]]:
    """For every Math family the slots of its wordings that can hold numbers, in the order of the first wording."""
    return {
        family.id: tuple(
            dict.fromkeys(
                slot
                for slot in _slots_of(family)
                if slot in family.let or not str(family.draw.get(slot, "@")).startswith("@")
            )
        )
        for families in load_families().values()
        for family in families
        if family.section == "Math"
    }


def roles_of(question: Question) -> dict[str, str]:
    """Number slots of a question -> their names by role; numbers without a role come behind, as they stand.

    Empty for a question that comes from no Math family.
    """
    order = _orders().get(question.family)
    if order is None:
        return {}
    places = {name: f"n{place}" for place, name in enumerate(order, start=1)}
    known = {
        slot: places[name] for name, slot in question.names.items() if name in places and _NUMBERED.fullmatch(slot)
    }
    others = sorted(int(slot[1:]) for slot in question.slots if _NUMBERED.fullmatch(slot) and slot not in known)
    return known | {f"n{number}": f"n{len(order) + place}" for place, number in enumerate(others, start=1)}


def slots_renamed(text: str, names: Mapping[str, str]) -> str:
    """A delexicalised text with other names for its slots, also where they are computed with."""
    return SLOT.sub(lambda slot: _WORD.sub(lambda word: names.get(word.group(), word.group()), slot.group()), text)


def by_role(question: Question) -> Question:
    """The same question with its number slots named in its family's order: n1 is the same role in every wording.

    A question that comes from no Math family is given back as it is. Doing it twice changes nothing.
    """
    names = roles_of(question)
    if all(old == new for old, new in names.items()):
        return question

    def renamed(text: str) -> str:
        return slots_renamed(text, names)

    return replace(
        question,
        text_delex=renamed(question.text_delex),
        type_delex=renamed(question.type_delex),
        passage_delex=None if question.passage_delex is None else renamed(question.passage_delex),
        answer_delex=renamed(question.answer_delex),
        steps=tuple(Step(renamed(step.delex), step.text) for step in question.steps),
        distractors=tuple(replace(row, why=renamed(row.why)) for row in question.distractors),
        slots={names.get(slot, slot): value for slot, value in question.slots.items()},
        names={name: names.get(slot, slot) for name, slot in question.names.items()},
    )
