"""Byte-level BPE learned from the pairs; every slot that stands there is a token of its own.

A slot and a slot with the space before it are two tokens (`⟨n1⟩`, ` ⟨n1⟩`), as words have them. Computed slots
(`⟨r1=n3-n2⟩`) are pieces of their own that BPE may split, so a calculation never seen can still be written.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skillscope.errors import BundleError, InputError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["BEGIN", "END", "PAD", "SEPARATE", "encode_pair", "encode_prompt", "load_tokenizer", "train_tokenizer"]

PAD: Final = "<pad>"
BEGIN: Final = "<s>"
END: Final = "</s>"
SEPARATE: Final = "<sep>"
MARKS: Final = (PAD, BEGIN, END, SEPARATE)
"""The first tokens, in this order: padding is 0, the end is 2."""
_SLOT: Final = re.compile(r" ?⟨[a-z][a-z0-9_]*(?::[a-z][0-9]?)?⟩")
_OFTEN: Final = 3
_PIECE: Final = r"⟨[^⟨⟩]*⟩| ?\p{L}+(?:[’']\p{L}+)?| ?\p{N}| ?[^\s\p{L}\p{N}⟨⟩]+|\s+"
_BYTES: Final = 256


def train_tokenizer(texts: Sequence[str], size: int) -> "Tokenizer":
    """A tokenizer of at most `size` tokens; equal texts give equal tokenizers.

    Raises:
        InputError: `size` leaves no room for the bytes, the marks and the slots of the texts.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    found = Counter(slot for text in texts for slot in _SLOT.findall(text))
    slots = sorted(slot for slot, count in found.items() if count >= _OFTEN)
    least = _BYTES + len(MARKS) + len(slots)
    if size < least:
        raise InputError(f"a vocabulary of {size} is too small: these texts need {least} or more", field="vocabulary")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECE), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[*MARKS, *(AddedToken(slot, special=True, normalized=False) for slot in slots)],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def load_tokenizer(path: Path) -> "Tokenizer":
    """The tokenizer of a file.

    Raises:
        BundleError: it cannot be read, or is none of ours.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare exceptions
        raise BundleError(f"{path} is no tokenizer") from error
    if [tokenizer.token_to_id(mark) for mark in MARKS] != list(range(len(MARKS))):
        raise BundleError(f"{path} is a tokenizer of another kind of model: {', '.join(MARKS)} must come first")
    return tokenizer


def encode_prompt(tokenizer: "Tokenizer", prompt: str) -> list[int]:
    """`<s> prompt <sep>` as token ids."""
    return [1, *tokenizer.encode(prompt, add_special_tokens=False).ids, 3]


def encode_pair(tokenizer: "Tokenizer", pairs: Iterable[tuple[str, str]]) -> list[tuple[list[int], int]]:
    """`<s> prompt <sep> target </s>` as token ids, with the number of ids before the target."""
    rows = list(pairs)
    prompts = tokenizer.encode_batch([prompt for prompt, _ in rows], add_special_tokens=False)
    targets = tokenizer.encode_batch([target for _, target in rows], add_special_tokens=False)
    return [
        ([1, *prompt.ids, 3, *target.ids, 2], len(prompt.ids) + 2)
        for prompt, target in zip(prompts, targets, strict=True)
    ]
