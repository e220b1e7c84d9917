"""Who answers a student: the small model, a configured external model, or the template, in this order.

Each answerer gets a request that code has prepared and gives a text or None; a text is only shown when it passes
verification. The template always passes, so there is always an answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from skillscope.errors import ProviderError
from skillscope.lm.slots import SlotError, fill
from skillscope.lm.verify import Check
from skillscope.synthesis import row_random
from skillscope.tutoring.adapt import Adjustment, Plan
from skillscope.tutoring.pairs.explanations import explanation_draft
from skillscope.tutoring.pairs.feedback import feedback_draft
from skillscope.tutoring.pairs.plans import plan_draft
from skillscope.tutoring.pairs.prompts import Prompt, explanation_prompt, feedback_prompt, plan_prompt
from skillscope.tutoring.performance import SkillPerformance
from skillscope.tutoring.questions.model import Question
from skillscope.tutoring.verify import verify_explanation, verify_feedback, verify_plan

__all__ = ["Answer", "Answerer", "Request", "answer", "explanation_request", "feedback_request", "plan_request"]


@dataclass(frozen=True)
class Request:
    """A prompt, what checks an answer to it, and the template's own answer (delexicalised; the seed picks wordings)."""

    prompt: Prompt
    check: Check
    template: Callable[[int], str]


class Answerer(Protocol):
    """Anything that can word an answer."""

    @property
    def name(self) -> str:
        """Stored with the answer: `small-model`, `openai:<model>`, …"""

    def write(self, prompt: Prompt, attempt: int) -> str | None:
        """A delexicalised text for a prompt, or None when this answerer declines; `attempt` counts from 0.

        Raises:
            ProviderError: it cannot answer now.
        """


@dataclass(frozen=True)
class Answer:
    """What is shown, who wrote it, and why earlier tries were refused."""

    text: str
    answered_by: str
    delex: str
    refused: tuple[str, ...] = ()


def feedback_request(rows: Sequence[SkillPerformance]) -> Request:
    """Feedback on performance; raises like `feedback_prompt`."""
    given = list(rows)
    prompt = feedback_prompt(given)

    def template(seed: int) -> str:
        return feedback_draft(row_random(seed, "answer.feedback", 0), given).delex

    return Request(prompt, lambda text, _: verify_feedback(given, text), template)


def plan_request(plan: Plan, rows: Sequence[SkillPerformance]) -> tuple[Request, Adjustment]:
    """What to change in a plan, and the adjustment itself; raises like `adapt_plan`."""
    prompt, adjustment = plan_prompt(plan, rows)

    def template(seed: int) -> str:
        return plan_draft(row_random(seed, "answer.plan", 0), adjustment, prompt.slots).delex

    return Request(prompt, lambda text, _: verify_plan((plan, rows), text), template), adjustment


def explanation_request(question: Question, chosen: str | None = None, said: str | None = None) -> Request:
    """The explanation of a question; a question without a family is explained by its stored rationale.

    `said` is what the student asked about it.

    Raises:
        InputError: `chosen` is no wrong option of the question.
    """
    prompt = replace(explanation_prompt(question, chosen), said=said)

    def template(seed: int) -> str:
        if not question.names and not question.steps:
            return question.rationale
        if not question.provenance.startswith("template"):
            return " ".join(step.delex for step in question.steps)
        return explanation_draft(row_random(seed, "answer.explanation", 0), question, prompt).delex

    return Request(prompt, lambda text, delex: verify_explanation(question, text, chosen, delex=delex), template)


def answer(request: Request, answerers: Sequence[Answerer], *, seed: int = 0, tries: int = 3) -> Answer:
    """The first verified text of the answerers in order, each asked up to `tries` times; else the template's."""
    refused: list[str] = []
    for answerer in answerers:
        for attempt in range(tries):
            try:
                delex = answerer.write(request.prompt, attempt)
            except ProviderError:
                refused.append(f"{answerer.name}: no answer")
                break
            if delex is None:
                refused.append(f"{answerer.name}: declined")
                break
            try:
                text = fill(delex, request.prompt.slots)
            except SlotError:
                refused.append(f"{answerer.name}: a slot cannot be filled")
                continue
            verdict = request.check(text, delex)
            if verdict.ok:
                return Answer(text, answerer.name, delex, tuple(refused))
            refused.append(f"{answerer.name}: {verdict.reasons[0]}")
    delex = request.template(seed)
    return Answer(fill(delex, request.prompt.slots), "template", delex, tuple(refused))
