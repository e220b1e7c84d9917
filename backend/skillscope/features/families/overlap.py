"""`reference_overlap.v1`: how much of its prompt and of reference answers a response says."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np

from skillscope.errors import BundleError
from skillscope.features.families.answers import Answers, Floats, Need
from skillscope.features.families.base import FeatureFamily, FittedFamily
from skillscope.features.families.storage import read_json, write_json
from skillscope.features.families.wording import FUNCTION_WORDS, NEGATIONS, lemmas, plain

__all__ = ["FittedOverlap", "ReferenceOverlap"]

MEASURES: Final = (
    "lemma_recall",
    "lemma_precision",
    "rare_recall",
    "rare_precision",
    "lemma_jaccard",
    "char3_recall",
    "char3_dice",
    "char5_recall",
    "char5_dice",
    "length_ratio",
    "negation_mismatch",
)
_BEST_IS_LEAST: Final = MEASURES.index("negation_mismatch")
COLUMNS: Final = (
    *(f"overlap_prompt_{name}" for name in MEASURES),
    *(f"overlap_best_{name}" for name in MEASURES),
    *(f"overlap_mean_{name}" for name in MEASURES),
    "overlap_beyond_prompt_recall",
    "overlap_beyond_prompt_rare_recall",
    "overlap_beyond_prompt_lemmas",
)
Weight = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Profile:
    """What is compared of one text."""

    words: int
    lemmas: frozenset[str]
    content: frozenset[str]
    negations: int
    grams: dict[int, frozenset[str]] = field(repr=False)


def profile(text: str) -> Profile:
    """The lemmas, content lemmas, negations and character 3- and 5-grams of a text."""
    clean = plain(text)
    found = lemmas(clean)
    spaced = f" {' '.join(found)} "
    grams = {n: frozenset(spaced[i : i + n] for i in range(len(spaced) - n + 1)) for n in (3, 5)}
    known = frozenset(found)
    return Profile(len(found), known, known - FUNCTION_WORDS, sum(word in NEGATIONS for word in found), grams)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else math.nan


def _weigh(words: frozenset[str], weight: Weight) -> float:
    return math.fsum(weight(word) for word in sorted(words))


def compare(answer: Profile, other: Profile, weight: Weight) -> list[float]:
    """The `MEASURES` of an answer against another text; NaN where the share of nothing would be taken."""
    common = answer.content & other.content
    rare = _weigh(common, weight)
    out = [
        _share(len(common), len(other.content)),
        _share(len(common), len(answer.content)),
        _share(rare, _weigh(other.content, weight)),
        _share(rare, _weigh(answer.content, weight)),
        _share(len(answer.lemmas & other.lemmas), len(answer.lemmas | other.lemmas)),
    ]
    for size in (3, 5):
        mine, theirs = answer.grams[size], other.grams[size]
        both = len(mine & theirs)
        out += [_share(both, len(theirs)), _share(2 * both, len(mine) + len(theirs))]
    return [*out, _share(answer.words, other.words), float(abs((answer.negations > 0) - (other.negations > 0)))]


@dataclass(frozen=True, slots=True)
class FittedOverlap(FittedFamily):
    """In how many of `texts` training answers each lemma stands: what makes a lemma rare."""

    texts: int
    seen: dict[str, int]

    def weight(self, lemma: str) -> float:
        """Inverse document frequency, ln((texts + 1) / (seen + 1)) + 0.1."""
        return math.log((self.texts + 1) / (self.seen.get(lemma, 0) + 1)) + 0.1

    def transform(self, answers: Answers) -> Floats:
        """See `ReferenceOverlap`."""
        out = np.full((len(answers), len(COLUMNS)), np.nan)
        known: dict[str, Profile] = {}

        def of(text: str) -> Profile:
            if text not in known:
                known[text] = profile(text)
            return known[text]

        for row, text in enumerate(answers.texts):
            answer = profile(text)
            prompt = answers.prompts[row] if answers.prompts is not None else ""
            references = [r for r in answers.references[row] if r.strip()] if answers.references is not None else []
            out[row] = self._row(answer, of(prompt) if prompt.strip() else None, [of(r) for r in references])
        return out

    def _row(self, answer: Profile, prompt: Profile | None, references: Sequence[Profile]) -> list[float]:
        unknown = [math.nan] * len(MEASURES)
        to_prompt = compare(answer, prompt, self.weight) if prompt else unknown
        if not references:
            return [*to_prompt, *unknown, *unknown, math.nan, math.nan, math.nan]
        table = np.array([compare(answer, reference, self.weight) for reference in references])
        best = [_least_or_most(table[:, column], least=column == _BEST_IS_LEAST) for column in range(len(MEASURES))]
        mean = [_mean(table[:, column]) for column in range(len(MEASURES))]
        said = prompt.content if prompt else frozenset[str]()
        wanted = frozenset[str]().union(*(reference.content for reference in references)) - said
        new = answer.content - said
        return [
            *to_prompt,
            *best,
            *mean,
            _share(len(new & wanted), len(wanted)),
            _share(_weigh(new & wanted, self.weight), _weigh(wanted, self.weight)),
            float(len(new)),
        ]

    def save(self, folder: Path) -> None:
        """One JSON file with the counts."""
        write_json(folder / "lemmas.json", {"texts": self.texts, "seen": self.seen})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        record = read_json(folder / "lemmas.json")
        try:
            return cls(int(record["texts"]), {str(key): int(value) for key, value in record["seen"].items()})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BundleError(f"{folder} is no folder of {ReferenceOverlap().key}; train the bundle again") from error


def _least_or_most(values: Floats, *, least: bool) -> float:
    known = values[~np.isnan(values)]
    if not len(known):
        return math.nan
    return float(known.min() if least else known.max())


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


class ReferenceOverlap(FeatureFamily):
    """Columns: the eleven `MEASURES` of a response against its prompt (`overlap_prompt_*`), against the reference
    answers (`overlap_best_*`: the highest over them, for the negation mismatch the lowest; `overlap_mean_*`), and what
    it says of the references' lemmas that the prompt did not say (`overlap_beyond_prompt_*`). NaN without a prompt
    text, or without reference answers. Ratings are not read; training answers only say which lemmas are rare.
    """

    name: ClassVar[str] = "reference_overlap"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset({Need.PROMPT, Need.REFERENCES})
    columns: ClassVar[tuple[str, ...]] = COLUMNS
    fitted: ClassVar[type[FittedFamily]] = FittedOverlap

    def fit(self, answers: Answers) -> FittedOverlap:
        """Count in how many answers each lemma stands; lemmas of one answer only are left out."""
        seen = Counter(lemma for text in answers.texts for lemma in set(lemmas(plain(text))))
        return FittedOverlap(len(answers), {lemma: seen[lemma] for lemma in sorted(seen) if seen[lemma] > 1})
