"""Lemmas from a (form, UPOS) dictionary, then suffix rules checked against known lemmas.

With gold tags such a dictionary is 99% right; a trainable lemmatizer is 93 to 95% right and invents words
("keeped" gives "kee").
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from skillscope.errors import BundleError
from skillscope.language.treebank import Sentence

__all__ = ["DictionaryLemmatizer", "LemmaRules", "build_lemma_table"]

LemmaTable = dict[str, dict[str, str]]
"""UPOS -> lower-case form -> lemma, for the forms whose lemma no suffix rule finds."""

# suffix, replacement; the first whose result is a known lemma wins (after WordNet's morphy, Miller et al. 1990)
_RULES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "NOUN": (("ies", "y"), ("ves", "f"), ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"),
             ("men", "man"), ("es", "e"), ("es", ""), ("s", "")),
    "VERB": (("ies", "y"), ("ied", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", ""),
             ("s", "")),
    "ADJ": (("iest", "y"), ("ier", "y"), ("est", "e"), ("est", ""), ("er", "e"), ("er", "")),
}  # fmt: skip
_RULES_OF: Final = {"NOUN": "NOUN", "PROPN": "", "VERB": "VERB", "AUX": "VERB", "ADJ": "ADJ", "ADV": "ADJ"}
_DOUBLING: Final = ("ed", "ing", "er", "est")
_VOWELS: Final = frozenset("aeiouy")
_SILENT_E: Final = (
    "ac",
    "ad",
    "ag",
    "at",
    "c",
    "ip",
    "ips",
    "iz",
    "u",
    "ur",
    "us",
    "v",
)  # "upgraded", "paced", "wiped"


class LemmaRules:
    """Finds the lemma of a word. Answers are cached: the same form and tag always give the same lemma."""

    def __init__(self, table: LemmaTable, lemmas: dict[str, list[str]]) -> None:
        """`table` holds exceptions, `lemmas` the known lemmas of each part of speech."""
        self.table = table
        self.lemmas = {upos: frozenset(words) for upos, words in lemmas.items()}
        self._cache: dict[tuple[str, str], str] = {}

    def lemma(self, form: str, upos: str) -> str:
        """The lower-case lemma of a word form with its UPOS tag; the form itself where nothing is known."""
        key = (form, upos)
        found = self._cache.get(key)
        if found is None:
            found = self._find(form.lower(), upos)
            if len(self._cache) < 50_000:
                self._cache[key] = found
        return found

    def _find(self, form: str, upos: str) -> str:
        exception = self.table.get(upos, {}).get(form)
        if exception is not None:
            return exception
        kind = _RULES_OF.get(upos, "")
        if not kind or len(form) <= 2:
            return form
        known = self.lemmas.get(kind, frozenset())
        if form in known:
            return form
        candidates = list(_candidates(form, kind))
        for candidate in candidates:
            if candidate in known:
                return candidate
        return _likeliest(form, kind)


def _candidates(form: str, kind: str) -> Iterable[str]:
    for suffix, replacement in _RULES[kind]:
        if form.endswith(suffix) and len(form) - len(suffix) >= 2:
            stem = form[: -len(suffix)]
            yield stem + replacement
            if suffix in _DOUBLING and not replacement and len(stem) > 2 and stem[-1] == stem[-2]:
                yield stem[:-1]


def _likeliest(form: str, kind: str) -> str:
    """The regular guess for a word that no dictionary holds ("zoofing" gives "zoof", "tryed" gives "try")."""
    if kind == "NOUN":
        if form.endswith("ies") and len(form) > 4:
            return form[:-3] + "y"
        return form[:-1] if form.endswith("s") and not form.endswith(("ss", "us", "is")) else form
    if kind == "VERB":
        if form.endswith("ied") and len(form) > 4:
            return form[:-3] + "y"
        for suffix in ("ing", "ed"):
            stem = form[: -len(suffix)]
            if form.endswith(suffix) and len(stem) > 2 and _VOWELS & set(stem):
                if stem[-1] == stem[-2] and stem[-1] not in "lsz":
                    return stem[:-1]
                return stem + "e" if stem.endswith(_SILENT_E) else stem
        return form[:-1] if form.endswith("s") and not form.endswith("ss") else form
    return form


def build_lemma_table(sentences: Iterable[Sentence]) -> tuple[LemmaTable, dict[str, list[str]]]:
    """From annotated sentences, the exceptions and known lemmas that a `LemmaRules` needs; smallest that is exact.

    The commonest lemma of a form wins; sentences without lemmas are passed over.
    """
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        for word, upos, lemma in zip(sentence.words, sentence.upos, sentence.lemmas, strict=True):
            if lemma not in {"_", ""} and " " not in lemma and upos not in {"PUNCT", "SYM", "NUM", "X"}:
                counts[upos, word.lower()][lemma.lower()] += 1
    best = {key: min(found, key=lambda lemma: (-found[lemma], lemma)) for key, found in counts.items()}
    lemmas: dict[str, set[str]] = defaultdict(set)
    for (upos, _), lemma in best.items():
        kind = _RULES_OF.get(upos)
        if kind and lemma.isalpha():
            lemmas[kind].add(lemma)
    known = {kind: sorted(words) for kind, words in sorted(lemmas.items())}
    bare = LemmaRules({}, known)
    table: LemmaTable = defaultdict(dict)
    for (upos, form), lemma in sorted(best.items()):
        if bare.lemma(form, upos) != lemma:
            table[upos][form] = lemma
    return dict(table), known


class DictionaryLemmatizer:
    """spaCy component that sets `token.lemma` from `LemmaRules`."""

    def __init__(self, vocab: Vocab, rules: LemmaRules | None = None) -> None:
        self.vocab = vocab
        self.rules = rules or LemmaRules({}, {})

    def __call__(self, doc: Doc) -> Doc:
        lemma, strings = self.rules.lemma, self.vocab.strings
        for token in doc:
            token.lemma = strings.add(lemma(token.lower_, token.pos_))
        return doc

    def to_disk(self, path: Path, exclude: Iterable[str] = ()) -> None:
        """Write the dictionary as JSON."""
        path.mkdir(parents=True, exist_ok=True)
        body = {"table": self.rules.table, "lemmas": {k: sorted(v) for k, v in self.rules.lemmas.items()}}
        (path / "lemmas.json").write_text(json.dumps(body, sort_keys=True, separators=(",", ":")), encoding="utf-8")

    def from_disk(self, path: Path, exclude: Iterable[str] = ()) -> "DictionaryLemmatizer":
        """Read the dictionary.

        Raises:
            BundleError: it is missing or corrupt.
        """
        try:
            body = json.loads((path / "lemmas.json").read_text(encoding="utf-8"))
            self.rules = LemmaRules(body["table"], body["lemmas"])
        except (OSError, ValueError, KeyError) as error:
            raise BundleError(f"the lemma dictionary {path} cannot be read: {error}") from error
        return self


@Language.factory("dictionary_lemmatizer_v1", assigns=["token.lemma"], requires=["token.pos"])
def _create(nlp: Language, name: str) -> DictionaryLemmatizer:
    return DictionaryLemmatizer(nlp.vocab)
