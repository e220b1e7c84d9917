"""`word_vectors.v1`: means by hand, words never rated, and a bundle of other vectors."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skillscope.errors import BundleError, SchemaError
from skillscope.features.families import Answers, FamilySet, FittedFamilies, find_family
from skillscope.features.families.word_vectors import FREQUENT, mean_vectors
from skillscope.language import word_vectors

SAD = ("so sad", "awful pain", "she cried and mourned", "such grief", "terrible sorrow", "tragic death")
PLAIN = ("ten trucks", "a blue pencil", "the office printer", "two chairs", "cheap bricks", "some metal pipes")


def _rated() -> Answers:
    texts = [f"{text} {word}" for word in ("here", "today", "again", "now") for text in (*SAD, *PLAIN)]
    return Answers(texts, scores=np.tile([3.0] * 6 + [1.0] * 6, 4))


def test_means_by_hand() -> None:
    table, ranks = word_vectors(["the", "sorrow", "zzqx"])
    assert ranks[0] == 0
    assert ranks[2] == -1
    assert not table[2].any()
    share = 1.0 / (ranks[:2] + 10.0) / 8.3
    weight = FREQUENT / (FREQUENT + share)
    half = table.shape[1]
    found = mean_vectors(["The sorrow, zzqx!", "", "zzqx"])
    np.testing.assert_allclose(found[0, :half], table[:2].mean(axis=0), atol=1e-7)
    np.testing.assert_allclose(found[0, half:], weight @ table[:2] / weight.sum(), atol=1e-7)
    assert weight[1] > 10 * weight[0]
    assert not found[1:].any()


def test_words_never_rated_count_where_words_like_them_did() -> None:
    fitted = find_family("word_vectors.v1").fit(_rated())
    sad, plain, nothing = fitted.transform(Answers(["horrible tragedy, heartbroken", "a wooden table", "zzqx"])).ravel()
    assert sad > 0.2
    assert plain < -0.2
    assert np.isnan(nothing)


def test_what_is_learnt_is_the_deviation_from_a_prompts_mean() -> None:
    answers = replace(_rated(), prompt_ids=["easy"] * 24 + ["hard"] * 24)
    moved = replace(answers, scores=answers.scores + np.repeat([0.0, 2.0], 24))
    tables = [find_family("word_vectors.v1").fit(some).transform(answers) for some in (answers, moved)]
    # Means are drawn towards that of all, as if each prompt had four more ratings: 2 x 4 / 28 is left, half each way.
    assert np.abs(tables[0] - tables[1]).max() < 0.2
    assert np.ptp(tables[0]) > 1.0


def test_other_vectors_and_too_few_ratings_are_refused(tmp_path: Path) -> None:
    fitted = FamilySet.of(["word_vectors.v1"]).fit(_rated())
    part = fitted.parts[0]
    narrow = replace(part, centre=part.centre[:-2])
    (tmp_path / "narrow").mkdir()
    narrow.save(tmp_path / "narrow")
    with pytest.raises(BundleError, match="other word vectors"):
        type(part).load(tmp_path / "narrow")
    with pytest.raises(SchemaError, match="2 rated"):
        find_family("word_vectors.v1").fit(Answers(["a", "b"]))
    fitted.save(tmp_path / "families")
    assert FittedFamilies.load(tmp_path / "families").keys == ("word_vectors.v1",)
