"""Conversations written by a language model."""

import re
from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from skillscope.conversations.library import Library
from skillscope.conversations.model import Turn, structure_problem
from skillscope.conversations.plan import ConversationPlan, ConversationSpec
from skillscope.synthesis import Check, Estimate, Generator, Outcome, row_random, row_seed
from skillscope.synthesis.filters import NearDuplicates
from skillscope.synthesis.generator import estimate_requests
from skillscope.synthesis.providers.base import Message, Request
from skillscope.synthesis.providers.client import Client
from skillscope.synthesis.providers.schema import structured_schema

__all__ = ["PROMPT_VERSION", "ProvidedConversations"]

PROMPT_VERSION: Final = "conversations-prompt.v1"

_SYSTEM: Final = """You write one training conversation between a user and an assistant. {system}

Rules: the user begins and the assistant ends; {exchanges} exchanges; each pattern below is visibly applied by the
assistant in an exchange of its own, without being named; everything is specific to the topic, with figures, names of
techniques and facts that are true; the user writes like a person, briefly, and does not praise. Learning notes say in
one or two sentences how each pattern was applied.

Patterns:
{patterns}"""


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid")

    conversation: list[Turn]
    learning_notes: str


class ProvidedConversations(Generator):
    """One conversation a request."""

    def __init__(
        self,
        library: Library,
        count: int,
        seed: int,
        client: Client,
        *,
        temperature: float = 0.8,
        max_tokens: int = 3000,
    ) -> None:
        super().__init__(
            name=f"conversations.{library.name}.v1",
            seed=seed,
            planned=count,
            client=client,
            settings={"library": library.name, "temperature": temperature, "max_tokens": max_tokens},
            versions={"patterns": library.version, "prompts": PROMPT_VERSION},
        )
        self.asked = client
        self.plan = ConversationPlan(library, seed)
        self.temperature, self.max_tokens = temperature, max_tokens

    def request(self, row: int) -> Request:
        """The request for a row."""
        spec = self.plan.spec(row)
        patterns = "\n".join(f"- {p.name}: {p.definition} It looks like this: {p.looks_like}" for p in spec.patterns)
        exchanges = row_random(self.seed, self.name, row).choice((3, 4) if len(spec.patterns) == 2 else (4, 5))
        system = _SYSTEM.format(system=self.plan.library.system.strip(), exchanges=exchanges, patterns=patterns)
        return Request(
            messages=(Message("system", system), Message("user", self._topic(spec))),
            schema=structured_schema(_Written),
            schema_name="conversation",
            seed=row_seed(self.seed, self.name, row),
            temperature=self.temperature,
            max_tokens=self.max_tokens,
        )

    @staticmethod
    def _topic(spec: ConversationSpec) -> str:
        told = spec.topic.record.get("ask") or spec.topic.record.get("problem", "")
        return f"Topic: {spec.topic.name}. The user's situation: {told}"

    def render(self, rows: Sequence[int]) -> Sequence[Outcome]:
        """See `Generator.render`."""
        made = []
        for row in rows:
            spec = self.plan.spec(row)
            written = self.asked.ask(
                self.request(row), _Written, check=lambda answer: structure_problem(answer.conversation)
            )
            made.append(Outcome(self._value(spec, written)))
        return made

    @staticmethod
    def _value(spec: ConversationSpec, written: _Written) -> dict[str, Any]:
        return {
            "topic": spec.topic.name,
            "patterns_applied": [pattern.name for pattern in spec.patterns],
            "conversation": [
                {"role": turn.role, "content": re.sub(r"[ \t]+\n", "\n", turn.content).strip()}
                for turn in written.conversation
            ],
            "learning_notes": written.learning_notes.strip(),
        }

    def checks(self) -> Sequence[Check]:
        """Near-duplicates are dropped."""
        return (NearDuplicates().check(lambda value: "\n".join(turn["content"] for turn in value["conversation"])),)

    def estimate(self) -> Estimate:
        """See `Generator.estimate`."""
        sample = [self.request(row) for row in range(min(self.planned, 20))]
        typical = min(self.max_tokens, 1100)
        return estimate_requests(self.asked, sample, rows=self.planned, requests=self.planned, output_tokens=typical)
