"""What is known of a word form under a tag, found once and kept: whether it is a word, syllables, lemma, list
entries."""

from dataclasses import dataclass
from typing import Final

from skillscope.features.lexicon import Entry, Lexicons, load_lexicons, load_spellings
from skillscope.features.negation import CUES
from skillscope.features.syllables import count_syllables
from skillscope.language import LemmaRules, lemma_rules

__all__ = ["WordTable", "WordType"]

_KEPT: Final = 50_000  # types kept before the table is emptied, so that endless input needs bounded memory
_CURLY: Final = str.maketrans("’‘`", "'''")


@dataclass(frozen=True, slots=True)
class WordType:
    """A form and its tag. `keys` are form and lemma, respelled, as the lists see them; `starts` the entries that may
    begin here, each with the word that must come next (None where there is none or a gap is allowed).

    `alone` are the entries of one word among them, `seconds` the words that must come next. Where none of these does,
    `alone` is all that is found, unless the type is `awkward`: some entry has a gap or hides others.
    """

    form: str
    tag: str
    is_word: bool
    syllables: int
    lemma: str
    keys: tuple[str, str]
    variants: frozenset[str]
    respelled: bool
    cue: bool
    starts: tuple[tuple[Entry, str | None], ...]
    alone: tuple[Entry, ...]
    seconds: frozenset[str]
    awkward: bool

    def matches(self, lemma: str, tags: frozenset[str]) -> bool:
        """Whether an entry's word stands here; the tag of a misspelt word is not held against it."""
        return lemma in self.variants and (not tags or self.tag in tags or self.respelled)


class WordTable:
    """The types met so far. `number` gives a type's place in `types`, `flags` and `syllables`."""

    def __init__(self, rules: LemmaRules | None = None, lexicons: Lexicons | None = None) -> None:
        self.rules = rules or lemma_rules()
        self.lexicons = lexicons or load_lexicons()
        self.spellings = load_spellings()
        # a verb of the lists is a verb, whether the dictionary knows it or not: "teased" is "tease", not "teas"
        verbs = {entry.pattern[0] for entry in self.lexicons.entries if "VERB" in entry.tags}
        known = {tag: list(words) for tag, words in self.rules.lemmas.items()}
        known["VERB"] = known.get("VERB", []) + [verb for verb in verbs if self.rules.lemma(verb, "VERB") == verb]
        self._list_rules = LemmaRules(self.rules.table, known)
        self._found: dict[tuple[str, str], WordType] = {}
        self._lemma_numbers: dict[str, int] = {}

    def find(self, form: str, tag: str) -> WordType:
        """The type of a token with this text and UPOS tag."""
        key = (form, tag)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _KEPT:
                self._found.clear()
                self._lemma_numbers.clear()
            found = self._found[key] = self._make(form, tag)
        return found

    def _make(self, form: str, tag: str) -> WordType:
        is_word = any(c.isalnum() for c in form)
        lemma = self.rules.lemma(form, tag).lower()
        plain = form.lower().translate(_CURLY)
        right = self.spellings.get(plain, plain)
        right_lemma = self._list_rules.lemma(right, tag).lower()
        respelled = right != plain
        variants = {right, right_lemma}
        if respelled:
            variants |= {self._list_rules.lemma(right, other) for other in ("VERB", "NOUN", "ADJ")}
        starts = [
            entry
            for variant in sorted(variants)
            for entry in self.lexicons.by_first.get(variant, ())
            if len(entry.pattern) > 1 or not entry.tags or tag in entry.tags or respelled
        ]
        seconds = [(entry, _second(entry)) for entry in dict.fromkeys(starts)]
        return WordType(
            form=form,
            tag=tag,
            is_word=is_word,
            syllables=count_syllables(form) if is_word else 0,
            lemma=lemma,
            keys=(right, right_lemma),
            variants=frozenset({" "} if form.isspace() else variants),
            respelled=respelled,
            cue=bool(variants & CUES),
            starts=tuple(seconds),
            alone=tuple(entry for entry, _ in seconds if len(entry.pattern) == 1),
            seconds=frozenset(second for _, second in seconds if second is not None),
            awkward=any(
                second is None and (len(entry.pattern) > 1 or entry.kind == "never") for entry, second in seconds
            ),
        )


def _second(entry: Entry) -> str | None:
    """The word that must come next, or None where there is none or a gap is allowed."""
    return entry.pattern[1] if len(entry.pattern) > 1 and entry.pattern[1] != "*" else None
