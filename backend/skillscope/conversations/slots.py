"""What the templates' slots are filled with, from a topic's record."""

import random
import string
from collections.abc import Iterable
from typing import Any, Final

from skillscope.conversations.library import Library, Topic

__all__ = ["Words", "fill", "slots_of", "topic_slots"]


class Words(string.Formatter):
    """`{slot!c}` begins with a capital letter; an unknown slot is an error."""

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        """Adds the conversion `c` to those of `str.format`."""
        if conversion == "c":
            text = str(value)
            return text[:1].upper() + text[1:]
        return super().convert_field(value, conversion)


def slots_of(templates: Iterable[str]) -> set[str]:
    """The names of the slots that templates use."""
    return {name for template in templates for _, name, _, _ in Words().parse(template) if name}


def fill(template: str, slots: dict[str, str]) -> str:
    """A template with its slots filled."""
    return Words().vformat(template, (), slots)


def _parts(line: str) -> list[str]:
    return [part.strip() for part in line.split(" | ")]


def _hours(hours: str | int) -> str:
    return "1 hour" if int(hours) == 1 else f"{hours} hours"


def _rate(share: float, hours: float) -> str:
    rate = share / hours
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}" if rate >= 1 else f"{rate:.2f}"


def _coding(record: dict[str, Any], draw: random.Random) -> dict[str, str]:
    """Risks, measures and all options but the first, which fits most often, come in an order drawn for the row."""
    slots = {"ask": str(record["ask"])}
    slots |= dict(zip(("have0", "have1"), _parts(record["have"]), strict=True))
    slots |= dict(zip(("h0", "h1", "h2"), _parts(record["how"]), strict=True))
    slots |= dict(zip(("claim", "truth"), _parts(record["claim"]), strict=True))
    for index, measure in enumerate(draw.sample(_parts(record["watch"]), 2)):
        slots |= {f"a{index}": measure, f"m{index}": measure.partition(", ")[0]}  # with and without its threshold
    first, *others = record["options"]
    for index, option in enumerate((first, *draw.sample(others, 2))):
        slots |= dict(zip((f"n{index}", f"g{index}", f"b{index}", f"w{index}"), _parts(option), strict=True))
    for index, risk in enumerate(draw.sample(record["risks"], 3)):
        slots |= dict(zip((f"r{index}", f"f{index}"), _parts(risk), strict=True))
    for index, term in enumerate(record["terms"]):
        slots |= dict(zip((f"loose{index}", f"exact{index}", f"why{index}"), _parts(term), strict=True))
    efforts = [_parts(effort) for effort in record["effort"]]
    for index, (what, hours, share) in enumerate(efforts):
        slots |= {f"e{index}": what, f"d{index}": _hours(hours), f"s{index}": share}
        slots[f"p{index}"] = _rate(float(share), float(hours))
    best, last = efforts[0], efforts[2]
    slots["cum"] = str(int(efforts[0][2]) + int(efforts[1][2]))
    slots["hours"] = _hours(int(efforts[0][1]) + int(efforts[1][1]))
    slots["times"] = f"{float(best[2]) / float(best[1]) / (float(last[2]) / float(last[1])):.0f}"
    for index, (low, high) in enumerate(((4, 6), (3, 5), (7, 9), (5, 7))):
        slots[f"c{index}"] = str(draw.randint(low, high))
    return slots


_MATHEMATICS: Final = frozenset(
    {"Algebra", "Advanced Math", "Problem-Solving and Data Analysis", "Geometry and Trigonometry"}
)
_PACE: Final = {"Math": 35 * 60 // 22, "Reading and Writing": 32 * 60 // 27}
"""Seconds a question in a module of the digital SAT: 22 in 35 minutes, 27 in 32 minutes (College Board)."""
_EFFORTS: Final = (
    "You wrote your work down",
    "You asked for the reason and not only for the answer",
    "You went back to a problem that was marked wrong",
    "You kept at it after the first answer failed",
)


def _tutoring(record: dict[str, Any], draw: random.Random) -> dict[str, str]:
    plain = ("domain", "problem", "wrong", "answer", "belief", "truth", "check", "next")
    slots = {name: str(record[name]) for name in plain}
    slots |= dict(zip(("hint0", "hint1"), _parts(record["hints"]), strict=True))
    slots |= dict(zip(("step0", "step1", "step2"), _parts(record["steps"]), strict=True))
    slots |= dict(zip(("twin", "twin_answer"), _parts(record["twin"]), strict=True))
    slots |= dict(zip(("strategy", "when"), _parts(record["strategy"]), strict=True))
    slots["section"] = "Math" if record["domain"] in _MATHEMATICS else "Reading and Writing"
    slots["pace"] = str(_PACE[slots["section"]])
    slots["effort"] = draw.choice(_EFFORTS)
    return slots


def topic_slots(library: Library, topic: Topic, draw: random.Random) -> dict[str, str]:
    """The slots of a topic, in an order drawn for the row where order is free."""
    made = (_coding if library.name == "coding" else _tutoring)(topic.record, draw)
    return {"topic": topic.name, **made}
