"""Where sentences begin in texts with and without full stops, and what an unsure boundary does to the features."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from skillscope.errors import BundleError, FileError
from skillscope.features import sentences as module
from skillscope.features.linguistic import extract_linguistic, measure_batch
from skillscope.features.marked import INPUTS, after_stop, marked_inputs
from skillscope.features.schema import LINGUISTIC
from skillscope.features.sentences import LEVELS, boundary_inputs, split_sentences, unmarked
from skillscope.features.train_sentences import train_sentences
from skillscope.language import load_analyser

NAMES = [item.name for item in LINGUISTIC]
LENGTH, DEPTH = NAMES.index("avg_sentence_length"), NAMES.index("syntactic_complexity")
RUN_ON = "we built a tower and it fell down what did you do then i was so mad but i tried again"


def test_a_mark_is_one_that_ends_a_sentence() -> None:
    """The dot of an abbreviation is none; a picture is no word and no mark."""
    analysis = load_analyser().analyse(["I ran. He slept", "", RUN_ON, "why?", "🙂", "we met dr. smith at noon"])
    assert unmarked(analysis).tolist() == [False, False, True, False, True, True]


def test_only_texts_with_a_boundary_in_doubt_are_split_in_several_ways() -> None:
    analysis = load_analyser().analyse(["I ran. He slept.", "", RUN_ON, "Why?", "no"])
    split = split_sentences(analysis)
    assert split.texts.tolist() == [False, False, True, False, False]
    assert split.levels.shape == (len(LEVELS), len(RUN_ON.split()))
    assert np.flatnonzero(split.starts[: analysis.bounds[1]]).tolist() == [0, 3]


def test_one_full_stop_at_the_end_does_not_make_a_run_on_one_sentence() -> None:
    (row,) = extract_linguistic([f"{RUN_ON}."])
    assert len(RUN_ON.split()) / row[LENGTH] > 1.5


def test_sentences_that_no_one_doubts_are_counted_whole() -> None:
    assert extract_linguistic(["The cat sat on the mat."])[0, LENGTH] == 6
    assert extract_linguistic(["I tried again. The big dog barked loudly!"])[0, LENGTH] == 4


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("okay ready? so which one should we start. yes", ["okay", "so", "yes"]),
        ('"we ran away." then it was over', ['"', "then"]),
        ("(it fell.) we laughed", ["(", "we"]),
        ("it was... you know", ["it"]),
        ("go on !", ["go"]),
        ("Mr. Lee has 2.5 dogs!", ["Mr."]),
    ],
)
def test_a_word_after_a_stop_begins_a_sentence(text: str, begins: list[str]) -> None:
    (doc,) = (analysis := load_analyser().analyse([text])).docs
    found = [token.text for token, start in zip(doc, split_sentences(analysis).starts, strict=True) if start]
    assert found == begins


def test_a_stop_ends_a_sentence_in_its_own_text_alone() -> None:
    text = '" yes we can." she said'
    among, alone = load_analyser().analyse(["no.", text, "and"]), load_analyser().analyse([text])
    assert (split_sentences(among).starts[2:-1] == split_sentences(alone).starts).all()
    assert not after_stop(alone)[1]


def test_higher_cuts_leave_fewer_boundaries() -> None:
    split = split_sentences(load_analyser().analyse([RUN_ON]))
    assert split.levels[:, 0].all()
    assert all((lower >= higher).all() for lower, higher in pairwise(split.levels))
    assert split.levels[0].sum() > split.levels[-1].sum()


def test_a_question_in_the_middle_of_a_run_on_is_found() -> None:
    (doc,) = (analysis := load_analyser().analyse([RUN_ON])).docs
    begins = [token.text for token, start in zip(doc, split_sentences(analysis).starts, strict=True) if start]
    assert begins[0] == "we"
    assert "what" in begins


def test_nothing_beyond_a_text_is_read() -> None:
    alone = load_analyser().analyse([RUN_ON])
    among = load_analyser().analyse(["he slept", RUN_ON, "she ran"])
    chosen = np.array([False, True, False])
    found = boundary_inputs(among, chosen)
    assert (found == boundary_inputs(alone, np.array([True]))).all()
    width = alone.vectors.shape[1]
    assert (found[0, : 2 * width] == 0).all()  # two places before the first token
    assert (found[-1, 3 * width : 4 * width] == 0).all()  # the place after the last
    assert (found[:, -1] == 1).all()


def test_an_unsure_boundary_counts_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a boundary of probability .5 before "he" in "I ran he slept", four words are in one sentence at half of the
    cuts and in two at the others: 1.5 sentences. With the head of the other verb cut off, both verbs are roots."""
    logits = np.array([-9.0, -9.0, 0.0, -9.0], dtype=np.float32)
    monkeypatch.setattr(module.Network, "logits", lambda self, inputs: logits.copy())
    row = measure_batch(["I ran he slept"])[0]
    assert row[LENGTH] == pytest.approx(4 / 1.5)
    analysis = load_analyser().analyse(["I ran he slept"])
    whole = max(_depth(analysis.heads.tolist(), token) for token in range(4))
    assert row[DEPTH] == pytest.approx((0.5 * whole + 0.5 * 2) / 1.5)


def test_a_network_is_the_formula_row_by_row() -> None:
    """Two inputs and the 1, two hidden units: relu(x - y), relu(y + 1), then 2a - b + 3."""
    network = module.Network(
        np.array([[1, 0], [-1, 1], [0, 1]], dtype=np.float32), np.array([2, -1, 3], dtype=np.float32)
    )
    rows = np.array([[5, 2, 1], [0, 4, 1], [0, -3, 1]], dtype=np.float32)
    assert network.logits(rows).tolist() == [2 * 3 - 3 + 3, 0 - 5 + 3, 2 * 3 - 0 + 3]


def test_what_is_read_in_texts_with_marks() -> None:
    text = "Ann, run! (NOW) he fell.\nWe laughed"
    analysis = load_analyser().analyse(["Go.", text])
    (doc,) = analysis.docs[1:]
    found = marked_inputs(analysis, np.array([False, True]), np.full(len(doc), 12, dtype=np.float32))
    assert found.shape == (len(doc), len(INPUTS) + 2 * len(load_analyser().tags) + 1)
    words = [token.text for token in doc]
    assert words == ["Ann", ",", "run", "!", "(", "NOW", ")", "he", "fell", ".", "\n", "We", "laughed"]
    column = {name: found[:, number].tolist() for number, name in enumerate(INPUTS)}

    def holds(name: str) -> list[str]:
        return [word for word, value in zip(words, column[name], strict=True) if value == 1]

    assert holds("capital after it") == ["Ann", "NOW", "We"]
    assert holds("capitals alone after it") == ["NOW"]
    assert holds("a mark that ends a sentence before it") == ["(", "\n"]
    assert holds("a pause before it") == ["run"]
    assert holds("a closing mark before it") == ["he"]
    assert holds("a line ends before it") == ["We"]
    since = [round(30 * value) for value in column["tokens since the last mark or the beginning"]]
    until = [round(30 * value) for value in column["tokens until the next mark or the end"]]
    assert since == [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 0, 1, 2]
    assert until == [4, 3, 2, 1, 6, 5, 4, 3, 2, 1, 3, 2, 1]
    assert column["tokens for each mark of the text"][0] == pytest.approx(13 / 2 / 30)
    assert column["what the network for texts without marks says"][0] == 1  # at most 6, in sixths
    assert (found[:, -1] == 1).all()
    alone = load_analyser().analyse([text])
    assert (marked_inputs(alone, np.array([True]), np.full(len(doc), 12, dtype=np.float32)) == found).all()


def _depth(heads: list[int], token: int) -> int:
    return 0 if heads[token] == token else 1 + _depth(heads, heads[token])


def test_a_mark_makes_sentences_whole() -> None:
    row = extract_linguistic(["I ran. He slept."])[0]
    assert row[LENGTH] == 2
    assert row[DEPTH] == 1


def test_weights_of_another_pipeline_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module._networks.cache_clear()
    monkeypatch.setattr(module, "pipeline_version", lambda: "en_other-0.0.1")
    try:
        with pytest.raises(BundleError, match=r"en_other-0\.0\.1; train it again"):
            split_sentences(load_analyser().analyse(["no mark here"]))
    finally:
        module._networks.cache_clear()


def test_the_recipe_gives_the_same_file_twice(shared_data: Path, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.json", "two.json")]
    gaps = [train_sentences(shared_data / "treebanks", shared_data / "real", path, seed=3, most=40) for path in paths]
    assert gaps[0] == gaps[1] > 100
    assert paths[0].read_bytes() == paths[1].read_bytes()
    body = json.loads(paths[0].read_text(encoding="utf-8"))
    assert len(body["unmarked"]["hidden"]) == 4 * 96 + 2
    assert len(body["unmarked"]["output"]) == 3 * 64 + 1
    assert len(body["marked"]["hidden"]) == len(INPUTS) + 2 * len(load_analyser().tags) + 1
    assert len(body["marked"]["output"]) == 5 * 32 + 1


def test_missing_transcripts_are_named(shared_data: Path, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="holds no transcripts"):
        train_sentences(shared_data / "treebanks", tmp_path, tmp_path / "out.json")
