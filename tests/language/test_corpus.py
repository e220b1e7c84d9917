import random
from dataclasses import replace

import spacy
from hypothesis import given
from hypothesis import strategies as st

from skillscope.language.corpus import capitalise, degrade, example, grouped, hesitate, misspell, training_examples
from skillscope.language.treebank import Sentence, join_sentences

SENTENCE = Sentence(
    words=["Well", ",", "I", "'m", "sad", "."],
    spaces=[False, True, False, True, False, True],
    upos=["INTJ", "PUNCT", "PRON", "AUX", "ADJ", "PUNCT"],
    lemmas=["well", ",", "I", "be", "sad", "."],
    heads=[4, 0, 4, 4, 4, 4],
    deps=["discourse", "punct", "nsubj", "cop", "ROOT", "punct"],
    starts=[True, False, False, False, False, False],
)


def test_degrading_drops_punctuation_and_capitals() -> None:
    worse = degrade(SENTENCE, lower=True, drop_punct=True)
    assert worse.text == "well i'm sad"
    assert worse.upos == ["INTJ", "PRON", "AUX", "ADJ"]
    assert worse.heads == [3, 3, 3, 3]
    assert worse.starts == [True, False, False, False]


def test_degrading_can_drop_apostrophes() -> None:
    assert degrade(SENTENCE, lower=True, drop_punct=True, drop_apostrophes=True).text == "well im sad"


def test_a_dropped_root_hands_over_to_a_kept_word() -> None:
    odd = Sentence(["—", "yes", "no"], [True, True, True], ["PUNCT", "INTJ", "INTJ"], ["—", "yes", "no"], [0, 0, 0],
                   ["ROOT", "discourse", "discourse"], [True, False, False])  # fmt: skip
    worse = degrade(odd, lower=False, drop_punct=True)
    assert worse.heads == [0, 0]
    assert worse.deps == ["ROOT", "discourse"]
    assert worse.starts == [True, False]


def test_punctuation_alone_stays() -> None:
    dots = Sentence(["..."], [True], ["PUNCT"], ["..."], [0], ["ROOT"], [True])
    assert degrade(dots, lower=True, drop_punct=True) == dots


@st.composite
def sentences(draw: st.DrawFn) -> Sentence:
    size = draw(st.integers(1, 8))
    order = draw(st.permutations(range(size)))
    root = order[0]
    heads = [root] * size
    for place, index in enumerate(order[1:], start=1):
        heads[index] = order[draw(st.integers(0, place - 1))]
    upos = draw(st.lists(st.sampled_from(["NOUN", "PUNCT", "VERB"]), min_size=size, max_size=size))
    words = [f"W{i}" for i in range(size)]
    deps = ["ROOT" if i == root else "dep" for i in range(size)]
    return Sentence(words, [True] * size, upos, words, heads, deps, [True] + [False] * (size - 1))


@given(sentences())
def test_degrading_always_gives_heads_inside_the_sentence(sentence: Sentence) -> None:
    worse = degrade(sentence, lower=True, drop_punct=True)
    assert all(0 <= head < len(worse.words) for head in worse.heads)
    assert [i for i, head in enumerate(worse.heads) if head == i] == [worse.deps.index("ROOT")]


def test_groups_hold_every_sentence_once_and_stay_in_their_document() -> None:
    opening = Sentence(["a"], [True], ["X"], ["a"], [0], ["ROOT"], [True], opens_document=True)
    other = Sentence(["b"], [True], ["X"], ["b"], [0], ["ROOT"], [True])
    groups = list(grouped([opening, other, other, opening, other], random.Random(1)))
    assert "".join("".join(group.words) for group in groups) == "abbab"
    assert all("a" not in group.words[1:] for group in groups)


def test_epochs_differ_and_repeat_for_a_seed() -> None:
    nlp = spacy.blank("en")
    data = [SENTENCE] * 40

    def texts(seed: int, epoch: int) -> list[str]:
        return [item.reference.text for item in training_examples(nlp, data, [], seed, epoch)]

    assert texts(1, 0) == texts(1, 0)
    assert texts(1, 0) != texts(1, 1)
    assert any("well i'm sad well" in text for text in texts(1, 0))


def test_examples_carry_gold_heads_and_boundaries() -> None:
    item = example(spacy.blank("en"), join_sentences([SENTENCE, SENTENCE]))
    assert [token.head.text for token in item.reference][:3] == ["sad", "Well", "sad"]
    assert [sent.text for sent in item.reference.sents] == ["Well, I'm sad.", "Well, I'm sad."]


@given(st.integers(0, 10_000), st.booleans())
def test_capitals_that_mean_nothing_change_no_letter(seed: int, lower: bool) -> None:
    text = degrade(join_sentences([SENTENCE] * 3), lower=lower, drop_punct=False)
    found = capitalise(text, random.Random(seed), lower=lower)
    assert [word.lower() for word in found.words] == [word.lower() for word in text.words]
    assert replace(found, words=text.words) == text


def test_a_share_of_the_texts_gets_capitals() -> None:
    rng = random.Random(0)
    text = degrade(SENTENCE, lower=True, drop_punct=True)
    changed = sum(capitalise(text, rng, lower=True) != text for _ in range(2000))
    assert 0.25 < changed / 2000 < 0.36


@given(st.integers(0, 10_000))
def test_misspelling_slips_one_inner_letter_of_long_words(seed: int) -> None:
    joined = Sentence(["comes", "a", "friend"], [True] * 3, ["X"] * 3, ["x"] * 3, [0] * 3, ["dep"] * 3, [True] * 3)
    first, short, last = misspell(joined, random.Random(seed), share=1.0).words
    assert short == "a"
    for before, after in (("comes", first), ("friend", last)):
        assert after[0] == before[0]
        assert abs(len(after) - len(before)) <= 1
        assert sorted(set(after)) == sorted(set(before)) or len(after) == len(before) - 1


@given(st.integers(0, 10_000))
def test_a_filler_is_one_more_word_on_the_root(seed: int) -> None:
    joined = join_sentences([SENTENCE, SENTENCE])
    said = hesitate(joined, random.Random(seed), share=1.0)
    added = [index for index, dep in enumerate(said.deps) if dep == "discourse" and said.words[index] != "Well"]
    assert len(added) == 2
    assert all(said.upos[i] == "INTJ" and said.deps[said.heads[i]] == "ROOT" for i in added)
    kept = [i for i in range(len(said.words)) if i not in added]
    assert [said.words[i] for i in kept] == joined.words
    assert [said.words[said.heads[i]] for i in kept] == [joined.words[h] for h in joined.heads]
    assert sum(said.starts) == 2
