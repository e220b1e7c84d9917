"""Where sentences begin in texts without full stops, and what an unsure boundary does to the features."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from skillscope.errors import BundleError, FileError
from skillscope.features import sentences as module
from skillscope.features.linguistic import extract_linguistic, measure_batch
from skillscope.features.schema import LINGUISTIC
from skillscope.features.sentences import LEVELS, boundary_inputs, split_sentences, unmarked
from skillscope.features.train_sentences import train_sentences
from skillscope.language import load_analyser

NAMES = [item.name for item in LINGUISTIC]
LENGTH, DEPTH = NAMES.index("avg_sentence_length"), NAMES.index("syntactic_complexity")
RUN_ON = "we built a tower and it fell down what did you do then i was so mad but i tried again"


def test_only_texts_without_end_marks_are_split_by_the_network() -> None:
    analysis = load_analyser().analyse(["I ran. He slept", "", RUN_ON, "why?", "🙂"])
    assert unmarked(analysis).tolist() == [False, False, True, False, True]
    split = split_sentences(analysis)
    marked = analysis.bounds[1]
    assert (split.starts[:marked] == analysis.starts[:marked]).all()
    assert split.levels.shape == (len(LEVELS), len(RUN_ON.split()) + 1)


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
    assert not split_sentences(alone).starts[1]


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
    probabilities = np.array([0.0, 0.0, 0.5, 0.0])
    monkeypatch.setattr(module, "_probabilities", lambda inputs: probabilities.copy())
    row = measure_batch(["I ran he slept"])[0]
    assert row[LENGTH] == pytest.approx(4 / 1.5)
    analysis = load_analyser().analyse(["I ran he slept"])
    whole = max(_depth(analysis.heads.tolist(), token) for token in range(4))
    assert row[DEPTH] == pytest.approx((0.5 * whole + 0.5 * 2) / 1.5)


def _depth(heads: list[int], token: int) -> int:
    return 0 if heads[token] == token else 1 + _depth(heads, heads[token])


def test_a_mark_makes_sentences_whole() -> None:
    row = extract_linguistic(["I ran. He slept."])[0]
    assert row[LENGTH] == 2
    assert row[DEPTH] == 1


def test_weights_of_another_pipeline_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module._network.cache_clear()
    monkeypatch.setattr(module, "pipeline_version", lambda: "en_other-0.0.1")
    try:
        with pytest.raises(BundleError, match=r"en_other-0\.0\.1; train it again"):
            split_sentences(load_analyser().analyse(["no mark here"]))
    finally:
        module._network.cache_clear()


def test_the_recipe_gives_the_same_file_twice(shared_data: Path, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.json", "two.json")]
    gaps = [train_sentences(shared_data / "treebanks", shared_data / "real", path, seed=3, most=40) for path in paths]
    assert gaps[0] == gaps[1] > 100
    assert paths[0].read_bytes() == paths[1].read_bytes()
    body = json.loads(paths[0].read_text(encoding="utf-8"))
    assert len(body["hidden"]) == 4 * 96 + 2
    assert len(body["output"]) == 3 * 64 + 1


def test_missing_transcripts_are_named(shared_data: Path, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="holds no transcripts"):
        train_sentences(shared_data / "treebanks", tmp_path, tmp_path / "out.json")
