"""How alike answers are, and what it says of the mean rating of a prompt that nobody rated."""

import math

import numpy as np
import pytest

from skillscope.evaluation.real.consensus import (
    consensus,
    consensus_alone,
    consensus_and_mean,
    consensus_sentence,
    expected_levels,
)
from skillscope.evaluation.real.data import RealData
from skillscope.features.families import Answers

WORDS = ("apple", "bridge", "candle", "dragon", "engine", "forest", "garden", "hammer", "island", "jacket")


def _prompt(name: str, alike: int, of: int = 40) -> list[tuple[str, str, float]]:
    """`alike` answers that say the same and are right, and others that each pair two words of their own and are not."""
    right = [(name, "they were hiding", 1.0)] * alike
    wrong = [(name, f"{WORDS[row % 10]} {WORDS[(row * 3 + 1 + row // 10) % 10]}", 0.0) for row in range(of - alike)]
    return right + wrong


def _data(rows: list[tuple[str, str, float]], *, rated: bool = True) -> RealData:
    prompts, texts, scores = zip(*rows, strict=True)
    answers = Answers(list(texts), prompt_ids=list(prompts), scores=np.array(scores) if rated else None)
    return RealData(answers, [f"person {row}" for row in range(len(rows))], np.full(len(rows), np.nan))


def test_the_mean_cosine_of_pairs() -> None:
    assert consensus(["they were hiding"] * 30) == pytest.approx(1.0)
    assert consensus([f"word{row}" for row in range(30)]) == pytest.approx(0.0)
    # Two groups of 15: 2 * 15 * 14 of the 30 * 29 ordered pairs are alike.
    assert consensus(["red"] * 15 + ["green"] * 15) == pytest.approx(2 * 15 * 14 / (30 * 29))


@pytest.mark.parametrize("texts", [["the same"] * 19, ["?"] * 30, [""] * 30, []])
def test_too_few_texts_or_none_with_words_have_no_consensus(texts: list[str]) -> None:
    assert math.isnan(consensus(texts))


def test_the_line_and_its_doubt_by_hand() -> None:
    train = _data(_prompt("a", 10) + _prompt("b", 20) + _prompt("c", 34))
    alike, mean = consensus_and_mean(train)
    assert mean.tolist() == [0.25, 0.5, 0.85]
    assert alike[0] < alike[1] < alike[2]
    test = _data(_prompt("d", 30), rated=False)
    asked = consensus([text for _, text, _ in _prompt("d", 30)])
    slope = float(np.polyfit(alike, mean, 1)[0]) * 3 / 4  # three prompts and one of doubt
    assert expected_levels(train, test) == pytest.approx(np.full(40, slope * (asked - alike.mean())))
    found = consensus_alone(train, test)
    assert found.scores == pytest.approx(0.5 + expected_levels(train, test))
    assert set(found.classes.tolist()) == {1.0}


def test_what_is_not_known_moves_nothing() -> None:
    one = _data(_prompt("a", 10))
    three = _data(_prompt("a", 10) + _prompt("b", 20) + _prompt("c", 34))
    few = _data(_prompt("d", 10, of=19), rated=False)
    assert expected_levels(one, few).tolist() == [0.0] * 19
    assert expected_levels(three, few).tolist() == [0.0] * 19
    both = _data(_prompt("d", 10, of=19) + _prompt("e", 30), rated=False)
    levels = expected_levels(three, both)
    assert not levels[:19].any()
    assert (levels[19:] > 0.0).all()


def test_the_sentence() -> None:
    text = consensus_sentence(_data([row for number in range(5, 35, 3) for row in _prompt(str(number), number)]))
    assert "over 10 questions" in text
    assert "r 0.9" in text or "r 1.0" in text
