"""`reference_overlap.v1`, with overlaps counted by hand."""

import math

import numpy as np
import pytest

from skillscope.features.families import Answers, FamilySet, find_family
from skillscope.features.families.overlap import FittedOverlap, compare, profile
from skillscope.features.families.wording import lemmas, plain, sound_key

FAMILY = find_family("reference_overlap.v1")
NAMES = FAMILY.columns


def _row(fitted: FittedOverlap, answer: str, prompt: str, references: list[str]) -> dict[str, float]:
    values = fitted.transform(Answers([answer], prompts=[prompt], references=[references]))[0]
    return dict(zip(NAMES, values.tolist(), strict=True))


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("I did n't know", "i did not know"),
        ("They DIDNT see", "they did not see"),
        ("don’t", "do not"),
        ("a count of ants", "a count of ants"),
    ],
)
def test_contractions_are_undone(raw: str, clean: str) -> None:
    assert plain(raw) == clean


def test_sound_keys() -> None:
    assert sound_key("because") == sound_key("becuase") == sound_key("becoz") == "pks"
    assert sound_key("scared") == sound_key("scaird") == "skrt"
    assert sound_key("knew") == sound_key("new") == "n"
    assert sound_key("police") == sound_key("pollice") == "pls"
    assert sound_key("7") == "7"


def test_lemmas() -> None:
    assert lemmas("the rocks were heated") == ["the", "rock", "be", "heat"]


def test_measures_counted_by_hand() -> None:
    # content lemmas: {water, evaporate} of the answer, {water, evaporate, salt, leave} of the reference
    got = compare(profile("the water evaporates"), profile("the water evaporated leaving the salt"), lambda _: 1.0)
    assert got[0] == 2 / 4  # of the reference's lemmas
    assert got[1] == 2 / 2  # of the answer's
    assert got[2:4] == [2 / 4, 1.0]  # all lemmas weigh the same here
    assert got[4] == 3 / 5  # with "the"
    assert got[9] == 3 / 6  # words
    assert got[10] == 0.0  # nobody says no
    # " ab " and " abc ": 3-grams {" ab", "ab "} and {" ab", "abc", "bc "}
    letters = compare(profile("ab"), profile("abc"), lambda _: 1.0)
    assert letters[5] == 1 / 3
    assert letters[6] == 2 * 1 / 5


def test_rare_lemmas_weigh_more() -> None:
    fitted = FAMILY.fit(Answers(["salt water"] * 9 + ["water"]))
    assert isinstance(fitted, FittedOverlap)
    assert fitted.weight("water") == pytest.approx(math.log(11 / 11) + 0.1)
    assert fitted.weight("salt") == pytest.approx(math.log(11 / 10) + 0.1)
    assert fitted.weight("never seen") == pytest.approx(math.log(11 / 1) + 0.1)


def test_best_and_mean_over_references_and_the_negation() -> None:
    row = _row(FittedOverlap(1, {}), "it sinks", "Does it float?", ["it sinks", "it does not sink at all"])
    assert row["overlap_best_lemma_recall"] == 1.0
    assert row["overlap_mean_lemma_recall"] == pytest.approx((1.0 + 1 / 3) / 2)  # of {not, sink, all}: sink
    assert row["overlap_best_negation_mismatch"] == 0.0
    assert row["overlap_mean_negation_mismatch"] == 0.5
    assert row["overlap_beyond_prompt_lemmas"] == 1.0  # "sink"; "it" is a function word


def test_what_is_not_given_is_nan() -> None:
    fitted = FittedOverlap(1, {})
    assert np.isnan(fitted.transform(Answers(["it sinks"]))).all()
    row = _row(fitted, "it sinks", "Does it float?", [])
    assert not math.isnan(row["overlap_prompt_length_ratio"])
    assert math.isnan(row["overlap_best_lemma_recall"])
    empty = _row(fitted, "", "Does it float?", ["it sinks"])
    assert empty["overlap_best_lemma_recall"] == 0.0
    assert math.isnan(empty["overlap_best_lemma_precision"])  # a share of no words


def test_needs_no_ratings_and_no_folds() -> None:
    answers = Answers(["it sinks", "it floats"], prompts=["?", "?"], references=[["it floats"]] * 2)
    fitted, own = FamilySet.of([FAMILY.key]).fit_transform(answers, np.array([0, 1]))
    assert np.array_equal(own, fitted.transform(answers), equal_nan=True)
