"""How varied a set of texts is: distinct n-grams, likeness to each other, near-duplicates."""

import math
import random
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

__all__ = ["NEAR", "distinct", "near_duplicates", "self_bleu"]

NEAR: Final = 0.8
"""Jaccard index of the sets of word trigrams from which two texts count as nearly the same."""

_PERMUTATIONS: Final = 64


def distinct(texts: Sequence[list[str]], order: int) -> float:
    """Distinct n-grams over all n-grams (Li et al. 2016)."""
    grams: set[tuple[str, ...]] = set()
    total = 0
    for tokens in texts:
        rows = list(zip(*(tokens[start:] for start in range(order)), strict=False))
        grams.update(rows)
        total += len(rows)
    return len(grams) / total if total else math.nan


def _bleu(candidate: list[str], references: Sequence[list[str]]) -> float:
    """BLEU-4 with add-one smoothing above unigrams and the closest reference's length."""
    logs = []
    for order in range(1, 5):
        grams = Counter(zip(*(candidate[start:] for start in range(order)), strict=False))
        best: Counter[tuple[str, ...]] = Counter()
        for reference in references:
            best |= Counter(zip(*(reference[start:] for start in range(order)), strict=False))
        hits = sum(min(count, best[gram]) for gram, count in grams.items())
        total = sum(grams.values())
        smooth = 0 if order == 1 else 1
        if hits + smooth == 0 or total + smooth == 0:
            return 0.0
        logs.append(math.log((hits + smooth) / (total + smooth)))
    closest = min((len(reference) for reference in references), key=lambda size: abs(size - len(candidate)))
    brevity = min(0.0, 1 - closest / max(len(candidate), 1))
    return math.exp(brevity + sum(logs) / 4)


def self_bleu(texts: Sequence[list[str]], *, sample: int = 100, references: int = 50, seed: int = 0) -> float:
    """Mean BLEU-4 of sampled texts against other sampled texts (Zhu et al. 2018); lower is more varied."""
    rng = random.Random(seed)
    if len(texts) < 2:
        return math.nan
    chosen = rng.sample(range(len(texts)), min(sample, len(texts)))
    scores = []
    for index in chosen:
        others = [other for other in rng.sample(range(len(texts)), min(references + 1, len(texts))) if other != index]
        scores.append(_bleu(texts[index], [texts[other] for other in others[:references]]))
    return float(np.mean(scores))


def near_duplicates(texts: Sequence[str], *, threshold: float = NEAR) -> float:
    """Share of texts that resemble an earlier one: MinHash estimate of the Jaccard index of word trigrams."""
    from datasketch import MinHash, MinHashLSH  # brings scipy along, which most commands need not pay for

    index = MinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS)
    sketches = []
    for text in texts:
        words = text.lower().split()
        shingles = {" ".join(words[at : at + 3]).encode() for at in range(max(len(words) - 2, 1))}
        sketch = MinHash(num_perm=_PERMUTATIONS, seed=1)
        sketch.update_batch(list(shingles))
        sketches.append(sketch)
    found = 0
    for number, sketch in enumerate(sketches):
        close = index.query(sketch)
        if any(sketch.jaccard(sketches[other]) >= threshold for other in close):
            found += 1
        index.insert(number, sketch)
    return found / len(texts) if texts else math.nan
