"""Adversarial copies of training rows: texts that try to game the score, with the label that the student had anyway.

The lexicon shares are features, so a model of honest texts alone takes a list of its words for a brilliant answer.
Copies of some training rows have their text replaced by a gaming probe (`evaluation.probes`, the training half of its
words) and keep play and label: what the words say is then worth what it is worth, nothing. Where the play is known it
outweighs the text, so a text that games is tried most from the text alone: each copy stands there a second time.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.evaluation.probes import PROBES, probe_features, probe_text
from skillscope.modeling.evidence import blank, evidence_of
from skillscope.modeling.samples import Adversaries, Floats, Rows

__all__ = ["ALONE", "AMONG_TAUGHT", "SHARE", "adversaries_of", "among_taught"]

SHARE: Final = 0.3
"""Of the training rows that get one adversarial copy."""
TURNS: Final = (*PROBES, *("keyword list", "stuffed") * 3, "keyword list")
"""Which probe the copies are of, in turn: most are of those that a model without copies falls for."""
ALONE: Final = 0.4
"""Weight of a copy's second standing, its text alone. On simulated students of two other seeds than those that figures
are reported on, it takes the rise by a list of words from 0.069 to 0.049 and that by a stuffed text from 0.064 to
0.046, for 0.006 to 0.023 of R2 from text alone and 0.001 to 0.003 from text and play."""
AMONG_TAUGHT: Final = 3.0
"""How many times a copy's text alone counts where taught rows are learnt beside it, all of them of honest texts. On
students of two other seeds (1001 and 5) it takes the rise by a stuffed text from 0.033 to 0.024 and that by a list of
words from 0.022 to 0.016, for at most 0.003 of R2 from text alone."""
AT_MOST: Final = 2000
"""Copies; measuring their texts takes a few seconds."""


def adversaries_of(
    features: Floats,
    texts: Sequence[str],
    prompts: Sequence[str],
    *,
    seed: int,
    share: float = SHARE,
) -> Adversaries:
    """Copies of a share of the rows (n, 29), each probe in its turn, then those that have play again from their text
    alone, at the weight `ALONE`; none copies a prompt not known.

    The same arguments give the same copies.
    """
    count = min(round(share * len(texts)), AT_MOST)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(texts))[:count])
    rows: list[int] = []
    gamed: list[str] = []
    for place, row in enumerate(chosen.tolist()):
        probe = TURNS[place % len(TURNS)]
        text = probe_text(probe, texts[row], prompts[row], row=row, seed=seed, half="training")
        if text is not None:
            rows.append(row)
            gamed.append(text)
    numbers: NDArray[np.int64] = np.array(rows, dtype=np.int64)
    if not rows:
        return Adversaries(numbers, np.empty((0, features.shape[1])), np.empty(0))
    copies = probe_features(features[numbers], gamed)
    played = evidence_of(copies) == "both"
    return Adversaries(
        np.concatenate([numbers, numbers[played]]),
        np.concatenate([copies, blank(copies[played], "text")]),
        np.concatenate([np.ones(len(copies)), np.full(int(played.sum()), ALONE)]),
    )


def among_taught(copies: Rows) -> Rows:
    """The copies as they are learnt beside taught rows: those of text alone count `AMONG_TAUGHT` times."""
    alone = evidence_of(copies.features) == "text"
    return replace(copies, weights=np.where(alone, AMONG_TAUGHT * copies.weights, copies.weights))
