"""Texts and marked sentences that the feature tests share."""

import random
from dataclasses import dataclass
from pathlib import Path

import pytest

DATA = Path(__file__).with_name("data")


@dataclass(frozen=True)
class Marked:
    """A sentence with `[counted]` and `<negated or supposed>` words marked, as text and character spans."""

    text: str
    counted: tuple[tuple[int, int], ...]
    left_out: tuple[tuple[int, int], ...]


def _read(line: str) -> Marked:
    text, begin = "", 0
    spans: dict[str, list[tuple[int, int]]] = {"]": [], ">": []}
    for character in line:
        if character in "[<":
            begin = len(text)
        elif character in "]>":
            spans[character].append((begin, len(text)))
        else:
            text += character
    return Marked(text, tuple(spans["]"]), tuple(spans[">"]))


@pytest.fixture(scope="session")
def marked_sentences() -> dict[str, list[Marked]]:
    """The marked sentences of each list."""
    found = {}
    for path in sorted(DATA.glob("lexicon_*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        found[path.stem.removeprefix("lexicon_")] = [_read(line) for line in lines if line and line[0] != "#"]
    return found


@pytest.fixture(scope="session")
def thousand_texts(marked_sentences: dict[str, list[Marked]]) -> list[str]:
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
