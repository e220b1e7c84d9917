"""What students were asked: by scenario, the prompt's text and reference answers, in training and in serving alike."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from skillscope.datasets.contract import scenario_of
from skillscope.datasets.files import require_file
from skillscope.errors import BundleError, FileError, SchemaError
from skillscope.features.families import Answers
from skillscope.features.families.answers import Floats
from skillscope.features.families.storage import read_json, write_json
from skillscope.simulation.scenarios import load_scenarios

__all__ = ["PROMPT_COLUMNS", "Prompt", "PromptBook", "read_prompts", "shipped_prompts"]

PROMPT_COLUMNS: Final = ("scenario", "prompt", "reference")


def _key(text: str) -> str:
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True)
class Prompt:
    """What was asked, and answers that are known to be good; `text` is "" where it is not known."""

    text: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class PromptBook:
    """Prompts by scenario. A scenario that it does not hold is one of which nothing is known but its name."""

    prompts: dict[str, Prompt] = field(default_factory=dict)

    @cached_property
    def _by_text(self) -> dict[str, str]:
        return {_key(prompt.text): name for name, prompt in self.prompts.items() if prompt.text}

    def find(self, source: str | None, prompt: str | None) -> str:
        """The name of the prompt of a response: the scenario of its source, or the one with this text, or ""."""
        if source:
            return scenario_of(source)
        return self._by_text.get(_key(prompt), "") if prompt else ""

    def answers(
        self,
        texts: Sequence[str],
        *,
        sources: Sequence[str | None],
        prompts: Sequence[str | None] | None = None,
        scores: Floats | None = None,
        linguistic: Floats | None = None,
    ) -> Answers:
        """Responses as feature families see them. `prompts` are the words that were put to the student, where stored;
        the book's stand in for those that were not.
        """
        given: Sequence[str | None] = prompts if prompts is not None else [None] * len(texts)
        names = [self.find(source, prompt) for source, prompt in zip(sources, given, strict=True)]
        known = [self.prompts.get(name, Prompt()) for name in names]
        return Answers(
            list(texts),
            prompt_ids=names,
            prompts=[said or prompt.text for said, prompt in zip(given, known, strict=True)],
            references=[prompt.references for prompt in known],
            scores=scores,
            linguistic=linguistic,
        )

    def only(self, scenarios: Iterable[str]) -> Self:
        """The book with these scenarios alone."""
        wanted = set(scenarios)
        return type(self)({name: prompt for name, prompt in self.prompts.items() if name in wanted})

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_json(
            path,
            {name: {"prompt": item.text, "references": list(item.references)} for name, item in self.prompts.items()},
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: the file is missing or damaged.
        """
        record: Any = read_json(path)
        try:
            return cls({str(n): Prompt(str(v["prompt"]), tuple(map(str, v["references"]))) for n, v in record.items()})
        except (KeyError, TypeError, AttributeError) as error:
            raise BundleError(f"{path} is no list of prompts; train the bundle again or copy it whole") from error


def shipped_prompts() -> PromptBook:
    """The prompts of the scenarios that simulated students are asked about; they have no reference answers."""
    scenarios = [item for of_skill in load_scenarios().values() for item in of_skill.values()]
    return PromptBook({item.name: Prompt(item.prompt) for item in scenarios})


def read_prompts(path: Path) -> PromptBook:
    """Prompts from a CSV with the columns scenario, prompt, reference; one row for each reference answer, and one with
    an empty reference where there is none.

    Raises:
        FileError: missing, empty or not UTF-8.
        SchemaError: wrong columns, a row without a scenario, or two prompts for one scenario; the row is named.
    """
    require_file(path, what=f"prompts with columns {', '.join(PROMPT_COLUMNS)}")
    texts: dict[str, str] = {}
    references: dict[str, list[str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != PROMPT_COLUMNS:
                raise SchemaError(f"{path} must have the columns {', '.join(PROMPT_COLUMNS)}, in this order")
            for number, row in enumerate(reader, start=1):
                name = (row["scenario"] or "").strip()
                if not name:
                    raise SchemaError(f"{path}: row {number} names no scenario", field="scenario")
                said = (row["prompt"] or "").strip()
                if texts.setdefault(name, said) != said:
                    raise SchemaError(f"{path}: row {number} gives a scenario a second prompt", field="prompt")
                if reference := (row["reference"] or "").strip():
                    references.setdefault(name, []).append(reference)
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8; save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')") from error
    except csv.Error as error:
        raise SchemaError(f"{path} is no well-formed CSV: {error}") from error
    return PromptBook({name: Prompt(text, tuple(references.get(name, ()))) for name, text in texts.items()})
