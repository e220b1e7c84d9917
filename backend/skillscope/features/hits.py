"""Finding entries of the lists in a parsed text, and deciding which of them count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from skillscope.features.lexicon import Entry, LexiconName
from skillscope.features.negation import SUPPOSING, Tree, negated, supposed
from skillscope.features.words import WordType

__all__ = ["Hit", "find_hits", "judge_entries"]

Status = Literal["counted", "negated", "supposed"]
_Verdict = Literal["counted", "negated", "supposed", "opposite"]  # the last: an entry marked `!` that is not negated
_Judged = tuple[Entry, tuple[int, ...], Status]
_Found = tuple[Entry, tuple[int, ...], _Verdict]
TreeOf = Callable[[], tuple[Sequence[int], Sequence[str]]]

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
    status: Status


def find_hits(types: Sequence[WordType], tree_of: TreeOf) -> list[Hit]:
    """All hits in one text, in order of their first token; `tree_of` gives its heads and relations, and is asked only
    where something may be negated or supposed.

    An entry marked `!` counts where it is negated; elsewhere it is no hit, and shorter entries of its list inside it
    are none either ("lost my temper" is no "temper"). The longest entry decides for those inside it: in "didn't
    understand how I felt" no feeling is understood, in "stopped crying" someone did cry. Pronouns and names cannot be
    negated ("I didn't tell them" is still about them); a social noun only by "no", "without" or "not ... any".
    """
    return [Hit(entry.lexicon, entry, tokens, status) for entry, tokens, status in judge_entries(types, tree_of)]


def judge_entries(types: Sequence[WordType], tree_of: TreeOf) -> list[_Judged]:
    """The same as bare tuples: entry, tokens, status."""
    found = _matches(types)
    if not found:
        return []
    cues = [index for index, kind in enumerate(types) if kind.cue]
    if not cues:
        return _longest_decides([(entry, tokens, _unnegated(entry)) for entry, tokens in found], types)
    tree = Tree([kind.keys for kind in types], [kind.tag for kind in types], *tree_of())
    under = negated(tree, cues)
    unreal = any(tree.has(cue, SUPPOSING) for cue in cues)
    judged: list[_Found] = []
    for entry, tokens in found:
        status = _unnegated(entry)
        if _is_negated(entry, tokens, types, tree, under):
            status = "negated" if status == "counted" else "counted"
        first = tokens[0]
        if unreal and status == "counted" and types[first].tag not in _PEOPLE and supposed(tree, first):
            status = "supposed"
        judged.append((entry, tokens, status))
    return _longest_decides(judged, types)


def _unnegated(entry: Entry) -> _Verdict:
    return "counted" if entry.kind == "plain" else "opposite"


def _longest_decides(found: list[_Found], types: Sequence[WordType]) -> list[_Judged]:
    """The judgements once each entry inside a longer one of its list has the longer one's."""
    several = [one for one in found if len(one[1]) > 1]
    judged: list[_Judged] = []
    for entry, tokens, own in found:
        status = own
        if several and types[tokens[0]].tag not in _PEOPLE:
            longest, inside = len(tokens), set(tokens)
            for other, others, verdict in several:
                if len(others) > longest and other.lexicon == entry.lexicon and inside.issubset(others):
                    longest, status = len(others), verdict
        if status != "opposite":
            judged.append((entry, tokens, status))
    return judged


def _matches(types: Sequence[WordType]) -> list[tuple[Entry, tuple[int, ...]]]:
    """Every entry found that is not hidden by a `~` entry of its list around it."""
    found: list[tuple[Entry, tuple[int, ...]]] = []
    hidden: dict[str, set[int]] = {}
    present: set[str] = set()
    for index, kind in enumerate(types):
        if not kind.starts:
            continue
        following = types[index + 1].variants if index + 1 < len(types) else _NOTHING
        if not kind.awkward and " " not in following and kind.seconds.isdisjoint(following):
            found += [(entry, (index,)) for entry in kind.alone]
            continue
        for entry, second in kind.starts:
            if len(entry.pattern) == 1:
                tokens: tuple[int, ...] = (index,)
            elif second is None:  # a gap follows; the last word of the pattern must stand somewhere
                present = present or set().union(*(other.variants for other in types))
                tokens = _follow(entry, types, index) if entry.pattern[-1] in present else ()
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
        return entry.kind == "if_negated" and any(token in under for token in tokens)
    if entry.lexicon == "social" and types[first].tag == "NOUN":
        before = {tree.keys[child][0] for child in tree.children[first] if child < first}
        return bool(before & {"no", "without"}) or ("any" in before and first in under)
    if types[first].tag in _LEADS or len(tokens) == 1:
        return first in under
    return any(token in under for token in tokens)
