"""Which words of a text are negated, and which are only supposed ("if I cared", "would have helped").

Scopes follow the dependency tree. Where the parse of unpunctuated speech goes wrong, the surface still decides: a
negator with nothing but transparent words ("really", "want to") between it and a word negates that word. Two
negations cancel out ("never stopped trying").
"""

from collections.abc import Sequence
from typing import Final

__all__ = ["CUES", "SUPPOSING", "Tree", "negated", "supposed"]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NOT: Final = _set(
    "not n't nt n’t never no-longer hardly barely scarcely rarely seldom dont didnt cant wont isnt wasnt "
    "arent werent couldnt wouldnt shouldnt doesnt hasnt havent hadnt aint didn't don't doesn't wasn't "
    "isn't can't won't couldn't wouldn't shouldn't haven't hasn't hadn't weren't aren't"
)
_NOBODY: Final = _set("nobody nothing none noone neither nowhere")
_WITHOUT: Final = frozenset({"without", "instead", "nor"})
_STOPPING: Final = frozenset({"stop", "quit", "refuse", "fail", "forget", "avoid", "hesitate"})
_IRREALIS: Final = frozenset({"would", "could", "should", "'d", "’d"})
_HAVE: Final = frozenset({"have", "'ve", "’ve", "of", "ve"})
_FIRST: Final = frozenset({"i", "we"})
_TRANSPARENT: Final = _set(
    "really even ever just actually much that too so very always be being been feel felt feeling want "
    "wanted wanna need needed to get got have had any a an the all at going gonna try trying tried do "
    "doing did done seem seemed look looked anything"
)
_CONTINUES: Final = frozenset(
    {
        "obj",
        "iobj",
        "xcomp",
        "obl",
        "advmod",
        "amod",
        "det",
        "compound",
        "fixed",
        "nmod",
        "acl",
        "case",
        "cop",
        "aux",
        "flat",
        "nummod",
    }
)
_OR: Final = frozenset({"or", "nor"})

CUES: Final = _NOT | _NOBODY | _WITHOUT | _STOPPING | _IRREALIS | {"no", "if", "wish", "unless", "too"}
"""Words without which nothing in a text is negated or supposed."""

SUPPOSING: Final = _IRREALIS | {"if", "unless", "wish"}
"""Those without which nothing is supposed."""


class Tree:
    """The words of one text and their tree. `keys[i]` holds the lower-case form and the lemma of token i."""

    def __init__(
        self, keys: Sequence[tuple[str, str]], tags: Sequence[str], heads: Sequence[int], deps: Sequence[str]
    ) -> None:
        self.keys, self.tags, self.heads, self.deps = keys, tags, heads, deps
        self.children: list[list[int]] = [[] for _ in heads]
        for index, head in enumerate(heads):
            if head != index:
                self.children[head].append(index)

    def has(self, index: int, words: frozenset[str]) -> bool:
        """Whether a token's form or lemma is one of these words."""
        form, lemma = self.keys[index]
        return form in words or lemma in words

    def below(self, index: int, after: int, *, whole: bool = False) -> set[int]:
        """The token and what hangs on it within the same clause, where it stands after position `after`."""
        found, stack = {index}, [index]
        while stack:
            for child in self.children[stack.pop()]:
                if child > after and child not in found and (whole or self._continues(child)):
                    found.add(child)
                    stack.append(child)
        return found

    def _continues(self, child: int) -> bool:
        if self.deps[child] == "conj":
            return any(self.has(c, _OR) for c in self.children[child])
        return self.deps[child] in _CONTINUES


def negated(tree: Tree, cues: Sequence[int]) -> set[int]:
    """The indices of the tokens that stand under an odd number of negations; `cues` are those whose form or lemma may
    be one of `CUES`."""
    counts: dict[int, int] = {}
    for index in cues:
        if not tree.has(index, CUES):
            continue
        for covered in _scope(tree, index):
            if covered != index:
                counts[covered] = counts.get(covered, 0) + 1
    return {index for index, count in counts.items() if count % 2}


def _scope(tree: Tree, index: int) -> set[int]:
    head = tree.heads[index]
    if tree.has(index, _NOT):
        if _is_no_negation(tree, index):
            return set()
        return tree.below(head, index) | _surface(tree, index)
    if tree.keys[index][0] == "no" and tree.tags[index] in {"DET", "ADV", "PRON"}:
        scope = tree.below(head, index) | _surface(tree, index)
        if tree.deps[head].startswith("nsubj"):
            scope |= tree.below(tree.heads[head], head)
        return scope
    if tree.has(index, _NOBODY):
        return tree.below(head, index if tree.deps[index].startswith("nsubj") else head) if head != index else set()
    if tree.has(index, _WITHOUT) and (tree.keys[index][0] != "instead" or _next_is(tree, index, "of")):
        return tree.below(head, index) | _surface(tree, index)
    if tree.has(index, _STOPPING) and tree.tags[index] == "VERB":
        inner = [c for c in tree.children[index] if c > index and tree.deps[c] in {"xcomp", "advcl", "ccomp", "obj"}]
        return set().union(*(tree.below(c, index) for c in inner if tree.tags[c] == "VERB")) if inner else set()
    if tree.keys[index][0] == "too" and tree.tags[head] == "ADJ" and head > index:
        inner = [c for c in tree.children[head] if c > head and tree.tags[c] == "VERB"]
        return set().union(*(tree.below(c, index) for c in inner)) if inner else set()
    return set()


def _is_no_negation(tree: Tree, index: int) -> bool:
    """ "not only", "why don't we", "can't wait": a negator that negates nothing."""
    if _next_is(tree, index, "only") or _next_is(tree, index, "just"):
        return True
    if index + 1 < len(tree.keys) and tree.keys[index + 1][1] == "wait":
        return True
    return index >= 2 and tree.keys[index - 2][0] == "why" and tree.keys[index - 1][0] == "do"


def _next_is(tree: Tree, index: int, word: str) -> bool:
    return index + 1 < len(tree.keys) and tree.keys[index + 1][0] == word


def _surface(tree: Tree, index: int) -> set[int]:
    scope: set[int] = set()
    for following in range(index + 1, min(index + 6, len(tree.keys))):
        if tree.tags[following] == "PUNCT":
            break
        scope.add(following)
        if tree.keys[following][0] not in _TRANSPARENT:
            break
    return scope


def supposed(tree: Tree, index: int) -> bool:
    """Whether a token stands in a clause of what did not happen: "would have ...", "if I cared", "I wish ..."."""
    clause = index
    for _ in range(len(tree.keys)):
        if _unreal(tree, clause):
            return True
        if tree.deps[clause] not in _CONTINUES or tree.heads[clause] == clause:
            break
        clause = tree.heads[clause]
    return _unreal_before(tree, index)


def _unreal(tree: Tree, clause: int) -> bool:
    before = [child for child in tree.children[clause] if child < clause]
    if any(tree.has(c, _IRREALIS) for c in before) and any(tree.has(c, _HAVE) for c in before):
        return True
    if tree.deps[clause] in {"ccomp", "xcomp"} and tree.keys[tree.heads[clause]][1] == "wish":
        return True
    form, lemma = tree.keys[clause]
    past = form != lemma and not form.endswith(("s", "ing"))
    past = past or any(tree.keys[c][0] in {"was", "were", "had", "did"} for c in before)
    return (
        tree.deps[clause] == "advcl"
        and past
        and any(tree.keys[c][0] in {"if", "unless"} for c in before)
        and any(tree.keys[c][0] in _FIRST for c in before)
    )


def _unreal_before(tree: Tree, index: int) -> bool:
    window = [tree.keys[i][0] for i in range(max(0, index - 4), index)]
    for position, word in enumerate(window):
        if word in _IRREALIS and any(later in _HAVE for later in window[position + 1 : position + 3]):
            return True
    return False
