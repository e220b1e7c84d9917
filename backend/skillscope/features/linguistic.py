"""Features 1 to 16: from texts to a table of numbers, in batches.

spaCy's components are called on whole batches, lemmas and list entries are looked up once for each word type, and
everything that is counted is counted over arrays of all tokens of a batch. The result depends on each text alone.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from skillscope.features.batches import ParsedBatch, parse_batch
from skillscope.features.hits import judge_entries
from skillscope.features.lexicon import LEXICONS
from skillscope.features.parallel import map_batches
from skillscope.features.readability import flesch_kincaid
from skillscope.features.schema import LINGUISTIC
from skillscope.features.sentiment import load_vader
from skillscope.features.texts import MAX_RESPONSE_CHARS, batches, clean_text
from skillscope.features.words import WordTable

__all__ = ["MAX_RESPONSE_CHARS", "extract_linguistic", "iter_linguistic", "measure_batch", "word_table"]

Table = NDArray[np.float64]

_COLUMN = {item.name: number for number, item in enumerate(LINGUISTIC)}
_MARKERS = (
    "empathy_markers",
    "problem_solving_language",
    "perseverance_indicators",
    "social_processes",
    "cognitive_processes",
)


def extract_linguistic(texts: Sequence[str], *, processes: int = 1) -> Table:
    """The 16 linguistic features of each text, shape (n, 16), columns in `LINGUISTIC` order.

    A text without a word has counts of 0 and NaN elsewhere. `processes` changes how long it takes and nothing else.

    Raises:
        TextError: a text is no string or longer than `MAX_RESPONSE_CHARS`; the message names its number, from 0.
    """
    rows = list(iter_linguistic(texts, processes=processes))
    return np.vstack(rows) if rows else np.empty((0, len(LINGUISTIC)))


def iter_linguistic(texts: Iterable[str], *, processes: int = 1) -> Iterator[Table]:
    """The same one row (shape (16,)) at a time, in order, in memory that does not grow with the number of texts."""
    cleaned = (clean_text(text, number) for number, text in enumerate(texts))
    for table in map_batches(measure_batch, batches(cleaned), processes):
        yield from table


def measure_batch(texts: Sequence[str]) -> Table:
    """The features of one batch of cleaned texts, shape (n, 16)."""
    batch = parse_batch(texts, word_table())
    out = np.full((len(texts), len(LINGUISTIC)), np.nan)
    words, sentences = batch.words, batch.sentences
    out[:, _COLUMN["word_count"]] = words
    out[:, _COLUMN["unique_word_count"]] = batch.unique_lemmas
    for name, tags in (("noun", ("NOUN", "PROPN")), ("verb", ("VERB",)), ("adj", ("ADJ",)), ("adv", ("ADV",))):
        out[:, _COLUMN[f"{name}_count"]] = batch.tag_counts(tags)
    with np.errstate(invalid="ignore"):
        out[:, _COLUMN["avg_sentence_length"]] = words / sentences
        out[:, _COLUMN["syntactic_complexity"]] = batch.depths / sentences
    vader = load_vader()
    for row in np.flatnonzero(words).tolist():
        count = int(words[row])
        out[row, _COLUMN["positive_sentiment"]], out[row, _COLUMN["negative_sentiment"]] = vader.shares(texts[row])
        out[row, _COLUMN["readability_score"]] = flesch_kincaid(count, float(sentences[row]), int(batch.syllables[row]))
        for name, share in zip(_MARKERS, _shares(batch, row, count), strict=True):
            out[row, _COLUMN[name]] = share
    return out


def _shares(batch: ParsedBatch, row: int, words: int) -> list[float]:
    covered: dict[str, set[int]] = {name: set() for name in LEXICONS}
    for entry, tokens, status in judge_entries(batch.types_of(row), lambda: batch.tree(row)):
        if status == "counted":
            covered[entry.lexicon].update(tokens)
    return [len(covered[name]) / words for name in LEXICONS[: len(_MARKERS)]]


_TABLES: list[WordTable] = []


def word_table() -> WordTable:
    """The word table of this process."""
    if not _TABLES:
        _TABLES.append(WordTable())
    return _TABLES[0]
