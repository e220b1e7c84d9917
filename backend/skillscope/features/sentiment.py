"""VADER sentiment, as NLTK scores it (Hutto & Gilbert 2014), many times faster.

The lexicon is the file of the `vaderSentiment` package, so nothing is downloaded. NLTK builds, for every text, a
dictionary of every word joined with every punctuation mark, only to strip one mark from a token; here a token is
stripped directly. NLTK also walks through its rules for every word; here a word that carries no sentiment is passed
over, since its valence is 0 whatever the rules say, and one with no word near it that any rule names keeps the valence
of the lexicon. What is known of a token is found once and kept. Scores are identical; a test compares them over many
texts.
"""

import string
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from nltk.sentiment.vader import SentimentIntensityAnalyzer, VaderConstants

__all__ = ["FastVader", "load_vader"]

_MARKS: Final = frozenset(VaderConstants.PUNC_LIST)
_PUNCTUATION: Final = frozenset(string.punctuation)
_CACHE_SIZE: Final = 50_000
# every word that a rule names: near none of them, a word has the valence of the lexicon
_NAMED: Final = frozenset(
    word
    for phrases in (VaderConstants.NEGATE, VaderConstants.BOOSTER_DICT, VaderConstants.SPECIAL_CASE_IDIOMS)
    for phrase in phrases
    for word in phrase.split()
) | {"never", "so", "this", "least"}
_BEFORE: Final = 3  # words that a rule looks back, and ahead
_AFTER: Final = 2


@dataclass(frozen=True, slots=True)
class _Known:
    """A token between blanks: without one mark around it, in lower case; its valence (None: it carries none), whether
    it is in capitals, whether a rule names it."""

    stripped: str
    lower: str
    valence: float | None
    upper: bool
    named: bool


class FastVader(SentimentIntensityAnalyzer):  # type: ignore[misc]  # nltk ships no types
    """NLTK's analyser over a given lexicon text (lines of token, tab, valence)."""

    def __init__(self, lexicon_text: str) -> None:
        self.lexicon_file = lexicon_text.rstrip("\n")
        self.lexicon: dict[str, float] = self.make_lex_dict()
        self.constants = VaderConstants()
        self._known: dict[str, _Known] = {}

    def shares(self, text: str) -> tuple[float, float]:
        """The positive and negative shares of a text, each in [0, 1], rounded to three decimals as NLTK does."""
        tokens = self._tokens(text)
        if all(token.valence is None for token in tokens):
            return 0.0, 0.0
        scores = self.score_valence(self._sentiments(tokens), text)
        return scores["pos"], scores["neg"]

    def polarity_scores(self, text: str) -> dict[str, float]:
        """NLTK's `neg`, `neu`, `pos` and `compound` of a text."""
        scores: dict[str, float] = self.score_valence(self._sentiments(self._tokens(text)), text)
        return scores

    def _sentiments(self, tokens: list[_Known]) -> list[float]:
        """The valence of each token under NLTK's rules."""
        senti: _Tokens | None = None
        sentiments: list[float] = [0.0] * len(tokens)
        capitals = any(token.upper for token in tokens)
        first: dict[str, int] = {}
        for place, token in enumerate(tokens):
            if token.valence is None:
                continue
            index = first.setdefault(token.stripped, place)  # NLTK looks around where a word stands first
            near = tokens[max(0, index - _BEFORE) : index + _AFTER + 1]
            if not capitals and not any(known.named for known in near):
                sentiments[place] = token.valence
                continue
            senti = senti or _Tokens([known.stripped for known in tokens])
            if token.lower == "kind" and index < len(tokens) - 1 and tokens[index + 1].lower == "of":
                continue
            sentiments[place] = self.sentiment_valence(0, senti, token.stripped, index, [])[0]
        if any(token.lower == "but" for token in tokens):
            sentiments = self._but_check([token.stripped for token in tokens], sentiments)
        return sentiments

    def _tokens(self, text: str) -> list[_Known]:
        known = self._known
        tokens = []
        for token in text.split():
            if len(token) > 1:
                found = known.get(token)
                if found is None:
                    found = self._look_up(token)
                    if len(known) < _CACHE_SIZE:
                        known[token] = found
                tokens.append(found)
        return tokens

    def _look_up(self, token: str) -> _Known:
        stripped = _strip(token)
        lower = stripped.lower()
        valence = None if lower in self.constants.BOOSTER_DICT else self.lexicon.get(lower)
        named = lower in _NAMED or "n't" in lower
        return _Known(stripped, lower, valence, stripped.isupper(), named)


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
