"""The fast VADER gives NLTK's own numbers."""

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.sentiment.vader import SentimentIntensityAnalyzer, VaderConstants

from skillscope.features.sentiment import load_vader


@pytest.fixture(scope="module")
def original():
    """NLTK's analyser as it is, over the same lexicon; its own loader wants a file of NLTK's data."""
    analyser = SentimentIntensityAnalyzer.__new__(SentimentIntensityAnalyzer)
    analyser.lexicon_file = (
        files("vaderSentiment").joinpath("vader_lexicon.txt").read_text(encoding="utf-8").rstrip("\n")
    )
    analyser.lexicon = analyser.make_lex_dict()
    analyser.constants = VaderConstants()
    return analyser


WORDS = (
    "good,bad,happy,sad,not,never,so,this,kind,of,but,least,at,very,the,a,I,GREAT,Love,hate,sorta,without,doubt,shit,bomb,"
    "can't,isn't,uh-uh,:),:(,:D,<3,!!!,?,ok,good!,'bad',-sad-,happy??,(great),cool...,!?!?,awful!?!,x,a!,isn’t,🙂,ass,yeah"
)
LOADED = [*WORDS.split(","), "right", "bad,", ",good"]


def test_thousand_texts(original, thousand_texts):
    vader = load_vader()
    assert [vader.polarity_scores(text) for text in thousand_texts] == [
        original.polarity_scores(t) for t in thousand_texts
    ]


@given(st.lists(st.sampled_from(LOADED), max_size=25).map(" ".join))
def test_sentences_of_loaded_words(original, text):
    assert load_vader().polarity_scores(text) == original.polarity_scores(text)


@given(st.text(max_size=60))
def test_any_text(original, text):
    assert load_vader().polarity_scores(text) == original.polarity_scores(text)
