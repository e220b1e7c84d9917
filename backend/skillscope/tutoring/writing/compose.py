"""From a prompt to a text of the model's: one draw, made longer where its words are too few once it is filled.

The model does not see how many words a skill's name has, so feedback and plans now and then end a few words short of
the least. Then it is let go on from where it stopped, for another sentence or two. Explanations end in the answer and
are not gone on with: they are drawn again, like every text that does not pass.
"""

from collections.abc import Sequence
from typing import Final

from skillscope.lm.slots import SlotError, fill
from skillscope.lm.verify import LIMITS
from skillscope.lm.writer import Writer
from skillscope.tutoring.pairs.prompts import Prompt

__all__ = ["compose"]

_TIMES: Final = 2
_GOES_ON: Final = frozenset(("feedback", "plan"))


def _is_short(prompt: Prompt, text: str | None) -> bool:
    if text is None or prompt.kind not in _GOES_ON:
        return False
    try:
        return len(fill(text, prompt.slots).split()) < LIMITS[prompt.kind][0]
    except SlotError:
        return False


def compose(writer: Writer, prompts: Sequence[Prompt]) -> list[str | None]:
    """A delexicalised text for each prompt; None out of scope, or where a text found no end."""
    given = [prompt.slots.keys() for prompt in prompts]
    texts = writer.write_many([prompt.delex for prompt in prompts], given=given)
    for _ in range(_TIMES):
        short = [index for index, prompt in enumerate(prompts) if _is_short(prompt, texts[index])]
        if not short:
            break
        starts = [(prompts[index].delex, str(texts[index])) for index in short]
        longer = writer.go_on(starts, given=[given[index] for index in short])
        for index, text in zip(short, longer, strict=True):
            texts[index] = text or texts[index]
    return texts
