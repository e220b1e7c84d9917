"""How well the teacher of the language pipeline reads the evaluation sets: how much is left to be had."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from skillscope.features.gold import FeatureAccuracy, agreement, evaluation_texts, gold_features
from skillscope.features.sentences import LEVELS
from skillscope.language.teacher import TAGS, Reader
from skillscope.language.treebank import Sentence

__all__ = ["measure_teacher"]

TAGS_RIGHT: Final = "tags right"
COUNTED: Final = {"verb_count": "VERB", "adj_count": "ADJ", "adv_count": "ADV"}


def measure_teacher(teacher: Reader, treebanks: Path, *, most: int = 100_000) -> list[FeatureAccuracy]:
    """The share of tags that are right (as `r`; its error is the rest), three counts and the sentence length, on the
    texts of `measure_accuracy`. The teacher is given the gold tokens; sentences are counted as features count them.

    Raises:
        FileError: a treebank is missing or broken.
    """
    found = []
    for data, condition, texts in evaluation_texts(treebanks, most=most):
        found += _compare(teacher, texts, data, condition)
    return found


def _compare(teacher: Reader, texts: Sequence[Sentence], data: str, condition: str) -> list[FeatureAccuracy]:
    read = teacher.read([text.words for text in texts])
    tags = [[TAGS[number] for number in chances.argmax(axis=1)] for chances, _ in read]
    gold = [gold_features(text) for text in texts]
    right = [
        one == other
        for text, named in zip(texts, tags, strict=True)
        for one, other in zip(text.upos, named, strict=True)
    ]
    share = float(np.mean(right))
    found = [FeatureAccuracy(data, condition, TAGS_RIGHT, len(texts), share, 1 - share, share)]
    lengths = [_length(text, begins) for text, (_, begins) in zip(texts, read, strict=True)]
    columns = {name: [float(named.count(tag)) for named in tags] for name, tag in COUNTED.items()}
    for name, column in (columns | {"avg_sentence_length": lengths}).items():
        wanted = np.array([row[name] for row in gold], dtype=np.float64)
        ours = np.array(column)
        both = np.isfinite(wanted) & np.isfinite(ours)
        r, error = agreement(ours[both], wanted[both])
        found.append(FeatureAccuracy(data, condition, name, int(both.sum()), r, error, float(wanted[both].mean())))
    return found


def _length(text: Sentence, begins: np.ndarray) -> float:
    """Words for each expected sentence."""
    inner = begins[1:]
    sentences = np.mean([1 + int((inner > level).sum()) for level in LEVELS])
    return float(sum(any(c.isalnum() for c in word) for word in text.words) / sentences) or float("nan")
