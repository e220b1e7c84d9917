"""VADER sentiment, as NLTK scores it (Hutto & Gilbert 2014), several times faster.

The lexicon is the file of the `vaderSentiment` package, so nothing is downloaded. NLTK builds, for every text, a
dictionary of every word joined with every punctuation mark, only to strip one mark from a token; here a token is
stripped directly and the answer cached. NLTK also walks through the rules for words that carry no sentiment; their
valence is 0 whatever the rules say, so they are passed over. Scores are identical; a test compares them over many
texts.
"""

import string
from functools import cache
from importlib.resources import files
from typing import Any, Final

from nltk.sentiment.vader import SentimentIntensityAnalyzer, VaderConstants

__all__ = ["FastVader", "load_vader"]

_MARKS: Final = frozenset(VaderConstants.PUNC_LIST)
_PUNCTUATION: Final = frozenset(string.punctuation)
_CACHE_SIZE: Final = 50_000


class FastVader(SentimentIntensityAnalyzer):  # type: ignore[misc]  # nltk ships no types
    """NLTK's analyser over a given lexicon text (lines of token, tab, valence)."""

    def __init__(self, lexicon_text: str) -> None:
        self.lexicon_file = lexicon_text.rstrip("\n")
        self.lexicon: dict[str, float] = self.make_lex_dict()
        self.constants = VaderConstants()
        self._stripped: dict[str, str] = {}

    def shares(self, text: str) -> tuple[float, float]:
        """The positive and negative shares of a text, each in [0, 1], rounded to three decimals as NLTK does."""
        scores = self.polarity_scores(text)
        return scores["pos"], scores["neg"]

    def polarity_scores(self, text: str) -> dict[str, float]:
        """NLTK's `neg`, `neu`, `pos` and `compound` of a text."""
        tokens = self._tokens(text)
        lexicon, boosters = self.lexicon, self.constants.BOOSTER_DICT
        first: dict[str, int] = {}
        for index, token in enumerate(tokens):
            first.setdefault(token, index)
        senti = _Tokens(tokens)
        sentiments: list[float] = []
        last = len(tokens) - 1
        for token in tokens:
            lower = token.lower()
            if lower not in lexicon or lower in boosters:
                sentiments.append(0)
                continue
            index = first[token]
            if lower == "kind" and index < last and tokens[index + 1].lower() == "of":
                sentiments.append(0)
                continue
            sentiments = self.sentiment_valence(0, senti, token, index, sentiments)
        scores: dict[str, float] = self.score_valence(self._but_check(tokens, sentiments), text)
        return scores

    def _tokens(self, text: str) -> list[str]:
        cached = self._stripped
        tokens = []
        for token in text.split():
            if len(token) > 1:
                found = cached.get(token)
                if found is None:
                    found = _strip(token)
                    if len(cached) < _CACHE_SIZE:
                        cached[token] = found
                tokens.append(found)
        return tokens


class _Tokens:
    """What NLTK's rules read of a text: its tokens, and whether some but not all are in capitals."""

    def __init__(self, tokens: list[str]) -> None:
        self.words_and_emoticons = tokens
        capitals = sum(token.isupper() for token in tokens)
        self.is_cap_diff = 0 < capitals < len(tokens)


def _strip(token: str) -> str:
    """The token without one of VADER's marks after it, or else before it, where a word of two letters or more is
    left."""
    body = token.rstrip(string.punctuation)
    if token[len(body) :] in _MARKS and len(body) > 1 and not _PUNCTUATION.intersection(body):
        return body
    body = token.lstrip(string.punctuation)
    if token[: len(token) - len(body)] in _MARKS and len(body) > 1 and not _PUNCTUATION.intersection(body):
        return body
    return token


@cache
def load_vader() -> Any:
    """The analyser of this process, with the lexicon of the `vaderSentiment` package."""
    return FastVader(files("vaderSentiment").joinpath("vader_lexicon.txt").read_text(encoding="utf-8"))
