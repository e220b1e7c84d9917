"""Words as families compare them: contractions undone, lemmas without tags, and keys that spell words by sound."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from skillscope.language import lemma_rules

__all__ = ["FUNCTION_WORDS", "NEGATIONS", "lemmas", "plain", "sound_key", "sounds", "tokens"]

_CURLY: Final = str.maketrans("’‘`", "'''")
_SPLIT_NOT: Final = re.compile(r"\s*n't\b")
_JOINED_NOT: Final = re.compile(r"\b(do|did|does|is|was|are|were|has|have|had|would|could|should|ca|wo)nt\b")
_TOKEN: Final = re.compile(r"[\w']+|[?!]")
_WORD: Final = re.compile(r"[a-z0-9]+")

_FUNCTION_WORDS: Final = (
    "a an the of to in on at it is are was were be been i you he she they we that this and or so then because for "
    "with as by its my your can could would will do did does if have has had"
)
FUNCTION_WORDS: Final = frozenset(_FUNCTION_WORDS.split())
NEGATIONS: Final = frozenset({"not", "no", "never", "cannot", "none", "nothing", "nobody", "without", "neither"})

# Letters that children write for one another, longest first; a key then keeps its first letter and its consonants.
_SOUNDS: Final = tuple(
    (re.compile(pattern), letters)
    for pattern, letters in (
        ("ph", "f"), ("gh", ""), ("wh", "w"), ("^kn", "n"), ("^wr", "r"), ("sch", "sk"), ("ck", "k"),
        ("c(?=[eiy])", "s"), ("c", "k"), ("q", "k"), ("x", "ks"), ("z", "s"), ("v", "f"), ("j", "g"),
        ("d", "t"), ("b", "p"),
    )
)  # fmt: skip
_WEAK: Final = re.compile("[aeiouyhw]")
_DOUBLED: Final = re.compile(r"(.)\1+")


def plain(text: str) -> str:
    """Lower case, straight quotes, and "n't" or "nt" written as "not"."""
    return _JOINED_NOT.sub(r"\1 not", _SPLIT_NOT.sub(" not", text.lower().translate(_CURLY)))


def tokens(text: str) -> list[str]:
    """Words, question marks and exclamation marks of a plain text."""
    return _TOKEN.findall(text)


@cache
def sound_key(word: str) -> str:
    """A key that words keep when a child spells them as they sound: "thought" and "thort" differ, "becuase" and
    "because" do not. Words without a letter keep themselves.
    """
    letters = "".join(c for c in word if c.isalpha())
    if not letters:
        return word
    for pattern, replacement in _SOUNDS:
        letters = pattern.sub(replacement, letters)
    return _DOUBLED.sub(r"\1", letters[:1] + _WEAK.sub("", letters[1:]))


def sounds(text: str) -> list[str]:
    """The sound keys of a plain text's tokens."""
    return [sound_key(token) for token in tokens(text)]


@cache
def _lemma(word: str) -> str:
    rules = lemma_rules()
    return min((rules.lemma(word, tag).lower() for tag in ("VERB", "NOUN")), key=lambda lemma: (len(lemma), lemma))


def lemmas(text: str) -> list[str]:
    """The lemmas of a plain text's words, the shorter of what they would be as verb and as noun."""
    return [_lemma(word) for word in _iter_words(text)]


def _iter_words(text: str) -> Iterator[str]:
    return (match[0] for match in _WORD.finditer(text.replace("'", "")))
