"""Features 1 to 16: numbers worked out by hand, odd texts, and the same bits whatever the batch."""

import hashlib
import itertools
import json
import os
import platform
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillscope.errors import TextError
from skillscope.features.linguistic import MAX_RESPONSE_CHARS, extract_linguistic, iter_linguistic, measure_batch
from skillscope.features.schema import LINGUISTIC
from skillscope.features.texts import clean_text

NAMES = [item.name for item in LINGUISTIC]
COUNTS = [number for number, item in enumerate(LINGUISTIC) if not item.nullable]


def measure(text: str) -> dict[str, float]:
    return dict(zip(NAMES, extract_linguistic([text])[0].tolist(), strict=True))


def digest(table) -> str:
    return hashlib.sha256(np.ascontiguousarray(table).tobytes()).hexdigest()


def chunks(texts: list[str], size: int) -> list[list[str]]:
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def test_a_text_by_hand():
    found = measure("The small dog ran. The dog slept quietly! It ran.")
    assert found["word_count"] == 10
    assert found["unique_word_count"] == 7  # the small dog run sleep quietly it
    assert found["avg_sentence_length"] == 10 / 3
    assert found["noun_count"] == 2
    assert found["verb_count"] == 3
    assert found["adj_count"] == 1
    assert found["adv_count"] == 1
    assert found["syntactic_complexity"] == 5 / 3  # ran > dog > small: 2; slept > dog > the: 2; ran > it: 1
    assert found["empathy_markers"] == 0


def test_shares_are_of_words():
    found = measure("My friend was sad.")
    assert found["word_count"] == 4
    assert found["social_processes"] == 0.25
    assert found["empathy_markers"] == 0.25
    assert found["negative_sentiment"] > 0.3
    assert found["positive_sentiment"] > 0


def test_overlapping_entries_count_each_word_once():
    found = measure("We kept trying again and again.")
    assert found["perseverance_indicators"] <= 1
    assert found["perseverance_indicators"] == pytest.approx(5 / 6)


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "🙂😀", "...", "!!! ???", "-- = +"])
def test_a_text_without_words_has_no_shares(text):
    row = extract_linguistic([text])[0]
    assert (row[COUNTS] == 0).all()
    assert np.isnan(np.delete(row, COUNTS)).all()


@pytest.mark.parametrize(
    "text", ["como estas amigo", "我很高兴", "привет мир", "zx qw", "\ud800 hi", "a\x00b\x1b[31m", "a" * 20_000]
)
def test_odd_texts_give_finite_numbers(text):
    row = extract_linguistic([text])[0]
    assert np.isfinite(row).all()
    assert row[NAMES.index("word_count")] >= 1


def test_too_long_is_refused_and_named():
    assert np.isfinite(extract_linguistic(["word " * (MAX_RESPONSE_CHARS // 5)])).all()
    with pytest.raises(TextError, match="text 1 has 20001 characters"):
        extract_linguistic(["fine", "x" * (MAX_RESPONSE_CHARS + 1)])


def test_no_string_is_refused():
    with pytest.raises(TextError, match="text 0 is float"):
        extract_linguistic([float("nan")])


def test_offsets_survive_cleaning():
    text = "a\x00b\ud800c\x85d"
    assert len(clean_text(text)) == len(text)
    assert clean_text(text) == "a b\ufffdc d"


def test_no_texts():
    assert extract_linguistic([]).shape == (0, 16)


def test_batch_order_and_processes_change_no_bit(thousand_texts):
    table = extract_linguistic(thousand_texts)
    order = list(range(len(thousand_texts)))
    random.Random(1).shuffle(order)
    shuffled = np.empty_like(table)
    shuffled[order] = extract_linguistic([thousand_texts[i] for i in order])
    small = np.vstack([measure_batch(chunk) for chunk in chunks(thousand_texts, 7)])
    alone = np.vstack([extract_linguistic([text]) for text in thousand_texts[:200]])
    two = extract_linguistic(thousand_texts, processes=2)
    assert digest(table) == digest(shuffled) == digest(small) == digest(two)
    assert digest(table[:200]) == digest(alone)


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="the kernels named here are for x86-64")
def test_the_processor_changes_no_bit(thousand_texts):
    """With the kernels that OpenBLAS has for a processor without AVX, which add up in another order."""
    script = (
        "import hashlib, json, sys\n"
        "from threadpoolctl import threadpool_info\n"
        "from skillscope.features import extract_linguistic\n"
        "table = extract_linguistic(json.load(sys.stdin))\n"
        "kernels = {found['architecture'] for found in threadpool_info() if found['internal_api'] == 'openblas'}\n"
        "print(hashlib.sha256(table.tobytes()).hexdigest(), *sorted(kernels))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(thousand_texts),
        env={**os.environ, "OPENBLAS_CORETYPE": "Prescott"},
        capture_output=True,
        text=True,
        check=True,
    )
    found, *kernels = done.stdout.split()
    assert kernels
    assert not {"SkylakeX", "Haswell", "Zen"} & set(kernels)
    assert found == digest(extract_linguistic(thousand_texts))


def test_texts_stream():
    drawn = []

    def endless():
        for number in itertools.count():
            drawn.append(number)
            yield f"I tried again {number} times."

    first = list(itertools.islice(iter_linguistic(endless()), 10))
    assert len(first) == 10
    assert len(drawn) < 5000


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=5))
def test_ranges_hold_for_any_text(texts):
    table = extract_linguistic(texts)
    for column, item in enumerate(LINGUISTIC):
        values = table[:, column]
        defined = values[~np.isnan(values)]
        assert item.nullable or len(defined) == len(values)
        assert item.low is None or (defined >= item.low).all()
        assert item.high is None or (defined <= item.high).all()
