"""Training of the sentence model on EWT and ESLSpok as unpunctuated speech; see `sentences.py`."""

import json
import random
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from skillscope.errors import FileError
from skillscope.features.sentences import BUCKETS, columns_of, gap_features
from skillscope.language import load_analyser, pipeline_version
from skillscope.language.corpus import degrade, grouped
from skillscope.language.treebank import Sentence, read_treebank

__all__ = ["train_sentences"]

FILES: Final = {"ewt-train.conllu.xz": 1, "eslspok-train.conllu.xz": 3}
"""Training parts, and how often each is grouped anew: speech is rare, so it is taken thrice."""


def train_sentences(treebanks: Path, output: Path, *, seed: int = 0, most: int = 1_000_000) -> int:
    """Train on the treebanks' training parts and write the weights as JSON; returns the number of gaps learned from.

    The same treebanks, language pipeline and seed give the same file. `most` bounds the texts (for tests).

    Raises:
        FileError: a treebank cannot be read or the file not written.
    """
    rng = random.Random(seed)
    texts: list[Sentence] = []
    for file, times in FILES.items():
        sentences = read_treebank(treebanks / file)
        for _ in range(times):
            texts += [degrade(group, lower=True, drop_punct=True) for group in grouped(sentences, rng, most=8)]
    rng.shuffle(texts)
    features, right = _examples(texts[:most])
    rows = np.repeat(np.arange(len(right)), features.shape[1])
    table = csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, features.ravel())), shape=(len(right), BUCKETS))
    model = LogisticRegression(C=0.03, max_iter=200).fit(table, right)
    weights = model.coef_[0].copy()
    weights += model.intercept_[0] / features.shape[1]  # every gap has one place a feature
    body = {
        "language_pipeline": pipeline_version(),
        "trained_on": "UD English EWT and ESLSpok, CC BY-SA 4.0",
        "weights": [round(float(weight), 2) for weight in weights],
    }
    temporary = output.with_suffix(".tmp")
    try:
        temporary.write_text(json.dumps(body, separators=(",", ":")) + "\n", encoding="utf-8")
        temporary.replace(output)
    except OSError as error:
        raise FileError(f"{output} cannot be written: {error.strerror}") from error
    return len(right)


def _examples(texts: list[Sentence]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Gap features of the parsed texts and whether a gold sentence begins there; texts tokenised otherwise are left
    out."""
    features, right = [], []
    for start in range(0, len(texts), 128):
        run = texts[start : start + 128]
        analysis = load_analyser().analyse([text.text for text in run])
        places = gap_features(columns_of(analysis), analysis.bounds)
        for number, (doc, gold) in enumerate(zip(analysis.docs, run, strict=True)):
            if [token.text for token in doc] == gold.words and len(doc) > 1:
                features.append(places[analysis.bounds[number] + 1 : analysis.bounds[number + 1]])
                right.append(np.array(gold.starts[1:], dtype=bool))
    return np.concatenate(features), np.concatenate(right)
