"""Texts and marked sentences that the feature tests share."""

import random
from pathlib import Path

import pytest

from skillscope.features.lexicon_scores import MarkedSentence, read_marked

DATA = Path(__file__).with_name("data")


@pytest.fixture(scope="session")
def marked_sentences() -> dict[str, list[MarkedSentence]]:
    """The marked sentences of each list."""
    paths = sorted(DATA.glob("lexicon_*.txt"))
    return {path.stem.removeprefix("lexicon_"): read_marked(path) for path in paths}


@pytest.fixture(scope="session")
def thousand_texts(marked_sentences: dict[str, list[MarkedSentence]]) -> list[str]:
    """1,000 texts of one to six sentences, some in lower case and without punctuation, as children type."""
    rng = random.Random(7)
    pool = [sentence.text for sentences in marked_sentences.values() for sentence in sentences]
    texts = []
    for number in range(1000):
        text = " ".join(rng.choices(pool, k=rng.randint(1, 6)))
        if number % 3 == 0:
            text = text.lower().translate(str.maketrans("", "", ".,?!"))
        texts.append(text)
    return texts
