"""What the teacher learns from, and the texts that it labels for the pipeline."""

import csv
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import spacy

from skillscope.errors import FileError
from skillscope.language.corpus import grouped, hesitate, misspell, wear
from skillscope.language.teacher import TAGS, Reader, Taught
from skillscope.language.treebank import Sentence

__all__ = ["SOURCES", "label_texts", "lessons", "read_column", "read_labelled", "unlabelled_texts", "write_labelled"]

SOURCES: Final = {
    "mind-ca/dev.csv": "answer",
    "scientsbank/train.csv": "answer",
    "empathic-reactions/dev.csv": "essay",
    "gsm8k/train-2000.jsonl": "question",
    "justhink/transcripts/*.csv": "utterance",
}
"""File -> the column with texts. No rating is read."""
SURE: Final = 0.7
"""A tag less probable than this is left open."""
LONGEST: Final = 120  # words; the teacher reads so many


def lessons(parts: Sequence[Sequence[Sentence]], runs: Sequence[Sequence[str]], *, seed: int = 0) -> list[Taught]:
    """Groups of the treebanks' sentences, half of them degraded as in the pipeline's own training, and unpunctuated
    `runs` of sentences, which teach where a sentence begins."""
    rng = random.Random(seed)
    found = []
    for part in parts:
        for group in grouped(list(part), rng):
            text, worn = wear(group, rng)
            text = hesitate(misspell(text, rng), rng) if worn else text
            found.append(Taught(text.words, text.upos, text.starts))
    for run in runs:
        words = [sentence.split() for sentence in run]
        starts = [number == 0 for sentence in words for number in range(len(sentence))]
        found.append(Taught([word for sentence in words for word in sentence], None, starts))
    return [text for text in found if text.words]


def unlabelled_texts(real: Path) -> list[str]:
    """The texts of `SOURCES` in the folder of real data.

    Raises:
        FileError: a file is missing or has no such column.
    """
    texts = []
    for pattern, column in SOURCES.items():
        paths = sorted(real.glob(pattern))
        if not paths:
            raise FileError(f"{real} holds no {pattern}; SKILLSCOPE_SHARED_DATA names the folder of the data")
        for path in paths:
            texts += read_column(path, column)
    return [text for text in texts if text.strip()]


def read_column(path: Path, column: str) -> list[str]:
    """A column of a CSV file, of a transcript (separated by tabs), or of JSON objects a line.

    Raises:
        FileError: the file cannot be read or has no such column.
    """
    try:
        return [row[column] for row in _rows(path)]
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise FileError(f"{path} cannot be read: {error}") from error
    except KeyError as error:
        raise FileError(f"{path} has no column {column}") from error


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            yield from (json.loads(line) for line in file)
        else:
            yield from csv.DictReader(file, delimiter="\t" if path.parent.name == "transcripts" else ",")


def label_texts(teacher: Reader, texts: Sequence[str]) -> list[Sentence]:
    """The texts as the pipeline's tokeniser cuts them, with the teacher's tags where it is sure."""
    tokenise = spacy.blank("en").make_doc
    docs = [tokenise(" ".join(text.split()))[:LONGEST] for text in texts]
    words = [[token.text for token in doc] for doc in docs]
    labelled = []
    for doc, text, (tags, _) in zip(docs, words, teacher.read(words), strict=True):
        best, sure = tags.argmax(axis=1).tolist(), (tags.max(axis=1) >= SURE).tolist()
        known = [TAGS[tag] if certain else "" for tag, certain in zip(best, sure, strict=True)]
        labelled.append(_tagged(text, [bool(token.whitespace_) for token in doc], known))
    return [text for text in labelled if text.words]


def _tagged(words: list[str], spaces: list[bool], tags: list[str]) -> Sentence:
    count = len(words)
    starts = [number == 0 for number in range(count)]
    return Sentence(words, spaces, tags, ["_"] * count, list(range(count)), ["ROOT"] * count, starts, parsed=False)


def write_labelled(texts: Sequence[Sentence], path: Path) -> None:
    """Write labelled texts, a JSON object a line.

    Raises:
        FileError: the file cannot be written.
    """
    lines = (json.dumps({"words": t.words, "spaces": t.spaces, "tags": t.upos}, ensure_ascii=False) for t in texts)
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}") from error


def read_labelled(path: Path) -> list[Sentence]:
    """Read what `write_labelled` wrote.

    Raises:
        FileError: the file is missing, or a line is no labelled text.
    """
    texts = []
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            row = json.loads(line)
            if not len(row["words"]) == len(row["spaces"]) == len(row["tags"]) or not {*row["tags"]} <= {"", *TAGS}:
                raise FileError(f"{path}, line {number}: words, spaces and tags do not fit together")
            texts.append(_tagged(row["words"], row["spaces"], row["tags"]))
    except (OSError, UnicodeDecodeError, ValueError, TypeError, KeyError) as error:
        raise FileError(f"{path} holds no labelled texts; `skillscope language label` writes them: {error}") from error
    return texts
