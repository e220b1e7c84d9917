"""Features of gold trees by hand, and how near ours come to them."""

import pytest

from skillscope.features.gold import (
    FeatureAccuracy,
    accuracy_page,
    gold_features,
    measure_accuracy,
    render_accuracy,
    render_targets,
)
from skillscope.language.treebank import Sentence

# "The dog ran . It barked loudly !": two sentences of three words
TEXT = Sentence(
    words=["The", "dog", "ran", ".", "It", "barked", "loudly", "!"],
    spaces=[True, True, False, True, True, True, False, False],
    upos=["DET", "NOUN", "VERB", "PUNCT", "PRON", "VERB", "ADV", "PUNCT"],
    lemmas=["the", "dog", "run", ".", "it", "bark", "loudly", "!"],
    heads=[1, 2, 2, 2, 5, 5, 5, 5],
    deps=["det", "nsubj", "ROOT", "punct", "nsubj", "ROOT", "advmod", "punct"],
    starts=[True, False, False, False, True, False, False, False],
)


def test_gold_features_by_hand():
    found = gold_features(TEXT)
    assert found["word_count"] == 6
    assert found["unique_word_count"] == 6
    assert found["avg_sentence_length"] == 3
    assert found["syntactic_complexity"] == 1.5  # ran > dog > the; barked > it
    assert (found["noun_count"], found["verb_count"], found["adj_count"], found["adv_count"]) == (1, 2, 0, 1)
    assert found["readability_score"] == pytest.approx(0.39 * 3 + 11.8 * 7 / 6 - 15.59)  # "loudly" has two syllables


def test_ours_are_near_gold(shared_data):
    folder = shared_data / "treebanks"
    if not folder.is_dir():
        pytest.skip("treebanks not found")
    rows = measure_accuracy(folder, most=150)
    found = {(row.data, row.condition, row.feature): row.r for row in rows}
    assert found["EWT test", "plain", "word_count"] > 0.99
    assert found["EWT test", "plain", "noun_count"] > 0.95
    assert found["child speech", "plain", "verb_count"] > 0.9
    assert found["child speech", "plain", "avg_sentence_length"] > 0.9
    table = render_accuracy(rows)
    assert "| `noun_count` |" in table
    assert "EWT test, plain (150 texts)" in table
    assert found["child speech", "degraded", "avg_sentence_length"] > 0.5
    page = accuracy_page(rows)
    assert table in page
    assert render_targets(rows) in page


def test_targets_say_what_is_short() -> None:
    rows = [
        FeatureAccuracy("EWT test", "plain", "adj_count", 9, 0.9704, 0.3, 2.0),
        FeatureAccuracy("EWT test", "plain", "adv_count", 9, 0.9692, 0.3, 2.0),
        FeatureAccuracy("EWT test", "plain", "readability_score", 9, 0.5, 0.3, 2.0),
        FeatureAccuracy("child speech", "degraded", "syntactic_complexity", 9, 0.6, 0.3, 2.0),
    ]
    lines = render_targets(rows).splitlines()
    assert lines[2:] == [
        "| EWT test, plain | `adj_count` | 0.97 | 0.970 | met |",
        "| EWT test, plain | `adv_count` | 0.97 | 0.969 | short by 0.001 |",
        "| child speech, degraded | `syntactic_complexity` | 0.75 | 0.600 | short by 0.150 |",
    ]
