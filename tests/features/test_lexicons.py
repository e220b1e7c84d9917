"""The word lists, and which of their entries count where."""

import pytest

from skillscope.errors import ConfigurationError
from skillscope.features.annotate import annotate
from skillscope.features.lexicon import LEXICONS, load_lexicons, load_spellings, parse_entry
from skillscope.features.linguistic import extract_linguistic
from skillscope.features.schema import LINGUISTIC

NAMES = [item.name for item in LINGUISTIC]


def marks(text: str, lexicon: str) -> tuple[str, str]:
    """The words of a text that count for a list, and those left out."""
    (annotation,) = annotate([text])
    counted = {i for hit in annotation.hits if hit.lexicon == lexicon and hit.status == "counted" for i in hit.tokens}
    found = {i for hit in annotation.hits if hit.lexicon == lexicon for i in hit.tokens}
    words = [token.text for token in annotation.tokens]
    return " ".join(words[i] for i in sorted(counted)), " ".join(words[i] for i in sorted(found - counted))


@pytest.mark.parametrize("lexicon", LEXICONS)
def test_marked_sentences(lexicon, marked_sentences):
    sentences = marked_sentences[lexicon]
    wrong = []
    for sentence, annotation in zip(sentences, annotate([s.text for s in sentences]), strict=True):

        def inside(spans, tokens=annotation.tokens):
            return {i for i, t in enumerate(tokens) for begin, end in spans if begin <= t.start and t.end <= end}

        hits = [hit for hit in annotation.hits if hit.lexicon == lexicon]
        counted = {i for hit in hits if hit.status == "counted" for i in hit.tokens}
        left_out = {i for hit in hits if hit.status != "counted" for i in hit.tokens} - counted
        if counted != inside(sentence.counted) or left_out != inside(sentence.left_out):
            wrong.append(sentence.text)
    assert len(sentences) >= 40
    assert len(wrong) <= len(sentences) * 0.05, wrong


@pytest.mark.parametrize(
    ("text", "lexicon", "counted", "left_out"),
    [
        ("I cared about him.", "empathy", "cared", ""),
        ("I didn't care about him.", "empathy", "", "care"),
        ("I did not help him.", "social", "him", "help"),
        ("She never gave up.", "perseverance", "gave up", ""),
        ("We didn't give up.", "perseverance", "give up", ""),
        ("We gave up.", "perseverance", "", ""),
        ("If I cared I would go.", "empathy", "", "cared"),
        ("I would have helped him.", "social", "him", "helped"),
        ("She didn't understand how I felt.", "empathy", "", "understand how felt"),
        ("I patted her back until she stopped crying.", "empathy", "patted stopped crying", ""),
        ("It's not your fault.", "empathy", "your fault", ""),
        ("It's your fault.", "empathy", "", ""),
        ("I lost my temper.", "self_regulation", "", ""),
        ("I didn't lose my temper.", "self_regulation", "lose temper", ""),
        ("I wish I hadn't given up.", "perseverance", "", "given up"),
        ("I don't have any friends.", "social", "", "friends"),
        ("I don't like my friends.", "social", "friends", ""),
        ("They teased him.", "social", "They teased him", ""),
        ("I underlined it.", "problem_solving", "underlined", ""),
        ("Wait, I see.", "self_regulation", "", ""),
        ("I waited my turn.", "self_regulation", "waited my turn", ""),
        ("Not only did I plan it, I solved it.", "problem_solving", "plan solved", ""),
        ("my freind tryed agian becuase it was hard", "social", "freind", ""),
        ("my freind tryed agian becuase it was hard", "perseverance", "tryed agian", ""),
        ("my freind tryed agian becuase it was hard", "cognition", "becuase", ""),
    ],
)
def test_what_counts(text, lexicon, counted, left_out):
    assert marks(text, lexicon) == (counted, left_out)


def test_spelling_leaves_the_text_alone():
    wrong, right = extract_linguistic(["my freind is here", "my friend is here"])
    assert wrong[NAMES.index("social_processes")] == right[NAMES.index("social_processes")] == 0.25
    (annotation,) = annotate(["my freind is here"])
    assert annotation.text == "my freind is here"
    assert annotation.tokens[1].lemma == "freind"


def test_a_misspelling_is_never_a_word_of_a_list_itself():
    lists = {lemma for entry in load_lexicons().entries for lemma in entry.pattern}
    spellings = load_spellings()
    assert not set(spellings) & lists
    assert not set(spellings) & set(spellings.values())


def test_every_list_has_entries_with_reasons_and_none_twice():
    entries = load_lexicons().entries
    for name in LEXICONS:
        mine = [(entry.kind, entry.pattern, entry.tags) for entry in entries if entry.lexicon == name]
        assert len(mine) >= 80
        assert len(set(mine)) == len(mine)
    assert all(entry.reason for entry in entries)


@pytest.mark.parametrize(
    "line", ["care", "care\tVERB", "care\tVERBS\tconcern", "* care\t-\tconcern", "!\t-\tconcern", "\t-\tx"]
)
def test_a_broken_line_is_named(line):
    with pytest.raises(ConfigurationError, match="lexicon empathy, line 3"):
        parse_entry("empathy", 3, line)


def test_spans_are_places_in_the_text():
    (annotation,) = annotate(["Then we figured it out, and kept going."])
    spans = {hit.entry.text: [annotation.text[a:b] for a, b in annotation.spans(hit)] for hit in annotation.hits}
    assert spans["figure * out"] == ["figured", "out"]
    assert spans["keep go"] == ["kept going"]
