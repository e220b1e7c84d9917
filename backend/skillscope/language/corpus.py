"""Training texts for the language pipeline: groups of sentences, half of them degraded.

Children's answers arrive without capitals, punctuation and apostrophes. Training on such texts is worth four
points of UPOS and over ten of LAS on noisy speech, so a share of the groups is degraded, drawn anew each epoch.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from skillscope.language.treebank import Sentence, join_sentences

__all__ = [
    "DEGRADATIONS",
    "capitalise",
    "degrade",
    "example",
    "grouped",
    "hesitate",
    "misspell",
    "training_examples",
    "wear",
]

# name -> (lower-case, drop punctuation, drop apostrophes), share of the groups in training
DEGRADATIONS: dict[str, tuple[tuple[bool, bool, bool], float]] = {
    "plain": ((False, False, False), 0.45),
    "lower": ((True, False, False), 0.08),
    "no_punct": ((False, True, False), 0.10),
    "lower_no_punct": ((True, True, False), 0.30),
    "no_apostrophe": ((True, True, True), 0.07),
}
FILLERS = ("um", "uh", "er", "erm", "hmm", "ah")
HESITATIONS = 0.08
"""Share of the sentences of a degraded text that get a filler."""
MISSPELLED = 0.05
"""Share of the words of four letters and more that a degraded text misspells."""


def degrade(sentence: Sentence, *, lower: bool, drop_punct: bool, drop_apostrophes: bool = False) -> Sentence:
    """Return the sentence as a hurried child would type it.

    Dependents of a dropped punctuation mark move to its head. A sentence of nothing but punctuation is returned
    as it is when punctuation is to be dropped.
    """
    keep = [tag != "PUNCT" or not drop_punct for tag in sentence.upos]
    if not any(keep):
        return sentence
    heads = _heads_kept(sentence, keep)
    new_index: dict[int, int] = {}
    for index, kept in enumerate(keep):
        if kept:
            new_index[index] = len(new_index)
    order = list(new_index)
    words = [sentence.words[i] for i in order]
    spaces = [sentence.spaces[i] or (i + 1 < len(keep) and not keep[i + 1]) for i in order]
    if lower:
        words = [word.lower() for word in words]
    if drop_apostrophes:
        words = [word.replace("'", "").replace("’", "") or word for word in words]
    starts, pending = [], False
    for index, kept in enumerate(keep):
        pending = pending or sentence.starts[index]
        if kept:
            starts.append(pending)
            pending = False
    return replace(
        sentence,
        words=words,
        spaces=spaces,
        upos=[sentence.upos[i] for i in order],
        lemmas=[sentence.lemmas[i] for i in order],
        heads=[new_index[heads[i]] for i in order],
        deps=["ROOT" if heads[i] == i else sentence.deps[i] for i in order],
        starts=starts,
    )


def _heads_kept(sentence: Sentence, keep: list[bool]) -> list[int]:
    """Each token's nearest kept ancestor. Where a dropped root leaves several tokens without one, the first becomes
    the root and the others depend on it.
    """
    heads = list(sentence.heads)
    new_root: dict[int, int] = {}
    for index, kept in enumerate(keep):
        if not kept:
            continue
        above = sentence.heads[index]
        while not keep[above] and sentence.heads[above] != above:
            above = sentence.heads[above]
        heads[index] = above if keep[above] else new_root.setdefault(above, index)
    return heads


def misspell(sentence: Sentence, rng: random.Random, share: float = MISSPELLED) -> Sentence:
    """Swap, drop or double one inner letter in a share of the longer words, as children do ("freind", "comming")."""
    words = [
        _slip(word, rng) if len(word) >= 4 and word.isalpha() and rng.random() < share else word
        for word in sentence.words
    ]
    return replace(sentence, words=words)


def capitalise(sentence: Sentence, rng: random.Random, *, lower: bool) -> Sentence:
    """Give some texts capitals that mean nothing: in a text in lower case at the beginning of sentences (a quarter of
    them) or at a word in seven (a tenth), in another at a word in three (a seventh) or all through (one in 25).

    Without them a word that the treebanks rarely hold is taken for a name as soon as it has a capital.
    """
    chance = rng.random()
    words, starts = sentence.words, sentence.starts
    if lower and chance < 0.25:
        words = [_capital(word) if start else word for word, start in zip(words, starts, strict=True)]
    elif lower and chance < 0.35:
        words = [_capital(word) if rng.random() < 0.15 else word for word in words]
    elif not lower and chance < 0.15:
        words = [_capital(word) if rng.random() < 0.3 else word for word in words]
    elif not lower and chance < 0.19:
        words = [word.upper() for word in words]
    return replace(sentence, words=words)


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _slip(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    return rng.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
        )
    )


def hesitate(sentence: Sentence, rng: random.Random, share: float = HESITATIONS) -> Sentence:
    """Put a filler ("um") into a share of the sentences, before any word, as an interjection on the sentence's root."""
    bounds = [index for index, start in enumerate(sentence.starts) if start] + [len(sentence.words)]
    places: dict[int, tuple[str, int]] = {}
    for begin, end in pairwise(bounds):
        root = next(index for index in range(begin, end) if sentence.heads[index] == index)
        if rng.random() < share:
            places[rng.randrange(begin, end)] = (rng.choice(FILLERS), root)
    shift = [index + sum(place <= index for place in places) for index in range(len(sentence.words))]
    parts = Sentence([], [], [], [], [], [], [])
    for index in range(len(sentence.words)):
        start = sentence.starts[index]
        if index in places:
            word, root = places[index]
            _append(parts, word, True, "INTJ", word, shift[root], "discourse", start)
            start = False
        _append(parts, sentence.words[index], sentence.spaces[index], sentence.upos[index], sentence.lemmas[index],
                shift[sentence.heads[index]], sentence.deps[index], start)  # fmt: skip
    return replace(parts, opens_document=sentence.opens_document, parsed=sentence.parsed)


def _append(to: Sentence, *token: Any) -> None:
    columns: tuple[list[Any], ...] = (to.words, to.spaces, to.upos, to.lemmas, to.heads, to.deps, to.starts)
    for column, value in zip(columns, token, strict=True):
        column.append(value)


def grouped(sentences: list[Sentence], rng: random.Random, most: int = 6) -> Iterator[Sentence]:
    """Join runs of one to `most` sentences; a run never crosses the start of a document."""
    run: list[Sentence] = []
    size = rng.randint(1, most)
    for sentence in sentences:
        if run and (len(run) == size or sentence.opens_document):
            yield join_sentences(run)
            run, size = [], rng.randint(1, most)
        run.append(sentence)
    if run:
        yield join_sentences(run)


def example(nlp: Language, gold: Sentence, *, gold_tokens: bool = False) -> Example:
    """Pair the gold annotation with a fresh document of our own tokeniser (or of the gold tokens)."""
    starts: list[bool | int | None] = [1 if start else -1 for start in gold.starts]
    tree: dict[str, Any] = {"heads": gold.heads, "deps": gold.deps, "sent_starts": starts} if gold.parsed else {}
    reference = Doc(nlp.vocab, words=gold.words, spaces=gold.spaces, pos=gold.upos, **tree)
    predicted = Doc(nlp.vocab, words=gold.words, spaces=gold.spaces) if gold_tokens else nlp.make_doc(reference.text)
    return Example(predicted, reference)


def training_examples(
    nlp: Language, sentences: list[Sentence], labelled: Sequence[Sentence], seed: int, epoch: int
) -> Iterator[Example]:
    """Yield one epoch of degraded examples in random order: all sentences in groups, and the texts that a teacher
    labelled; the same for the same seed and epoch."""
    rng = random.Random(f"{seed}:{epoch}")
    groups = [*grouped(sentences, rng), *labelled]
    rng.shuffle(groups)
    for group in groups:
        text, worn = wear(group, rng)
        yield example(nlp, hesitate(misspell(text, rng), rng) if worn else text)


def wear(text: Sentence, rng: random.Random) -> tuple[Sentence, bool]:
    """A text as one of `DEGRADATIONS` leaves it, with capitals that mean nothing, and whether it lost anything."""
    kinds, shares = [kind for kind, _ in DEGRADATIONS.values()], [share for _, share in DEGRADATIONS.values()]
    lower, drop_punct, drop_apostrophes = rng.choices(kinds, shares)[0]
    worn = degrade(text, lower=lower, drop_punct=drop_punct, drop_apostrophes=drop_apostrophes)
    return capitalise(worn, rng, lower=lower), lower or drop_punct
