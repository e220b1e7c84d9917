"""An external model as an answerer. It gets the delexicalised prompt alone: slots and bands, no student's words."""

from typing import Final

from pydantic import BaseModel, Field

from skillscope.lm.verify import LIMITS
from skillscope.synthesis.providers.base import Message, Request
from skillscope.synthesis.providers.client import Client
from skillscope.tutoring.pairs.prompts import Prompt

__all__ = ["ExternalAnswerer"]

_SYSTEM: Final = (
    "You are a friendly, concise SAT tutor. The input is delexicalised: ⟨name⟩ stands for a number or a name. Write "
    "{low} to {high} words for the student. Copy slots exactly as they are written, never write a number yourself, and "
    "compute only inside a slot, as in ⟨=n3-n2⟩. {task}"
)
_TASKS: Final = {
    "feedback": "Name strengths before weaknesses; give percent, score, time and proficiency of each skill.",
    "explanation": "Explain step by step, and end in the right option, ⟨answer⟩ where that slot is given.",
    "plan": "Say what changes on which day and why, or that the plan stays as it is.",
}


class _Worded(BaseModel):
    """What is asked for."""

    text: str = Field(min_length=1, max_length=2000)


class ExternalAnswerer:
    """Words answers through a provider's client; what it says is filled and verified like anybody's."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def name(self) -> str:
        """`openai:<model>` and the like."""
        return self._client.source

    def write(self, prompt: Prompt, attempt: int) -> str | None:
        """A delexicalised text.

        Raises:
            ProviderError: the provider does not answer.
        """
        low, high = LIMITS[prompt.kind]
        system = _SYSTEM.format(low=low, high=high, task=_TASKS[prompt.kind])
        slots = " ".join(f"⟨{name}⟩" for name in prompt.slots)
        request = Request(
            messages=(Message("system", system), Message("user", f"{prompt.delex}\nSlots: {slots}")),
            schema=_Worded.model_json_schema(),
            schema_name="tutor_answer",
            seed=attempt,
            temperature=0.4,
            max_tokens=400,
        )
        return self._client.ask(request, _Worded).text.strip()
