"""Finding entries of the lists in a parsed text, and deciding which of them count."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from skillscope.features.lexicon import Entry, LexiconName
from skillscope.features.negation import Tree, negated, supposed
from skillscope.features.words import WordType

__all__ = ["Hit", "find_hits"]

_GAP: Final = 3
_NOTHING: Final[frozenset[str]] = frozenset()
_LEADS: Final = frozenset({"VERB", "NOUN", "ADJ", "ADV"})  # tags of words that speak for their whole entry
_PEOPLE: Final = frozenset({"PRON", "PROPN", "DET"})


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry found: the indices of its tokens, and whether it counts (`counted`) or why it does not."""

    lexicon: LexiconName
    entry: Entry
    tokens: tuple[int, ...]
    status: Literal["counted", "negated", "supposed"]


def find_hits(types: Sequence[WordType], heads: Sequence[int], deps: Sequence[str]) -> list[Hit]:
    """All hits in one text, in order of their first token; `heads` and `deps` are its dependency tree.

    An entry marked `!` counts where it is negated and is no hit elsewhere. Pronouns and names cannot be negated ("I
    didn't tell them" is still about them); a social noun only by "no" or "without".
    """
    found = _matches(types)
    if not found:
        return []
    hits: list[Hit] = []
    if not any(kind.cue for kind in types):
        return [Hit(entry.lexicon, entry, tokens, "counted") for entry, tokens in found if entry.kind == "plain"]
    tree = Tree([kind.keys for kind in types], [kind.tag for kind in types], heads, deps)
    under = negated(tree)
    for entry, tokens in found:
        is_negated = _is_negated(entry, tokens, types, tree, under)
        if entry.kind == "if_negated":
            if not is_negated:
                continue
            is_negated = False
        status: Literal["counted", "negated", "supposed"] = "negated" if is_negated else "counted"
        if status == "counted" and types[tokens[0]].tag not in _PEOPLE and supposed(tree, tokens[0]):
            status = "supposed"
        hits.append(Hit(entry.lexicon, entry, tokens, status))
    return hits


def _matches(types: Sequence[WordType]) -> list[tuple[Entry, tuple[int, ...]]]:
    """Every entry found that is not hidden by a `~` entry of its list around it."""
    found: list[tuple[Entry, tuple[int, ...]]] = []
    hidden: dict[str, set[int]] = {}
    for index, kind in enumerate(types):
        following = types[index + 1].variants if kind.starts and index + 1 < len(types) else _NOTHING
        for entry, second in kind.starts:
            if second is None:
                tokens = (index,) if len(entry.pattern) == 1 else _follow(entry, types, index)
            else:  # most entries end here: the second word of the pattern is not the next one
                tokens = _follow(entry, types, index) if second in following or " " in following else ()
            if not tokens:
                continue
            if entry.kind == "never":
                hidden.setdefault(entry.lexicon, set()).update(tokens)
            else:
                found.append((entry, tokens))
    if hidden:
        found = [(entry, tokens) for entry, tokens in found if not hidden.get(entry.lexicon, set()).issuperset(tokens)]
    return found


def _follow(entry: Entry, types: Sequence[WordType], start: int) -> tuple[int, ...]:
    """The tokens of a pattern that begins at `start`, or none. The tag of an entry is that of its first word."""
    if not types[start].matches(entry.pattern[0], entry.tags):
        return ()
    tokens, position, gap = [start], start + 1, 0
    for lemma in entry.pattern[1:]:
        if lemma == "*":
            gap = _GAP
            continue
        while True:
            while position < len(types) and types[position].form.isspace():
                position += 1
            if position >= len(types):
                return ()
            if lemma in types[position].variants:
                break
            if gap == 0 or not types[position].is_word:
                return ()
            gap -= 1
            position += 1
        tokens.append(position)
        position, gap = position + 1, 0
    return tuple(tokens)


def _is_negated(entry: Entry, tokens: tuple[int, ...], types: Sequence[WordType], tree: Tree, under: set[int]) -> bool:
    first = tokens[0]
    if types[first].tag in _PEOPLE:
        return False
    if entry.lexicon == "social" and types[first].tag == "NOUN":
        return any(tree.keys[child][0] in {"no", "without"} for child in tree.children[first] if child < first)
    if types[first].tag in _LEADS or len(tokens) == 1:
        return first in under
    return any(token in under for token in tokens)
