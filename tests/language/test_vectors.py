"""Word vectors: what is kept of a file, how it is stored, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import spacy

from skillscope.errors import FileError
from skillscope.language.vectors import open_pipeline, read_word_vectors, store_pipeline


def test_the_most_frequent_words_are_kept_in_order(write_vectors: Callable[[int, int], Path]) -> None:
    vectors = read_word_vectors(write_vectors(30, 6), words=20, dimensions=4)
    assert vectors.shape == (20, 4)
    ids = np.array([spacy.strings.get_string_id(f"word{number}") for number in (0, 19, 20)], dtype=np.uint64)
    assert vectors.find(keys=ids).tolist() == [0, 19, -1]
    assert 0.12 < vectors.data.std() < 0.13


def test_near_words_stay_near(write_vectors: Callable[[int, int], Path]) -> None:
    path = write_vectors(30, 6)
    vectors = read_word_vectors(path, words=30, dimensions=6)
    body = json.loads(path.read_text())
    table = np.array([body["vectors"][word][:6] for word in body["words"]])
    table -= table.mean(axis=0)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    kept = vectors.data / np.linalg.norm(vectors.data, axis=1, keepdims=True)
    np.testing.assert_allclose(kept @ kept.T, table @ table.T, atol=0.03)  # all axes are kept: only the steps are lost


def test_a_pipeline_is_stored_in_eight_bits_and_read_unchanged(
    write_vectors: Callable[[int, int], Path], tmp_path: Path
) -> None:
    nlp = spacy.blank("en")
    nlp.vocab.vectors = read_word_vectors(write_vectors(30, 6), words=30, dimensions=6)
    before = nlp.vocab.vectors.data.copy()
    store_pipeline(nlp, tmp_path / "model")
    assert np.array_equal(nlp.vocab.vectors.data, before)
    assert np.load(tmp_path / "model" / "vocab" / "vectors").dtype == np.int8
    again = open_pipeline(tmp_path / "model")
    assert np.array_equal(again.vocab.vectors.data, before)
    assert again.vocab.vectors.attr == nlp.vocab.vectors.attr
    assert again("Word3")[0].has_vector  # found by its form in lower case


@pytest.mark.parametrize(
    ("body", "message"),
    [("[1]", "holds no word vectors"), ("{", "holds no word vectors"), ('{"words": ["a"]}', "holds no word vectors")],
)
def test_other_files_are_refused(
    tmp_path: Path, body: str, message: str, write_vectors: Callable[[int, int], Path]
) -> None:
    path = tmp_path / "v.json"
    path.write_text(body)
    with pytest.raises(FileError, match=message):
        read_word_vectors(path)
    with pytest.raises(FileError, match="cannot be read"):
        read_word_vectors(tmp_path / "nowhere.json")
    with pytest.raises(FileError, match="at least 8 words and dimensions"):
        read_word_vectors(write_vectors(30, 6), dimensions=8)
