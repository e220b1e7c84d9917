"""`mental_states.v1`: how a response speaks of what people think, know, want, feel, see and pretend."""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
import yaml

from skillscope.errors import BundleError
from skillscope.features.families.answers import Answers, Floats, Need
from skillscope.features.families.base import FeatureFamily, FittedFamily
from skillscope.features.families.storage import read_json, write_json
from skillscope.features.families.wording import plain, tokens

__all__ = ["FittedMentalStates", "MentalStates", "load_groups"]

_REFERENCE: Final = re.compile(r"\{(\w+)\}")


def _phrase(phrase: str, groups: dict[str, list[str]]) -> str:
    words = []
    for word in phrase.split():
        inner = _REFERENCE.fullmatch(word)
        if inner:
            words.append(f"(?:{'|'.join(_phrase(p, groups) for p in groups[inner[1]])})")
        elif word == "*":
            words.append(r"\w+")
        else:
            words.append(re.escape(word[:-1]) + r"\w*" if word.endswith("*") else re.escape(word))
    return " ".join(words)


@cache
def load_groups() -> dict[str, re.Pattern[str]]:
    """The groups by name, each as one expression over plain text with single spaces."""
    read: dict[str, list[str]] = yaml.safe_load(
        files(__package__).joinpath("mental_states.yaml").read_text(encoding="utf-8")
    )
    # YAML reads a bare `true` and `no` as truth values.
    words = {True: "true", False: "no"}
    groups = {name: [words.get(p, p) if isinstance(p, bool) else p for p in phrases] for name, phrases in read.items()}
    return {
        name: re.compile(rf"(?<!\w)(?:{'|'.join(_phrase(p, groups) for p in phrases)})(?!\w)")
        for name, phrases in groups.items()
        if not name.startswith("_")
    }


def count_groups(text: str) -> list[float]:
    """Hits of each group, then hits a word; no word gives counts of 0 and NaN shares."""
    words = tokens(plain(text))
    spaced = " ".join(words)
    counts = [float(len(pattern.findall(spaced))) for pattern in load_groups().values()]
    length = sum(word not in "?!" for word in words)
    return [*counts, *(count / length if length else float("nan") for count in counts)]


GROUPS: Final = (
    *("think", "know", "deceive", "want", "feel", "perceive", "say", "unsure", "reason", "purpose", "that"),
    *("not", "ask", "might", "self", "others", "i_think", "contrast", "other_thinks", "not_knowing", "thinks_that"),
)
COLUMNS: Final = (*(f"mental_{name}_count" for name in GROUPS), *(f"mental_{name}_share" for name in GROUPS))


class FittedMentalStates(FittedFamily):
    """Nothing is learnt: the lists say it all."""

    def transform(self, answers: Answers) -> Floats:
        """See `MentalStates`."""
        rows = [count_groups(text) for text in answers.texts]
        return np.array(rows) if rows else np.empty((0, len(COLUMNS)))

    def save(self, folder: Path) -> None:
        """The names of the groups, so that a changed list is noticed."""
        write_json(folder / "groups.json", {name: pattern.pattern for name, pattern in load_groups().items()})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Check that the lists are those it was saved with."""
        if read_json(folder / "groups.json") != {name: pattern.pattern for name, pattern in load_groups().items()}:
            raise BundleError(f"{folder} was saved with other mental-state lists; train the bundle again")
        return cls()


class MentalStates(FeatureFamily):
    """Columns: for each group of the lists, hits in the response and hits a word. Needs the text alone."""

    name: ClassVar[str] = "mental_states"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset()
    columns: ClassVar[tuple[str, ...]] = COLUMNS
    fitted: ClassVar[type[FittedFamily]] = FittedMentalStates

    def fit(self, answers: Answers) -> FittedMentalStates:
        """Nothing to learn; the rows are not read."""
        del answers
        return FittedMentalStates()
