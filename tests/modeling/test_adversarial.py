"""Copies of training rows with a text that games."""

import numpy as np
import pytest

from skillscope.evaluation.probes import PROBES, probe_rises, probe_text
from skillscope.features import LINGUISTIC, extract_linguistic
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.adversarial import ALONE, AMONG_TAUGHT, TURNS, adversaries_of, among_taught
from skillscope.modeling.evidence import blank
from skillscope.modeling.samples import Rows, Samples

TEXT = "She looked sad, so I asked her what was wrong and we fixed it together."
COUNT = len(LINGUISTIC)


@pytest.mark.parametrize("probe", PROBES)
def test_a_probe_is_the_same_each_time_and_differs_by_row_and_half(probe):
    texts = [probe_text(probe, TEXT, "What did you do?", row=row, half="report") for row in (1, 1, 2)]
    assert texts[0] == texts[1]
    if probe not in {"copied prompt", "said three times"}:
        assert texts[0] != texts[2]
        assert texts[0] != probe_text(probe, TEXT, "What did you do?", row=1, half="training")


def test_the_halves_share_no_word_list_and_no_sentence():
    lists = {
        half: {word for row in range(60) for word in probe_text("keyword list", "", "", row=row, half=half).split(", ")}
        for half in ("training", "report")
    }
    whole = {half: {item for item in found if " " not in item} for half, found in lists.items()}
    assert len(whole["training"]) > 100
    assert not whole["training"] & whole["report"]


def test_what_each_probe_is():
    assert probe_text("copied prompt", TEXT, "What did you do?", row=0) == "What did you do?"
    assert probe_text("copied prompt", TEXT, "", row=0) is None
    assert probe_text("said three times", TEXT, "", row=0) == f"{TEXT} {TEXT} {TEXT}"
    assert probe_text("stuffed", TEXT, "", row=0).startswith(TEXT)
    gibberish = extract_linguistic([probe_text("gibberish", TEXT, "", row=0)])[0]
    assert gibberish[:5].sum() == 0.0
    keywords = extract_linguistic([probe_text("keyword list", TEXT, "", row=3)])[0]
    assert keywords[:5].sum() > 0.5
    with pytest.raises(KeyError):
        probe_text("flattery", TEXT, "", row=0)


def test_copies_keep_play_and_the_label_of_their_row():
    random = np.random.default_rng(0)
    features = random.uniform(0.1, 1.0, (44, len(FEATURE_NAMES)))
    made = adversaries_of(features, [TEXT] * 44, ["What?"] * 44, seed=3, share=0.5)
    again = adversaries_of(features, [TEXT] * 44, ["What?"] * 44, seed=3, share=0.5)
    assert np.array_equal(made.rows, again.rows)
    assert np.array_equal(made.features, again.features, equal_nan=True)
    assert len(made.rows) == 44
    play = slice(COUNT, COUNT + 9)
    assert np.array_equal(made.features[:22, play], features[made.rows[:22], play])
    assert not np.array_equal(made.features[:22, :COUNT], features[made.rows[:22], :COUNT])
    assert made.rows[:22].tolist() == made.rows[22:].tolist()
    assert np.array_equal(made.features[22:], blank(made.features[:22], "text"), equal_nan=True)
    assert made.weights.tolist() == [1.0] * 22 + [ALONE] * 22
    scores = random.uniform(size=(44, 1))
    samples = Samples(
        features, scores, np.arange(44), np.arange(44) % 2, np.full(44, ""), np.full(44, 0.5), adversaries=made
    )
    kept = samples.copies(0, np.arange(10, 30), len(FEATURE_NAMES) + 2)
    inside = made.rows[(made.rows >= 10) & (made.rows < 30)]
    assert kept.scores.tolist() == scores[inside, 0].tolist()
    assert set(kept.weights.tolist()) == {0.5, 0.5 * ALONE}
    assert np.isnan(kept.features[:, -2:]).all()
    assert len(samples.copies(0, np.array([], dtype=np.int64), len(FEATURE_NAMES))) == 0


def test_copies_are_most_of_what_works_and_none_of_a_prompt_that_is_not_known():
    made = adversaries_of(np.zeros((28, len(FEATURE_NAMES))), [TEXT] * 28, [""] * 28, seed=0, share=1.0)
    copied = sum(TURNS[place % len(TURNS)] == "copied prompt" for place in range(28))
    assert copied == 2
    assert int((made.weights == 1.0).sum()) == 26
    assert TURNS.count("keyword list") > TURNS.count("gibberish")


def test_rises_by_hand():
    honest = np.array([[0.2, 0.5, 0.5, np.nan], [0.4, 0.5, 0.5, np.nan], [0.9, 0.5, 0.5, np.nan]])
    gamed = honest + np.array([[0.3], [0.1], [-0.1]])
    none = np.zeros(3, dtype=bool)
    found = probe_rises("stuffed", "both", honest, gamed, beyond=none, extrapolating=np.array([True, False, False]))
    assert [item.skill for item in found] == ["empathy", "problem_solving", "self_regulation"]
    assert found[0].rise == pytest.approx(0.1)
    assert found[0].rise_of_low == pytest.approx(0.3)
    assert found[0].extrapolating == pytest.approx(1 / 3)
    assert (found[0].rows, found[0].beyond) == (3, 0.0)


def test_a_row_without_play_stands_once():
    features = np.full((20, len(FEATURE_NAMES)), np.nan)
    features[:, :COUNT] = 1.0
    made = adversaries_of(features, [TEXT] * 20, ["What?"] * 20, seed=0, share=1.0)
    assert len(made.rows) == 20
    assert (made.weights == 1.0).all()


def test_copies_of_text_alone_count_more_among_taught_rows() -> None:
    features = np.zeros((3, len(FEATURE_NAMES)))
    features[:, FEATURE_NAMES.index("word_count")] = 9.0
    features[1] = blank(features[1:2], "text")[0]
    features[2] = blank(features[2:3], "play")[0]
    copies = Rows(features, np.full(3, 0.5), np.array([1.0, 0.4, 1.0]), np.full(3, ""))
    assert among_taught(copies).weights == pytest.approx([1.0, 0.4 * AMONG_TAUGHT, 1.0])
