from pathlib import Path

import pytest
import spacy

from skillscope.errors import BundleError
from skillscope.language.lemmas import DictionaryLemmatizer, LemmaRules, build_lemma_table
from skillscope.language.treebank import Sentence

KNOWN = {"VERB": ["try", "hope", "hop", "stop", "go"], "NOUN": ["story", "box", "wolf"], "ADJ": ["big", "happy"]}
RULES = LemmaRules({"VERB": {"went": "go"}}, KNOWN)


@pytest.mark.parametrize(
    ("form", "upos", "lemma"),
    [
        ("went", "VERB", "go"),
        ("Tried", "VERB", "try"),
        ("hoping", "VERB", "hope"),
        ("stopped", "VERB", "stop"),
        ("stories", "NOUN", "story"),
        ("boxes", "NOUN", "box"),
        ("wolves", "NOUN", "wolf"),
        ("bigger", "ADJ", "big"),
        ("happiest", "ADJ", "happy"),
        # words no dictionary holds
        ("zoofed", "VERB", "zoof"),
        ("grabbing", "VERB", "grab"),
        ("upgraded", "VERB", "upgrade"),
        ("buried", "VERB", "bury"),
        ("blorps", "NOUN", "blorp"),
        ("glass", "NOUN", "glass"),
        ("bing", "VERB", "bing"),
        ("Ann's", "PROPN", "ann's"),
    ],
)
def test_lemma(form: str, upos: str, lemma: str) -> None:
    assert RULES.lemma(form, upos) == lemma


def _tagged(*words: tuple[str, str, str]) -> Sentence:
    n = len(words)
    forms, tags, lemmas = (list(column) for column in zip(*words, strict=True))
    return Sentence(forms, [True] * n, tags, lemmas, [0] * n, ["ROOT"] + ["dep"] * (n - 1), [True] + [False] * (n - 1))


def test_the_table_holds_only_what_no_rule_finds() -> None:
    table, known = build_lemma_table(
        [_tagged(("walks", "VERB", "walk"), ("walked", "VERB", "walk"), ("went", "VERB", "go"), ("cats", "NOUN", "_"))]
    )
    assert table == {"VERB": {"went": "go"}}
    assert known == {"VERB": ["go", "walk"]}


def test_the_commonest_lemma_wins() -> None:
    table, _ = build_lemma_table(
        [_tagged(("saw", "VERB", "saw"), ("saw", "VERB", "see"), ("saw", "VERB", "see"))],
    )
    assert LemmaRules(table, {}).lemma("saw", "VERB") == "see"


def test_survives_the_disk(tmp_path: Path) -> None:
    vocab = spacy.blank("en").vocab
    DictionaryLemmatizer(vocab, RULES).to_disk(tmp_path / "lemmatizer")
    again = DictionaryLemmatizer(vocab).from_disk(tmp_path / "lemmatizer")
    assert again.rules.lemma("went", "VERB") == "go"


def test_a_corrupt_dictionary_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lemmas.json").write_text("{", encoding="utf-8")
    with pytest.raises(BundleError, match="cannot be read"):
        DictionaryLemmatizer(spacy.blank("en").vocab).from_disk(tmp_path)
