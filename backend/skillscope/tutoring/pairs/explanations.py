"""Explanations: 50 to 100 words, step by step, ending in the right option; with why a wrong choice was tempting."""

import random
import re
from functools import cache

from skillscope.errors import NotFoundError
from skillscope.lm.slots import fill
from skillscope.tutoring.pairs.prompts import Prompt
from skillscope.tutoring.pairs.roles import by_role
from skillscope.tutoring.pairs.wording import Draft, Frame, capitalised, count_words, pick
from skillscope.tutoring.questions.families import Family, load_families
from skillscope.tutoring.questions.mathematics import renamed
from skillscope.tutoring.questions.model import Question

__all__ = ["EXPLANATION_WORDS", "explanation_draft", "family_named"]

EXPLANATION_WORDS = (50, 100)
MARGIN = 5
"""Words that a draft keeps from both limits where it can: who learns from it is seldom exact to the word."""
KIND = "explanations"
QUOTED_WORDS = 3


@cache
def _by_id() -> dict[str, Family]:
    return {family.id: family for families in load_families().values() for family in families}


def family_named(name: str) -> Family:
    """The question family with this id.

    Raises:
        NotFoundError: there is none (an imported question has no family).
    """
    try:
        return _by_id()[name]
    except KeyError:
        raise NotFoundError(f"no question family {name!r}") from None


def _own(family: Family, part: str, index: int, text: str) -> Frame:
    return Frame(f"{family.id}:{part}.{index}", text)


def _choice(rng: random.Random, family: Family, part: str, texts: tuple[str, ...], question: Question) -> Frame:
    index = rng.randrange(len(texts))
    return _own(family, part, index, renamed(texts[index], question.names))


def _steps(rng: random.Random, family: Family, question: Question, draft: Draft) -> None:
    area = "math" if question.section == "Math" else "reading"
    last = len(family.steps) - 1
    for index, variants in enumerate(family.steps):
        frame = _choice(rng, family, f"step{index}", variants, question)
        place = "first" if index == 0 else "last" if index == last and area == "math" else "next"
        link = pick(rng, KIND, f"{place}.{area}").text
        draft.add(frame, text=f"{link}{frame.text}." if link else f"{_sentence(frame.text)}.")


def _is_wordy(option: str) -> bool:
    """Whether an option is a phrase rather than a number or formula, and is put in quotation marks."""
    return len(re.findall(r"[A-Za-z]{3,}", option)) > 1


def _sentence(text: str) -> str:
    """A step as a sentence of its own; a slot in front (a name, a number) needs no capital."""
    return capitalised(text)


def _trap(rng: random.Random, question: Question, prompt: Prompt, draft: Draft) -> None:
    chosen = question.distractor(prompt.slots["chosen"])
    if chosen is None:
        return
    group = "trap" if count_words(chosen.option) <= QUOTED_WORDS else "trap.long"
    frame = pick(rng, KIND, group)
    shown = "“⟨chosen⟩”" if question.section != "Math" or _is_wordy(chosen.option) else "⟨chosen⟩"
    text = frame.text.replace("⟨chosen⟩", shown).replace("⟨why⟩", chosen.why)
    draft.add(Frame(f"{frame.id}", text), text=text)


def explanation_draft(rng: random.Random, question: Question, prompt: Prompt) -> Draft:
    """The explanation of a generated question in 50 to 100 words.

    Raises:
        NotFoundError: the question comes from no family.
    """
    family = family_named(question.family)
    question = by_role(question)
    area = "math" if question.section == "Math" else "reading"
    low, high = EXPLANATION_WORDS
    draft = Draft()
    for attempt in range(80):
        margin = MARGIN if attempt < 40 else 0
        draft = Draft()
        extras = ["open", "idea", "verify", "tip"] if family.verify else ["open", "idea", "tip"]
        rng.shuffle(extras)
        core = Draft()
        _steps(rng, family, question, core)
        trap = Draft()
        if "chosen" in prompt.slots:
            _trap(rng, question, prompt, trap)
        close = pick(rng, KIND, f"close.{area}")
        answer = question.answer_delex
        if area == "math" and _is_wordy(question.correct_answer):
            answer = f"“{answer}”"
        ending = close.text.replace("⟨answer⟩", answer)
        wanted = set(extras[: rng.randint(0, 2)]) if attempt % 40 < 30 else set()
        words = count_words(fill(" ".join([*core.sentences, *trap.sentences, ending]), prompt.slots))
        parts = {name: _extra(rng, name, family, question, area) for name in extras}
        lengths = {name: count_words(fill(frame.text, prompt.slots)) for name, frame in parts.items()}
        total = words + sum(lengths[name] for name in wanted)
        for name in extras:
            if total < low + margin and name not in wanted:
                wanted.add(name)
                total += lengths[name]
        if not low + margin <= total <= high - margin:
            continue
        draft = _joined({name: parts[name] for name in wanted}, core, trap)
        draft.add(close, text=ending)
        break
    return draft


def _joined(extras: dict[str, Frame], core: Draft, trap: Draft) -> Draft:
    """Opening and idea, the steps, a check, the trap, a tip: in this order, those that there are."""
    draft = Draft()
    for place in ("open", "idea", core, "verify", trap, "tip"):
        if isinstance(place, Draft):
            draft.sentences += place.sentences
            draft.frames += place.frames
        elif place in extras:
            draft.add(extras[place])
    return draft


def _extra(rng: random.Random, name: str, family: Family, question: Question, area: str) -> Frame:
    if name == "open":
        group = "words" if area == "math" and _is_wordy(question.correct_answer) else area
        return pick(rng, KIND, f"open.{group}")
    if name == "tip":
        return pick(rng, KIND, f"tip.{family.skill}")
    texts = family.idea if name == "idea" else family.verify
    return _choice(rng, family, name, texts, question)
