"""Small generators for the tests of the engine; run as a script, the template one makes the file named on its line."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from skillscope.synthesis import Check, Generator, Outcome, generate, row_random, row_seed
from skillscope.synthesis.providers.base import Message, Request
from skillscope.synthesis.providers.schema import structured_schema


class Counting(Generator):
    """Free: every row is its number and a random word. Every 7th is refused by a check, every 11th fails."""

    def __init__(self, planned: int, *, seed: int = 42, rows_per_unit: int = 1, pause: float = 0.0) -> None:
        super().__init__(name="counting.v1", seed=seed, planned=planned, rows_per_unit=rows_per_unit)
        self.pause = pause

    def render(self, rows: Sequence[int]) -> Sequence[Outcome]:
        time.sleep(self.pause)
        made = []
        for row in rows:
            word = "".join(row_random(self.seed, self.name, row).choices("abcdefgh é", k=20))
            made.append(Outcome(None, "eleventh") if row % 11 == 10 else Outcome({"row": row, "word": word}))
        return made

    def checks(self) -> Sequence[Check]:
        return (lambda row, value: "seventh" if row % 7 == 6 else None,)


class Word(BaseModel):
    """What the paid generator asks for."""

    model_config = ConfigDict(extra="forbid")
    row: int
    word: str


class Asking(Generator):
    """Paid: every row is one request that names its number."""

    def request(self, row: int) -> Request:
        return Request(
            messages=(Message("system", "Answer in JSON."), Message("user", f"word for row {row}")),
            schema=structured_schema(Word),
            schema_name="word",
            seed=row_seed(self.seed, self.name, row),
            max_tokens=100,
        )

    def render(self, rows: Sequence[int]) -> Sequence[Outcome]:
        assert self.client is not None
        made: list[Outcome] = []
        for row in rows:
            word = self.client.ask(
                self.request(row), Word, check=lambda w, row=row: None if w.row == row else f"row must be {row}"
            )
            made.append(Outcome(word.model_dump()))
        return made


def right_answer(prompts: str) -> str:
    """What a good model answers to `Asking`."""
    row = int(prompts.partition("word for row ")[2].partition("\n")[0])
    return json.dumps({"row": row, "word": f"w{row}"})


if __name__ == "__main__":
    generate(Counting(int(sys.argv[2]), pause=float(sys.argv[3])), Path(sys.argv[1]))
