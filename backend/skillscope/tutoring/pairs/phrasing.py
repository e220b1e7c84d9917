"""New sentence frames by a language model, for pairs that sound less alike.

The model is shown some frames of a group (`feedback: accuracy.high`) and writes more, with the same slots and without a
number of its own. A frame is kept when it reads the slots that all frames of its group read and no others, is as long
as they are, resembles none, and when every pair that it is tried in passes verification. What a sentence claims beyond
its slots (that it fits a *strong* result, say) no code can check: `pairs review` is for that.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, Field

from skillscope.errors import InputError
from skillscope.synthesis import Check, Estimate, Generator, Outcome, RunOptions, RunResult, generate, row_random
from skillscope.synthesis.files import lines_of
from skillscope.synthesis.filters import NearDuplicates
from skillscope.synthesis.generator import estimate_requests
from skillscope.synthesis.providers.base import Message, Request
from skillscope.synthesis.providers.client import Client
from skillscope.synthesis.providers.schema import structured_schema
from skillscope.synthesis.seeds import row_seed
from skillscope.tutoring.pairs.generate import render_pair
from skillscope.tutoring.pairs.wording import Frame, frames, only_frame
from skillscope.tutoring.taxonomy import load_taxonomy
from skillscope.tutoring.verify import verify_pair

__all__ = ["Phrasing", "groups_to_phrase", "phrase_problem", "phrasing_path", "read_phrasing", "seed_phrasing"]

NAME: Final = "tutoring.phrasing.v1"
_A_REQUEST: Final = 10
_SHOWN: Final = 6
_TRIED_IN: Final = 3
_LOOKED_AT: Final = 120
_FRAGMENTS: Final = ("several", "first.", "next.", "last.", "trap")
"""Groups whose frames are parts of sentences, or carry a phrase that the question family words; quoting ones go too."""
_SLOT: Final = re.compile(r"⟨([a-z]+)⟩")
_KINDS: Final = {"feedback": "feedback", "plans": "plan", "explanations": "explanation"}
_SYSTEM: Final = (
    "You word single sentences of a friendly SAT tutor. ⟨name⟩ stands for a value that is filled in later. Write "
    f"{_A_REQUEST} new sentences that could take the place of any of the examples: the same meaning, the same slots, "
    "other words and another build. Copy slots exactly. Write no digit, no name and no quotation mark."
)


class _Sentences(BaseModel):
    """What is asked for."""

    sentences: list[str] = Field(min_length=1, max_length=3 * _A_REQUEST)


@cache
def groups_to_phrase() -> tuple[tuple[str, str], ...]:
    """The groups whose frames are whole sentences: (`feedback`, `accuracy.high`), …"""
    return tuple(
        (kind, group)
        for kind in _KINDS
        for group, known in frames(kind).items()
        if not group.startswith(_FRAGMENTS) and not any("“" in frame.text for frame in known)
    )


def phrasing_path(pairs: Path) -> Path:
    """Where the frames made for a pairs file lie: beside it."""
    return pairs.with_name(f"{pairs.stem}.phrasing.jsonl")


def read_phrasing(path: Path) -> list[dict[str, str]]:
    """The frames of a finished run.

    Raises:
        FileError: the file cannot be read.
    """
    return [{name: row[name] for name in ("id", "kind", "group", "text")} for row in map(json.loads, lines_of(path))]


def phrase_problem(kind: str, group: str, text: str) -> str | None:
    """Why a sentence cannot stand beside the frames of a group, by its form; None where it can."""
    known = frames(kind)[group]
    slots = [set(_SLOT.findall(frame.text)) for frame in known]
    used = set(_SLOT.findall(text))
    bare = _SLOT.sub("", text)
    words = [len(frame.text.split()) for frame in known]
    if "⟨" in bare or "⟩" in bare or used - set.union(*slots):
        return "a slot that the group does not have"
    if set.intersection(*slots) - used:
        return "a slot is missing"
    if re.search(r"[0-9]", bare):
        return "a number of its own"
    if text[-1:] not in {frame.text[-1] for frame in known} | set(".!?") or re.search(r"[\n\"“”{}<>]", bare):
        return "no plain sentence"
    if not min(words) - 2 <= len(text.split()) <= max(words) + 3:
        return "too short or too long"
    return None


def _tried(kind: str, group: str, text: str) -> str | None:
    """Why a frame fails in pairs that it stands in; None where it passes in all."""
    frame = Frame("tried", text)
    skills = [skill.id for skill in load_taxonomy().skills]
    own = skills.index(group.removeprefix("tip.")) if group.startswith("tip.") else None
    found = 0
    with only_frame(kind, group, frame):
        for look in range(_LOOKED_AT):
            number = look if own is None else own + len(skills) * look
            pair = render_pair(_KINDS[kind], number, 0)
            if frame.id not in pair["frames"]:
                continue
            verdict = verify_pair(pair)
            if not verdict.ok:
                return f"a pair with it fails: {verdict.reasons[0].split(':')[0]}"
            found += 1
            if found == _TRIED_IN:
                return None
    return None if found else "stands in no pair"


class Phrasing(Generator):
    """Frames, so many a request; a request is about one group, and the groups take turns."""

    def __init__(self, examples: int, seed: int, client: Client) -> None:
        super().__init__(NAME, seed, examples, rows_per_unit=_A_REQUEST, client=client, versions={"prompts": "1"})
        self.asked = client

    def place(self, row: int) -> tuple[str, str]:
        """The kind and group of a row."""
        groups = groups_to_phrase()
        return groups[row // _A_REQUEST % len(groups)]

    def request(self, row: int) -> Request:
        """The request of the unit that a row stands in."""
        first = row - row % _A_REQUEST
        kind, group = self.place(row)
        known = frames(kind)[group]
        shown = row_random(self.seed, NAME, first).sample(known, min(_SHOWN, len(known)))
        examples = "\n".join(f"- {frame.text}" for frame in shown)
        return Request(
            messages=(Message("system", _SYSTEM), Message("user", f"Examples ({kind}, {group}):\n{examples}")),
            schema=structured_schema(_Sentences),
            schema_name="sentences",
            seed=row_seed(self.seed, NAME, first),
            temperature=0.9,
            max_tokens=900,
        )

    def render(self, rows: Sequence[int]) -> Sequence[Outcome]:
        """See `Generator.render`."""
        given = self.asked.ask(self.request(rows[0]), _Sentences).sentences
        return [self._outcome(row, given) for row in rows]

    def _outcome(self, row: int, given: Sequence[str]) -> Outcome:
        place = row % _A_REQUEST
        if place >= len(given):
            return Outcome(None, "fewer sentences than asked for")
        kind, group = self.place(row)
        text = " ".join(given[place].replace("'", "’").split())
        name = f"{kind}:{group}.{self.asked.source}.{row}"
        return Outcome({"id": name, "kind": kind, "group": group, "text": text})

    def checks(self) -> Sequence[Check]:
        """Those of another form go, and those too like an authored or earlier frame; the rest is tried in pairs."""
        near = NearDuplicates(threshold=0.6, run=2)
        for kind, group in groups_to_phrase():
            for frame in frames(kind)[group]:
                near.seen(frame.text)

        def formed(_row: int, value: dict[str, Any]) -> str | None:
            return phrase_problem(value["kind"], value["group"], value["text"])

        def fits(_row: int, value: dict[str, Any]) -> str | None:
            return _tried(value["kind"], value["group"], value["text"])

        return (formed, near.check(lambda value: str(value["text"])), fits)

    def estimate(self) -> Estimate:
        """See `Generator.estimate`."""
        units = -(-self.planned // _A_REQUEST)
        sample = [self.request(unit * _A_REQUEST) for unit in range(min(units, len(groups_to_phrase())))]
        return estimate_requests(self.asked, sample, rows=self.planned, requests=units, output_tokens=25 * _A_REQUEST)


def seed_phrasing(
    output: Path, examples: int, client: Client, *, seed: int = 42, options: RunOptions | None = None
) -> RunResult:
    """Write new frames as JSONL with their manifest: each with its kind, group and the model that worded it.

    Raises:
        InputError: `examples` is below 1.
        ProviderError: the provider answers nothing.
        FileError: the output cannot be written.
    """
    if examples < 1:
        raise InputError("at least one example is needed", field="examples")
    return generate(Phrasing(examples, seed, client), output, options or RunOptions())
