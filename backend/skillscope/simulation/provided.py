"""Responses of simulated students written by a language model, for the same plan as the templates."""

import re
from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from skillscope.simulation.plan import ResponsePlan, ResponseSpec
from skillscope.simulation.scenarios import load_scenarios
from skillscope.skills import Level, Skill
from skillscope.synthesis import Check, Estimate, Generator, Outcome, row_random, row_seed
from skillscope.synthesis.filters import NearDuplicates, looks_english, words_of
from skillscope.synthesis.generator import estimate_requests
from skillscope.synthesis.providers.base import Message, Request
from skillscope.synthesis.providers.client import Client
from skillscope.synthesis.providers.schema import structured_schema

__all__ = ["PROMPT_VERSION", "ProvidedResponses", "word_range"]

PROMPT_VERSION: Final = "responses.v1"

_SYSTEM: Final = """You write what school students say or write when they are asked about a situation.
Each item gives a grade (2 is about 8 years old, 8 is about 14), a situation, how this student behaves in it, a manner
of speaking and a length. Write what this student would say, in the first person, in English, as children really talk:
concrete, with small details of their own, with the vocabulary and the mistakes of the grade. Show the behaviour; never
name a skill, a level or a grade, and never explain the student from outside. No two answers may begin alike.
Answer with JSON: for every item its id and the text."""

_BEHAVIOUR: Final[dict[Skill, dict[Level, str]]] = {
    "empathy": {
        "developing": "hardly notices what others feel and thinks of their own side or of the thing, not the person",
        "medium": "notices that somebody is upset and does something simple, without asking what the reason is",
        "high": "sees the signs, puts the feeling into words, takes the other's view, helps and checks how they are",
    },
    "problem_solving": {
        "developing": "guesses or tries one thing at random, gives no reason, and does not look whether it worked",
        "medium": "tries a sensible thing and one more when it fails, with some reason, and checks little",
        "high": "takes the problem apart, plans, tries one change at a time, says why, and checks the result",
    },
    "self_regulation": {
        "developing": "acts on the first impulse, gets carried away by feelings or distractions and forgets the goal",
        "medium": "notices being distracted or upset and gets back to the task with some effort or a reminder",
        "high": "notices the impulse, uses a way of their own to calm down or focus, and keeps the goal in view",
    },
    "resilience": {
        "developing": "gives up soon after it goes wrong, blames luck or others, and sees no use in another try",
        "medium": "is disappointed, tries again once or with help, and learns a little from it",
        "high": "is upset but recovers, says what went wrong, changes something and keeps trying",
    },
}

_STYLES: Final = (
    "talks in one long breath, joining everything with and then",
    "short flat sentences, a little shy",
    "chatty, with fillers such as um and like",
    "matter of fact, gives details of place and time",
    "lively, exaggerates a bit",
    "thinks aloud and corrects themselves once",
    "typed quickly: few commas, no capital letters",
    "quotes what somebody said",
)

_NAMED: Final = re.compile(
    r"\bempath(?:y|ic|etic|ize|ise)\w*|\bproblem[- ]solv\w*|\bself[- ]regulat\w*|\bresilien\w*|"
    r"\b(?:developing|medium|high|low)[- ](?:level|skill)|\bskill level\b",
    re.IGNORECASE,
)


def word_range(grade: int) -> tuple[int, int]:
    """Fewest and most words that a response of a grade may have: 8 to 60 in grade 2, 14 to 150 in grade 8."""
    return 6 + grade, 30 + 15 * grade


class _Item(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: int
    text: str


class _Items(BaseModel):
    model_config = ConfigDict(extra="forbid")

    responses: list[_Item]


class ProvidedResponses(Generator):
    """One row for each of the plan: `row, response, skill, skill_level, grade, source`.

    Several rows share a request, which saves the instructions. Dropped, and counted by reason: wrong length for the
    grade, names the level or the skill, near-duplicate, not English.
    """

    def __init__(
        self, plan: ResponsePlan, client: Client, *, temperature: float = 0.9, rows_per_request: int = 6
    ) -> None:
        super().__init__(
            name=PROMPT_VERSION,
            seed=plan.seed,
            planned=plan.rows,
            rows_per_unit=rows_per_request,
            client=client,
            settings={"temperature": temperature, "rows_per_request": rows_per_request},
            versions={"prompts": PROMPT_VERSION},
        )
        self.asked = client
        self.plan = plan
        self.temperature = temperature

    def _item(self, spec: ResponseSpec) -> str:
        draw = row_random(self.seed, self.name, spec.row)
        low, high = word_range(spec.grade)
        middle = draw.randint(low + (high - low) // 6, low + (high - low) // 2)
        return (
            f"id {spec.row}: grade {spec.grade}. Situation: {load_scenarios()[spec.skill][spec.scenario].prompt} "
            f"This student {_BEHAVIOUR[spec.skill][spec.level]}. Manner: {draw.choice(_STYLES)}. "
            f"About {middle} words."
        )

    def request(self, rows: Sequence[int]) -> Request:
        """The request for some rows."""
        items = "\n".join(self._item(self.plan.spec(row)) for row in rows)
        return Request(
            messages=(Message("system", _SYSTEM), Message("user", items)),
            schema=structured_schema(_Items),
            schema_name="responses",
            seed=row_seed(self.seed, self.name, rows[0]),
            temperature=self.temperature,
            max_tokens=300 * len(rows) + 100,
        )

    def render(self, rows: Sequence[int]) -> Sequence[Outcome]:
        """See `Generator.render`."""

        def check(answer: _Items) -> str | None:
            ids = [item.id for item in answer.responses]
            if len(set(ids)) != len(ids) or not set(ids) <= set(rows):
                return f"each id must be one of those asked for, once: {', '.join(map(str, rows))}"
            return None if ids else "there is no response in it"

        answer = self.asked.ask(self.request(rows), _Items, check=check)
        texts = {item.id: " ".join(item.text.split()) for item in answer.responses}
        return [
            Outcome(self._value(row, texts[row])) if row in texts else Outcome(None, "missing in the answer")
            for row in rows
        ]

    def _value(self, row: int, text: str) -> dict[str, Any]:
        spec = self.plan.spec(row)
        source = f"{self.asked.source}/{spec.scenario}"
        return {
            "row": row,
            "response": text,
            "skill": spec.skill,
            "skill_level": spec.level,
            "grade": spec.grade,
            "source": source,
        }

    def checks(self) -> Sequence[Check]:
        """Length, naming, language, then near-duplicates among those that passed."""

        def length(_row: int, value: dict[str, Any]) -> str | None:
            low, high = word_range(value["grade"])
            return None if low <= len(words_of(value["response"])) <= high else "wrong length for the grade"

        def naming(_row: int, value: dict[str, Any]) -> str | None:
            return "names the level or the skill" if _NAMED.search(value["response"]) else None

        def language(_row: int, value: dict[str, Any]) -> str | None:
            return None if looks_english(value["response"]) else "not English"

        return (length, naming, language, NearDuplicates().check(lambda value: str(value["response"])))

    def estimate(self) -> Estimate:
        """See `Generator.estimate`."""
        size = self.rows_per_unit
        sample = [
            self.request(range(start, min(start + size, self.planned)))
            for start in range(0, min(self.planned, 10 * size), size)
        ]
        return estimate_requests(
            self.asked, sample, rows=self.planned, requests=-(-self.planned // size), output_tokens=85 * size
        )
