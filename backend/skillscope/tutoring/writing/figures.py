"""Figures about texts that a model wrote: pure functions, with bootstrap intervals over prompts."""

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict

from skillscope.errors import ConfigurationError
from skillscope.lm.slots import NUMBER, SLOT, fill
from skillscope.lm.verify import numbers_in
from skillscope.tutoring.pairs.measures import distinct
from skillscope.tutoring.verify import CONSTANTS

__all__ = [
    "Figure",
    "distinct_2",
    "faithful",
    "mean_of",
    "memorised",
    "overlap",
    "perplexity",
    "ratio_of",
    "sentences_of",
]

RESAMPLES: Final = 1000
_FEWER: Final = 300
"""Resamples of BLEU and chrF, which take longer; a text's n-gram counts are taken once (sacrebleu's own way)."""
_GROUP: Final = 20
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")
_WORD: Final = re.compile(r"⟨[^⟩]*⟩|\w+|[^\w\s]")


class Figure(BaseModel):
    """A figure with its 95% interval (percentile bootstrap over prompts) and the number of prompts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    low: float
    high: float
    prompts: int

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


def _interval(
    values: Callable[[np.ndarray[Any, Any]], float], count: int, *, resamples: int = RESAMPLES, seed: int = 0
) -> Figure:
    draw = np.random.default_rng(seed)
    known = [values(draw.integers(0, count, count)) for _ in range(resamples)]
    low, high = np.quantile(known, [0.025, 0.975])
    return Figure(value=values(np.arange(count)), low=float(low), high=float(high), prompts=count)


def mean_of(values: Sequence[float]) -> Figure:
    """The mean of one value a prompt (0 or 1 for a share)."""
    column = np.asarray(values, dtype=np.float64)
    return _interval(lambda rows: float(column[rows].mean()), len(column))


def ratio_of(tops: Sequence[float], bottoms: Sequence[float]) -> Figure:
    """Sum over sum, of two values a prompt: bits over characters, say."""
    top, bottom = np.asarray(tops, dtype=np.float64), np.asarray(bottoms, dtype=np.float64)
    return _interval(lambda rows: float(top[rows].sum() / bottom[rows].sum()), len(top))


def faithful(kind: str, delex: str, text: str, slots: Mapping[str, str], given: Collection[Fraction]) -> bool:
    """Whether the multiset of numbers in a text equals the multiset that its slots stand for in the input.

    Any digit that the model wrote itself breaks it in feedback and plans; an explanation may bring in the small
    constants that `tutoring.verify` lists, and the numbers of its question (`given`).
    """
    literal = [Fraction(number) for number in NUMBER.findall(SLOT.sub(" ", delex))]
    if kind != "explanation" and literal:
        return False
    if any(number not in CONSTANTS and number not in given for number in literal):
        return False
    filled = Counter(numbers_in(fill(" ".join(match.group() for match in SLOT.finditer(delex)), slots)))
    return Counter(numbers_in(text)) == filled + Counter(literal)


def distinct_2(texts: Sequence[str], *, seed: int = 0) -> Figure | None:
    """Distinct over all bigrams (Li et al. 2016) within groups of 20 texts, which the figure depends on; the mean.

    None where no text has two words.
    """
    order = list(range(len(texts)))
    random.Random(seed).shuffle(order)
    tokens = [_WORD.findall(texts[index].lower()) for index in order]
    groups = [tokens[at : at + _GROUP] for at in range(0, max(len(tokens) - _GROUP, 0) + 1, _GROUP)]
    known = [share for group in groups if not math.isnan(share := distinct(group, 2))]
    return mean_of(known) if known else None


def sentences_of(text: str) -> list[str]:
    """The sentences of a delexicalised text, computed results (`r1`, `r2`, …) not told apart."""
    return [re.sub(r"r\d+=[^⟩]*|\br\d+", "r", sentence) for sentence in _SENTENCE.split(text) if sentence]


def memorised(texts: Sequence[str], training: Iterable[str]) -> tuple[Figure, Figure]:
    """(share of texts that stand word for word in the training outputs, share of a text's sentences that do)."""
    whole: set[str] = set()
    parts: set[str] = set()
    for target in training:
        whole.add(target)
        parts.update(sentences_of(target))
    shares = [[sentence in parts for sentence in sentences_of(text)] for text in texts]
    return mean_of([float(text in whole) for text in texts]), mean_of([float(np.mean(row)) for row in shares])


def overlap(texts: Sequence[str], references: Sequence[str]) -> dict[str, Figure]:
    """BLEU and chrF (sacrebleu's, 0 to 100) of delexicalised texts against one reference each.

    Raises:
        ConfigurationError: sacrebleu is not installed.
    """
    try:
        from sacrebleu.metrics import BLEU, CHRF
    except ImportError as error:
        raise ConfigurationError("BLEU and chrF need the extra `lm` (sacrebleu is not installed)") from error
    found = {}
    for name, metric in (("bleu", BLEU(tokenize="intl")), ("chrf", CHRF())):
        counted = metric._extract_corpus_statistics(list(texts), [list(references)])

        def score(
            rows: np.ndarray[Any, Any], metric: Any = metric, counted: Sequence[Sequence[int]] = tuple(counted)
        ) -> float:
            return float(metric._aggregate_and_compute([counted[row] for row in rows]).score)

        found[name] = _interval(score, len(texts), resamples=_FEWER)
    return found


def perplexity(nats: Sequence[float], tokens: Sequence[int]) -> Figure:
    """exp of the mean loss per token, given the loss in nats and the tokens of each target."""
    rate = ratio_of(nats, tokens)
    return Figure(value=math.exp(rate.value), low=math.exp(rate.low), high=math.exp(rate.high), prompts=rate.prompts)
