"""Conversations from templates: a topic's own facts, put together by the moves of its patterns."""

import random
from collections.abc import Sequence
from typing import Any, Final

from skillscope.conversations.library import Exchange, Filler, Library
from skillscope.conversations.plan import ConversationPlan, ConversationSpec
from skillscope.conversations.slots import fill, slots_of, topic_slots
from skillscope.synthesis import Check, Generator, Outcome, row_random
from skillscope.synthesis.filters import NearDuplicates

__all__ = ["TemplateConversations", "render_conversation"]

VERSION: Final = "templates.v1"


def _patterns_exchanges(library: Library, spec: ConversationSpec) -> list[Exchange]:
    made: list[Exchange] = []
    for pattern in spec.patterns:
        move = library.moves[pattern.name]
        made += [move, *((move.then,) if move.then else ())]
    return made


def _fillers(
    library: Library, spec: ConversationSpec, slots: dict[str, str], said: str, draw: random.Random
) -> list[Filler]:
    """The fillers that go with the patterns and ask for nothing that was talked about already, in a drawn order."""
    names = {pattern.name for pattern in spec.patterns}
    fitting = [
        filler
        for filler in library.fillers
        if not names & set(filler.without) and not any(slots[name] in said for name in slots_of(filler.ask))
    ]
    return draw.sample(fitting, len(fitting))


def render_conversation(library: Library, spec: ConversationSpec, seed: int, attempt: int = 0) -> dict[str, Any]:
    """One conversation; another `attempt` is another wording."""
    draw = row_random(seed, f"conversations.{library.name}", spec.row, attempt)
    slots = topic_slots(library, spec.topic, draw)
    turns: list[dict[str, str]] = []

    def speak(exchange: Exchange, opening: str = "") -> None:
        asked = f"{fill(opening, slots)} {fill(draw.choice(exchange.ask), slots)}"
        turns.append({"role": "user", "content": asked.strip()})
        turns.append({"role": "assistant", "content": fill(draw.choice(exchange.answer), slots).strip()})

    first, *rest = _patterns_exchanges(library, spec)
    speak(first, draw.choice(library.moves[spec.patterns[0].name].opening or library.opening))
    for exchange in rest:
        speak(exchange)
    wanted = draw.choice((3, 4) if len(spec.patterns) == 2 else (4, 5))
    said = "\n".join(turn["content"] for turn in turns)
    for filler in _fillers(library, spec, slots, said, draw)[: max(0, wanted - len(rest) - 1)]:
        speak(filler)
    notes = [f"{p.name} by {fill(library.moves[p.name].note, slots)}" for p in spec.patterns]
    return {
        "topic": spec.topic.name,
        "patterns_applied": [pattern.name for pattern in spec.patterns],
        "conversation": turns,
        "learning_notes": f"Applied {'; '.join(notes)}.",
    }


class TemplateConversations(Generator):
    """Free conversations. One too like an earlier one is worded again."""

    def __init__(self, library: Library, count: int, seed: int) -> None:
        super().__init__(
            name=f"conversations.{library.name}.v1",
            seed=seed,
            planned=count,
            settings={"library": library.name},
            versions={"patterns": library.version, "templates": VERSION},
        )
        self.plan = ConversationPlan(library, seed)

    def render(self, rows: Sequence[int]) -> Sequence[Outcome]:
        """See `Generator.render`."""
        return [Outcome(render_conversation(self.plan.library, self.plan.spec(row), self.seed)) for row in rows]

    def again(self, row: int, attempt: int) -> dict[str, Any]:
        """See `Generator.again`."""
        return render_conversation(self.plan.library, self.plan.spec(row), self.seed, attempt)

    def checks(self) -> Sequence[Check]:
        """Near-duplicates are worded again, and dropped when nothing helps."""
        return (NearDuplicates().check(lambda value: "\n".join(turn["content"] for turn in value["conversation"])),)
