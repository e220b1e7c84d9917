"""A large tagger that teaches the small one.

A pretrained encoder (all-MiniLM-L6-v2, Apache 2.0, 23 million weights) is fine-tuned on the treebanks to name each
word's tag and to say whether a sentence begins at it. It knows far more words than the treebanks hold, and is far too
slow to serve. So it only labels texts of children and others that nobody annotated, and the pipeline that ships
learns from these labels beside the treebanks ("Distilling the Knowledge in a Neural Network", Hinton et al. 2015).

Needs the extra `lm` (torch and transformers) and the encoder's folder; nothing is downloaded.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from skillscope.errors import ConfigurationError, FileError

__all__ = ["TAGS", "Reader", "Taught", "Teacher", "Teachers", "train_teacher"]

TAGS: Final = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT", "SCONJ"),
    *("SYM", "VERB", "X"),
)
STEPS: Final = 1_600
BATCH_PIECES: Final = 700
READ_PIECES: Final = 4_000
MOST_PIECES: Final = 200
ENCODER_RATE: Final = 1.5e-4
HEADS_RATE: Final = 1e-3
WARM_UP_STEPS: Final = 100
SMOOTHING: Final = 0.05
BOUNDARY_WEIGHT: Final = 2.0

Floats = NDArray[np.float64]
Piece = tuple[list[int], list[int], list[int]]


@dataclass(frozen=True, slots=True)
class Taught:
    """A text to learn from: its words, their tags (None where nobody annotated them), and which begin a sentence."""

    words: Sequence[str]
    tags: Sequence[str] | None
    starts: Sequence[bool]


class Reader(Protocol):
    """What a teacher and several teachers have in common."""

    def read(self, texts: Sequence[Sequence[str]]) -> list[tuple[Floats, Floats]]:
        """For each text's words the probabilities of `TAGS`, shape (words, 17), and of a sentence that begins there,
        shape (words,). Rows of words that were left out are 0."""
        ...


class Teacher:
    """A fine-tuned encoder with its two heads."""

    def __init__(self, encoder: Path) -> None:
        """Read a pretrained encoder with its tokeniser from a folder; heads are new.

        Raises:
            ConfigurationError: the extra `lm` is not installed.
            FileError: the folder holds no encoder.
        """
        try:
            import torch
            from transformers import AutoModel, AutoTokenizer
        except ImportError as error:
            raise ConfigurationError("a teacher needs torch and transformers: install the extra `lm`") from error
        try:
            self._tokeniser: Any = AutoTokenizer.from_pretrained(encoder, local_files_only=True)
            self.encoder: Any = AutoModel.from_pretrained(encoder, local_files_only=True)
        except (OSError, ValueError) as error:
            raise FileError(f"{encoder} holds no pretrained encoder: {error}") from error
        width = self.encoder.config.hidden_size
        self.heads: Any = torch.nn.Linear(width, len(TAGS) + 1)  # a tag each, and the boundary

    def pieces(self, words: Sequence[str]) -> Piece:
        """Ids of the word pieces, where each word's first piece stands, and which word that is. Words past
        `MOST_PIECES` pieces are left out."""
        found = self._tokeniser(list(words), is_split_into_words=True, truncation=True, max_length=MOST_PIECES)
        owners = found.word_ids()
        first = [at for at, word in enumerate(owners) if word is not None and owners[at - 1] != word]
        return found["input_ids"], first, [owners[at] for at in first]

    def logits(self, batch: Sequence[Piece]) -> Any:
        """The heads' answers, a tensor of shape (texts, pieces, tags + 1)."""
        import torch

        longest = max(len(ids) for ids, _, _ in batch)
        ids = torch.zeros(len(batch), longest, dtype=torch.long)
        mask = torch.zeros(len(batch), longest)
        for row, (piece, _, _) in enumerate(batch):
            ids[row, : len(piece)] = torch.tensor(piece)
            mask[row, : len(piece)] = 1
        return self.heads(self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state)

    def read(self, texts: Sequence[Sequence[str]]) -> list[tuple[Floats, Floats]]:
        """As `Reader.read`."""
        import torch

        self.encoder.eval()
        found = [(np.zeros((len(words), len(TAGS))), np.zeros(len(words))) for words in texts]
        pieces = [self.pieces(words) for words in texts]
        order = sorted((row for row, words in enumerate(texts) if words), key=lambda row: len(pieces[row][0]))
        with torch.no_grad():
            for rows in _batches(order, [len(ids) for ids, _, _ in pieces], READ_PIECES):
                answers = self.logits([pieces[row] for row in rows])
                tags, begins = answers[..., :-1].softmax(-1).numpy(), answers[..., -1].sigmoid().numpy()
                for number, row in enumerate(rows):
                    _, places, words = pieces[row]
                    found[row][0][words], found[row][1][words] = tags[number, places], begins[number, places]
        return found


@dataclass(frozen=True, slots=True)
class Teachers:
    """Several teachers of one encoder, trained from different seeds; the mean of what they say errs less than each."""

    members: Sequence[Teacher]

    def read(self, texts: Sequence[Sequence[str]]) -> list[tuple[Floats, Floats]]:
        """As `Reader.read`."""
        told = [member.read(texts) for member in self.members]
        return [
            (np.mean([tags for tags, _ in said], axis=0), np.mean([begins for _, begins in said], axis=0))
            for said in zip(*told, strict=True)
        ]


def train_teacher(
    encoder: Path,
    texts: Sequence[Taught],
    *,
    steps: int = STEPS,
    seed: int = 0,
    report: Callable[[int], None] | None = None,
) -> Teacher:
    """Fine-tune the encoder in this folder on these texts. `report(step)` is called after each step.

    The same texts, steps and seed give the same weights on the same machine with one thread.

    Raises:
        ConfigurationError, FileError: as `Teacher`.
    """
    teacher = Teacher(encoder)
    import torch
    from torch.nn import functional

    torch.manual_seed(seed)
    torch.nn.init.normal_(teacher.heads.weight, std=0.02)
    torch.nn.init.zeros_(teacher.heads.bias)
    encoder_weights, head_weights = list(teacher.encoder.parameters()), list(teacher.heads.parameters())
    optimizer = torch.optim.AdamW(
        [{"params": encoder_weights, "lr": ENCODER_RATE}, {"params": head_weights, "lr": HEADS_RATE}],
        weight_decay=0.01,
    )
    slope = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / WARM_UP_STEPS) * max(0.0, 1.0 - step / steps)
    )
    pieces = [teacher.pieces(text.words) for text in texts]
    numbers = {tag: number for number, tag in enumerate(TAGS)}
    teacher.encoder.train()
    batches = _endless([len(ids) for ids, _, _ in pieces], random.Random(seed))
    for step in range(1, steps + 1):
        rows = next(batches)
        answers = teacher.logits([pieces[row] for row in rows])
        tagged, begun = _Chosen([], [], []), _Chosen([], [], [])
        for number, row in enumerate(rows):
            tags = texts[row].tags
            for place, word in zip(*pieces[row][1:], strict=True):
                if tags is not None:
                    tagged.add(number, place, numbers.get(tags[word], numbers["X"]))
                if word:
                    begun.add(number, place, float(texts[row].starts[word]))
        loss = answers.sum() * 0
        if tagged.aims:
            loss = loss + functional.cross_entropy(
                answers[tagged.rows, tagged.places, :-1], torch.tensor(tagged.aims), label_smoothing=SMOOTHING
            )
        if begun.aims:
            loss = loss + BOUNDARY_WEIGHT * functional.binary_cross_entropy_with_logits(
                answers[begun.rows, begun.places, -1], torch.tensor(begun.aims)
            )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*encoder_weights, *head_weights], 1.0)
        optimizer.step()
        slope.step()
        if report is not None:
            report(step)
    return teacher


@dataclass(frozen=True, slots=True)
class _Chosen:
    rows: list[int]
    places: list[int]
    aims: list[Any]

    def add(self, row: int, place: int, aim: float) -> None:
        self.rows.append(row)
        self.places.append(place)
        self.aims.append(aim)


def _batches(order: Sequence[int], lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Runs of rows of at most `most` pieces once all are as long as the longest; one at least."""
    batch: list[int] = []
    longest = 0
    for row in order:
        longest = max(longest, lengths[row])
        if batch and longest * (len(batch) + 1) > most:
            yield batch
            batch, longest = [], lengths[row]
        batch.append(row)
    if batch:
        yield batch


def _endless(lengths: Sequence[int], rng: random.Random) -> Iterator[list[int]]:
    """Batches of rows of about the same length, epoch after epoch, in random order."""
    while True:
        order = sorted(range(len(lengths)), key=lambda row: lengths[row] + 8 * rng.random())
        batches = list(_batches(order, lengths, BATCH_PIECES))
        rng.shuffle(batches)
        yield from batches
