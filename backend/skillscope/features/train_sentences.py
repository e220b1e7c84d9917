"""Training of the two models that say where sentences begin; see `sentences.py` and `marked.py`.

The network for texts without marks learns from unpunctuated runs of sentences: of the training parts of EWT and
ESLSpok, of JUSThink's transcripts of children who solve a problem together, and of the essays of Empathic Reactions,
whose full stops say where a sentence ends. The last two were never seen by the parser, whose boundaries are therefore
as good there as in use; and the transcripts are what children say.

The network for texts with marks learns how far to believe the parser, so it learns on text that the parser has
not seen: the dev parts of the two treebanks, some in lower case, some with part of their full stops left out, and the
transcripts with one full stop at the end of a run.
"""

import json
import random
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from skillscope.errors import FileError
from skillscope.features.marked import marked_inputs
from skillscope.features.sentences import Network, boundary_inputs, unmarked
from skillscope.language import Analysis, load_analyser, pipeline_version
from skillscope.language.corpus import degrade, grouped
from skillscope.language.lessons import read_column
from skillscope.language.speech import read_speech
from skillscope.language.treebank import Sentence, join_sentences, read_treebank

__all__ = ["spoken_runs", "train_sentences"]

LONGEST_RUN: Final = 8
SHORT: Final = 10
"""Sentences of at most so many tokens are also joined, out of their order, into runs that read like quick speech."""
TIMES: Final = {"ewt-train.conllu.xz": 1, "eslspok-train.conllu.xz": 3, "transcripts": 6, "essays": 1}
"""Source -> how often it is cut into runs anew: speech is rare, so it is taken oftener."""
EWT_SHARE: Final = 0.4
NETWORKS: Final = 3
"""Networks that are averaged: on the dev parts the loss is a thirtieth lower than one network's."""
HIDDEN: Final = 64
EPOCHS: Final = 2
"""On the dev parts the loss rises again with a third."""

DEV_FILES: Final = ("ewt-dev.conllu.xz", "eslspok-dev.conllu.xz")
MARKED_RUN: Final = 6
LOWERED: Final = 0.3
"""Share of the texts with marks in lower case."""
MARKS_LOST: Final = 2 * (0.0, 0.0, 0.0, 0.5, 0.8, 0.95)
"""The dev parts are cut into texts so often, each time with this share of the sentences without their marks."""
RUN_ONS: Final = 0.15
"""Share of the run-ons that are learnt from with a full stop at their end alone; all of them make the network doubt
texts with ordinary marks."""
MARKED_HIDDEN: Final = 32
MARKED_EPOCHS: Final = 10
MARKED_NETWORKS: Final = 5

Run = list[str]
Marked = tuple[str, set[int]]
Item = TypeVar("Item")


def train_sentences(treebanks: Path, real: Path, output: Path, *, seed: int = 0, most: int = 1_000_000) -> int:
    """Train on `treebanks` and the real data in `real` and write the weights as JSON; returns the number of gaps
    learned from.

    The same data, language pipeline and seed give the same file on the same machine. `most` bounds the runs (for
    tests).

    Raises:
        FileError: a source cannot be read or the file not written.
    """
    rng = random.Random(seed)
    runs = _spoken_runs(treebanks, real, rng)
    rng.shuffle(runs)
    inputs, right = _examples(runs[:most])
    models = [_fit(inputs, right, seed + number, HIDDEN, EPOCHS) for number in range(NETWORKS)]
    network = _averaged(models)
    gaps = len(right)
    texts = list(_marked_texts(treebanks, real, rng))[:most]
    inputs, right = _marked_examples(texts, network)
    marked = _averaged(
        [_fit(inputs, right, seed + number, MARKED_HIDDEN, MARKED_EPOCHS) for number in range(MARKED_NETWORKS)]
    )
    body = {
        "language_pipeline": pipeline_version(),
        "trained_on": "UD English EWT and ESLSpok (CC BY-SA 4.0), transcripts of JUSThink (Norman et al. 2022, CC BY "
        "4.0), Empathic Reactions (Buechel et al. 2018, CC BY 4.0)",
        "unmarked": _plain(network),
        "marked": _plain(marked),
    }
    temporary = output.with_suffix(".tmp")
    try:
        temporary.write_text(json.dumps(body, separators=(",", ":")) + "\n", encoding="utf-8")
        temporary.replace(output)
    except OSError as error:
        raise FileError(f"{output} cannot be written: {error.strerror}") from error
    return gaps + len(right)


def spoken_runs(treebanks: Path, real: Path, speech: Path, *, seed: int = 0) -> list[Run]:
    """Runs of sentences in lower case and without punctuation, for the teachers of the language pipeline: what the
    first network learns from, and the written speech of the folder `speech`.

    Raises:
        FileError: a source cannot be read.
    """
    rng = random.Random(seed)
    runs = _spoken_runs(treebanks, real, rng)
    for conversation in read_speech(speech):
        runs += _cut(_sentences(conversation), rng)
    return runs


def _spoken_runs(treebanks: Path, real: Path, rng: random.Random) -> list[Run]:
    return [*_treebank_runs(treebanks, rng), *_transcript_runs(real, rng), *_essay_runs(real, rng)]


def _fit(inputs: NDArray[np.float32], right: NDArray[np.bool_], seed: int, hidden: int, epochs: int) -> MLPClassifier:
    model = MLPClassifier((hidden,), batch_size=512, alpha=0.5, max_iter=epochs, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is stopped early on purpose
        return model.fit(inputs[:, :-1], right)


def _averaged(models: list[MLPClassifier]) -> Network:
    """The mean of what networks of one hidden layer say, which is what one network with all of their units says."""
    hidden = np.hstack([np.vstack([model.coefs_[0], model.intercepts_[0]]) for model in models])
    units = np.concatenate([model.coefs_[1][:, 0] for model in models]) / len(models)
    bias = sum(float(model.intercepts_[1][0]) for model in models) / len(models)
    return Network(np.round(hidden, 3).astype(np.float32), np.round([*units, bias], 4).astype(np.float32))


def _plain(network: Network) -> dict[str, list[Any]]:
    return {
        "hidden": [[round(float(value), 3) for value in row] for row in network.hidden],
        "output": [round(float(value), 4) for value in network.output],
    }


def _treebank_runs(folder: Path, rng: random.Random) -> Iterator[Run]:
    for file, times in TIMES.items():
        if not file.endswith(".xz"):
            continue
        sentences = read_treebank(folder / file)
        share = EWT_SHARE if file.startswith("ewt") else 1.0
        for _ in range(times):
            yield from (_spoken(text) for text in grouped(sentences, rng, LONGEST_RUN) if rng.random() < share)
        short = [replace(sentence, opens_document=False) for sentence in sentences if len(sentence.words) <= SHORT]
        rng.shuffle(short)
        yield from (_spoken(join_sentences(part)) for part in _cut(short, rng, least=2))


def _marked_texts(folder: Path, real: Path, rng: random.Random) -> Iterator[Marked]:
    """Texts with marks and where their sentences begin: the dev parts with some of their marks, and run-ons whose only
    mark is the last."""
    for file in DEV_FILES:
        sentences = read_treebank(folder / file)
        for share in MARKS_LOST:
            worn = [degrade(one, lower=False, drop_punct=True) if rng.random() < share else one for one in sentences]
            for text in grouped(worn, rng, MARKED_RUN):
                yield _told(degrade(text, lower=True, drop_punct=False) if rng.random() < LOWERED else text)
        short = [replace(sentence, opens_document=False) for sentence in sentences if len(sentence.words) <= SHORT]
        rng.shuffle(short)
        runs = [_spoken(join_sentences(part)) for part in _cut(short, rng, least=2)]
        yield from (_stopped(run) for run in runs if rng.random() < RUN_ONS)
    yield from (_stopped(run) for run in _transcript_runs(real, rng) if rng.random() < RUN_ONS / TIMES["transcripts"])


def _told(text: Sentence) -> Marked:
    begins, place = set(), 0
    for word, space, start in zip(text.words, text.spaces, text.starts, strict=True):
        if start:
            begins.add(place)
        place += len(word) + space
    return text.text, begins


def _stopped(run: Run) -> Marked:
    return f"{' '.join(run)}.", _places(run)


def _places(run: Run) -> set[int]:
    """Where the sentences of a run begin, in characters."""
    found, place = set(), 0
    for sentence in run:
        found.add(place)
        place += len(sentence) + 1
    return found


def _marked_examples(texts: list[Marked], network: Network) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The inputs of the network for texts with marks at every gap of these texts, and whether a sentence begins after
    it."""
    inputs, right = [], []
    for start in range(0, len(texts), 256):
        chosen = texts[start : start + 256]
        analysis = load_analyser().analyse([text for text, _ in chosen])
        marked = ~unmarked(analysis)
        told = [
            np.array([token.idx in chosen[number][1] for token in doc], dtype=bool)
            for number, doc in enumerate(analysis.docs)
            if marked[number]
        ]
        inner = np.concatenate([np.arange(len(part)) > 0 for part in told])
        logits = network.logits(boundary_inputs(analysis, marked))
        inputs.append(marked_inputs(analysis, marked, logits)[inner])
        right.append(np.concatenate(told)[inner])
    return np.concatenate(inputs), np.concatenate(right)


def _spoken(text: Sentence) -> Run:
    """The sentences of a text in lower case and without punctuation."""
    worn = degrade(text, lower=True, drop_punct=True)
    bounds = [index for index, start in enumerate(worn.starts) if start] + [len(worn.words)]
    pieces = [word + " " * space for word, space in zip(worn.words, worn.spaces, strict=True)]
    return ["".join(pieces[begin:end]).strip() for begin, end in pairwise(bounds)]


def _transcript_runs(real: Path, rng: random.Random) -> Iterator[Run]:
    """Utterances of JUSThink in their order."""
    paths = sorted((real / "justhink" / "transcripts").glob("*.csv"))
    if not paths:
        raise FileError(f"{real / 'justhink' / 'transcripts'} holds no transcripts of JUSThink")
    said = [_sentences(read_column(path, "utterance")) for path in paths]
    for _ in range(TIMES["transcripts"]):
        for utterances in said:
            yield from _cut(utterances, rng)


def _essay_runs(real: Path, rng: random.Random) -> Iterator[Run]:
    path = real / "empathic-reactions" / "dev.csv"
    essays = [_sentences([essay]) for essay in read_column(path, "essay")]
    for _ in range(TIMES["essays"]):
        for essay in essays:
            yield from _cut(essay, rng)
        short = [sentence for essay in essays for sentence in essay if len(sentence.split()) <= SHORT]
        rng.shuffle(short)
        yield from _cut(short, rng, least=2)


def _sentences(texts: Sequence[str]) -> list[str]:
    """Sentences cut at their marks, in lower case, with words alone."""
    found = []
    for text in texts:
        for part in re.split(r"[.!?]+[\"')]*(?:\s+|$)", text.lower()):
            words = re.sub(r"[^\w'’ -]+", " ", part).split()
            if words := [word for word in words if any(c.isalnum() for c in word)]:
                found.append(" ".join(words))
    return found


def _cut(items: Sequence[Item], rng: random.Random, *, least: int = 1) -> Iterator[list[Item]]:
    start = 0
    while start < len(items):
        size = rng.randint(least, LONGEST_RUN)
        yield list(items[start : start + size])
        start += size


def _examples(runs: list[Run]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The network's inputs at every gap of the runs, and whether a sentence begins after it."""
    inputs, right = [], []
    for start in range(0, len(runs), 256):
        chosen = runs[start : start + 256]
        analysis = load_analyser().analyse([" ".join(run) for run in chosen])
        marks = [_begins(analysis, number, run) for number, run in enumerate(chosen)]
        inner = np.ones(len(analysis.forms), dtype=bool)
        inner[analysis.bounds[:-1]] = False
        inputs.append(boundary_inputs(analysis, np.ones(len(chosen), dtype=bool))[inner])
        right.append(np.concatenate(marks)[inner])
    return np.concatenate(inputs), np.concatenate(right)


def _begins(analysis: Analysis, number: int, run: Run) -> NDArray[np.bool_]:
    offsets = _places(run)
    return np.array([token.idx in offsets for token in analysis.docs[number]], dtype=bool)
