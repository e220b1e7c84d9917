"""`prompt_pool.v1`: how a response stands among the other responses to its prompt, none of which need be rated."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from scipy.sparse import csr_matrix

from skillscope.errors import BundleError, SchemaError
from skillscope.features.families.answers import Answers, Floats, Need
from skillscope.features.families.base import FeatureFamily, FittedFamily
from skillscope.features.families.linear import weigh
from skillscope.features.families.mental_states import COLUMNS as MENTAL
from skillscope.features.families.mental_states import FittedMentalStates
from skillscope.features.families.ngrams import count_terms
from skillscope.features.families.storage import read_arrays, read_json, write_arrays, write_json
from skillscope.features.families.wording import FUNCTION_WORDS
from skillscope.features.schema import LINGUISTIC

__all__ = ["FittedPromptPool", "PromptPool"]

TYPICAL: Final = ("typical_wording", "typical_words", "typical_words_share")
RELATIVE: Final = (*(item.name for item in LINGUISTIC), *MENTAL, *TYPICAL)
COLUMNS: Final = tuple(f"relative_{name}" for name in RELATIVE)
POOL_AT_LEAST: Final = 20
"""Fewer responses than this say too little about what is usual for a prompt."""
CHARACTERS: Final = 5


@dataclass(frozen=True, slots=True)
class Pool:
    """What is usual for a prompt: the mean TF-IDF vector, the share of responses with each content word, and mean and
    spread of every relative column."""

    terms: list[str]
    idf: Floats
    centre: Floats
    shares: Floats
    mean: Floats
    spread: Floats

    def typical(self, texts: list[str]) -> Floats:
        """Similarity to the mean response, and the summed and mean popularity of the content words used."""
        table = weigh(count_terms(texts, self.terms, characters=CHARACTERS).matrix, self.terms, self.idf)
        used = csr_matrix((np.ones_like(table.data), table.indices, table.indptr), shape=table.shape)
        popular = np.asarray(used @ self.shares)
        number = np.asarray(used @ (self.shares > 0.0).astype(np.float64))
        return np.column_stack([np.asarray(table @ self.centre), popular, popular / np.maximum(number, 1.0)])


def _pool(texts: list[str], measured: Floats) -> Pool:
    counts = count_terms(texts, characters=CHARACTERS)
    seen = np.bincount(counts.matrix.indices, minlength=len(counts.terms))
    kept = np.flatnonzero(seen >= 3)
    terms = [counts.terms[number] for number in kept.tolist()]
    idf = np.log((1.0 + len(texts)) / (1.0 + seen[kept])) + 1.0
    table = weigh(csr_matrix(counts.matrix[:, kept]), terms, idf)
    centre = np.asarray(table.mean(axis=0)).ravel()
    content = [term.startswith("w:") and " " not in term and term[2:] not in FUNCTION_WORDS for term in terms]
    shares = np.where(content, seen[kept] / len(texts), 0.0)
    nothing = np.zeros(0)
    pool = Pool(terms, idf, centre, shares, nothing, nothing)
    values = np.column_stack([measured, pool.typical(texts)])
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, values, 0.0)
    mean = filled.sum(axis=0) / count
    spread = np.sqrt(np.where(known, np.square(filled - mean), 0.0).sum(axis=0) / count)
    return Pool(terms, idf, centre, shares, mean, spread)


def _measured(answers: Answers) -> Floats:
    linguistic = answers.linguistic if answers.linguistic is not None else np.full((len(answers), 16), np.nan)
    return np.column_stack([linguistic, FittedMentalStates().transform(answers)])


@dataclass(frozen=True, slots=True)
class FittedPromptPool(FittedFamily):
    """The pools by prompt."""

    pools: dict[str, Pool]

    def transform(self, answers: Answers) -> Floats:
        """See `PromptPool`."""
        out = np.full((len(answers), len(COLUMNS)), np.nan)
        for prompt, rows in answers.by_prompt().items():
            pool = self.pools.get(prompt)
            if pool is None:
                continue
            some = answers.take(rows)
            values = np.column_stack([_measured(some), pool.typical(list(some.texts))])
            out[rows] = np.where(pool.spread > 0.0, (values - pool.mean) / np.maximum(pool.spread, 1e-9), 0.0 * values)
        return out

    def save(self, folder: Path) -> None:
        """One JSON file with names and terms, one npz file with numbers."""
        write_json(
            folder / "pools.json",
            {"prompts": list(self.pools), "terms": [pool.terms for pool in self.pools.values()]},
        )
        arrays = {}
        for number, pool in enumerate(self.pools.values()):
            for name in ("idf", "centre", "shares", "mean", "spread"):
                arrays[f"{number}.{name}"] = getattr(pool, name)
        write_arrays(folder / "pools.npz", arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        record, arrays = read_json(folder / "pools.json"), read_arrays(folder / "pools.npz")
        try:
            pools = {}
            for number, (prompt, terms) in enumerate(zip(record["prompts"], record["terms"], strict=True)):
                parts = [arrays[f"{number}.{name}"] for name in ("idf", "centre", "shares", "mean", "spread")]
                pools[str(prompt)] = Pool(list(terms), *parts)
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"{folder} is no folder of {PromptPool().key}; train the bundle again") from error
        return cls(pools)


class PromptPool(FeatureFamily):
    """Columns: the 16 linguistic features, the `mental_states.v1` columns and three measures of typical wording, each
    in standard deviations from the mean of the responses to the same prompt that it was fitted on. NaN for prompts
    with fewer than `POOL_AT_LEAST` of them. Ratings are not read: unrated responses to a new prompt are enough.
    """

    name: ClassVar[str] = "prompt_pool"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset({Need.PROMPT_ID, Need.LINGUISTIC})
    columns: ClassVar[tuple[str, ...]] = COLUMNS
    fitted: ClassVar[type[FittedFamily]] = FittedPromptPool

    def fit(self, answers: Answers) -> FittedPromptPool:
        """Measure what is usual for each prompt."""
        if answers.prompt_ids is None:
            raise SchemaError(f"{self.key} needs to know which prompt a response answers", field="prompt_ids")
        pools = {}
        for prompt, rows in answers.by_prompt().items():
            if len(rows) >= POOL_AT_LEAST:
                some = answers.take(rows)
                pools[prompt] = _pool(list(some.texts), _measured(some))
        return FittedPromptPool(pools)
