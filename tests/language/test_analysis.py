"""The fast analyser against spaCy's own pipeline, and that a text's answers are its own."""

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillscope.language import Analyser, Analysis, load_analyser, load_pipeline
from skillscope.language.encoder import Encoder
from skillscope.language.parser_states import LEFT, REDUCE, RIGHT, SHIFT, ParserStates

CLAUSES = (
    "I saw that my friend was sad so I sat with her at lunch.",
    "what did you say it was for",
    "He didn't want to share the ball, because he was angry!",
    "um and then we we built the tower that nobody thought would stand",
    "Who do you think broke the thing that I made in class yesterday?",
    "my freind becuase hurrt him self",
    "It was hard :( to focus...",
    "3 x 4 = 12",
    "no",
)


def texts(count: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(CLAUSES, k=rng.randint(1, 7))) for _ in range(count)]


def rows(analysis: Analysis, row: int) -> tuple[list[int], list[int], list[int], list[bool], bytes]:
    begin, end = analysis.bounds[row], analysis.bounds[row + 1]
    part = slice(begin, end)
    heads = (analysis.heads[part] - begin).tolist()
    return (
        analysis.tags[part].tolist(),
        heads,
        analysis.relations[part].tolist(),
        analysis.starts[part].tolist(),
        analysis.vectors[part].tobytes(),
    )


def test_answers_are_those_of_the_pipeline() -> None:
    found = load_analyser().analyse([*texts(120), "", "a", "\n"])
    names, relations = load_analyser().tags, load_analyser().relations
    for row, doc in enumerate(load_pipeline().pipe([*texts(120), "", "a", "\n"], disable=["lemmatizer"])):
        tags, heads, labels, starts, _ = rows(found, row)
        assert [names[tag] for tag in tags] == [token.pos_ for token in doc]
        assert heads == [token.head.i for token in doc]
        assert [relations[label] for label in labels] == [token.dep_ for token in doc]
        assert starts == [bool(token.is_sent_start) for token in doc]


def test_company_changes_no_bit() -> None:
    analyser, sample = load_analyser(), texts(60, seed=1)
    together = analyser.analyse(sample)
    for row, text in enumerate(sample):
        assert rows(analyser.analyse([text]), 0) == rows(together, row)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=4))
def test_any_text_has_trees(sample: list[str]) -> None:
    found = load_analyser().analyse(sample)
    assert found.bounds[-1] == len(found.heads) == len(found.tags) == len(found.vectors)
    for row in range(len(sample)):
        begin, end = found.bounds[row], found.bounds[row + 1]
        heads = found.heads[begin:end] - begin
        assert ((heads >= 0) & (heads < end - begin)).all()
        above = np.arange(end - begin)
        for _ in range(len(above)):
            above = heads[above]
        assert (heads[above] == above).all()  # every token hangs on a root: no circles
        assert end == begin or found.starts[begin]


def test_a_full_table_of_types_is_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skillscope.language.encoder._TYPES_KEPT", 12)
    small = Encoder(load_pipeline())
    nlp = load_pipeline()
    for text in (*texts(5, seed=2), " ".join(f"word{number}" for number in range(40))):
        assert (small.encode([nlp.make_doc(text)]).vectors == load_analyser().analyse([text]).vectors).all()


def test_threads_share_an_analyser() -> None:
    sample = [[f"{name} said {text}" for text in texts(8, seed=number)] for number, name in enumerate("abcdef")]
    analyser = Analyser(load_pipeline())
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(analyser.analyse, sample))
    for part, analysis in zip(sample, found, strict=True):
        expected = load_analyser().analyse(part)
        assert [rows(analysis, row) for row in range(8)] == [rows(expected, row) for row in range(8)]


def test_a_full_vocabulary_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = [*texts(6, seed=3), "can't won't gonna :-) e.g. 10am"]
    expected = load_analyser().analyse(sample)
    monkeypatch.setattr("skillscope.language.analysis._STRINGS_KEPT", 10)
    found = Analyser(load_pipeline()).analyse(sample)
    assert found.docs[0].vocab is not load_pipeline().vocab
    assert [[token.text for token in doc] for doc in found.docs] == [
        [token.text for token in doc] for doc in expected.docs
    ]
    assert [rows(found, row) for row in range(len(sample))] == [rows(expected, row) for row in range(len(sample))]


def test_states_by_hand() -> None:
    """ "She saw him": shift, arc to the left, shift, arc to the right, reduce twice."""
    states = ParserStates(np.array([0]), np.array([3]))
    read = np.zeros((1, 8), dtype=np.int64)
    states.read(read)
    assert read.tolist() == [[0, 1, -1, -1, -1, -1, -1, -1]]
    assert states.allowed().tolist() == [0b0111]
    for move, relation in ((SHIFT, 0), (LEFT, 5), (SHIFT, 0)):
        states.apply(np.array([move]), np.array([relation]))
    states.read(read)
    assert read.tolist() == [[2, -1, 1, -1, -1, -1, 0, -1]]
    states.apply(np.array([RIGHT]), np.array([7]))
    states.read(read)
    assert read.tolist() == [[-1, -1, 2, 1, -1, -1, -1, -1]]
    states.apply(np.array([REDUCE]), np.array([0]))
    assert len(states) == 1
    states.apply(np.array([REDUCE]), np.array([0]))
    assert len(states) == 0
    assert states.heads.tolist() == [1, -1, 1, -1]
    assert states.relations.tolist() == [5, 0, 7, 0]


def test_an_arc_that_takes_the_place_of_another_gives_the_older_child_back() -> None:
    """0 takes 1 and then 2 to its right; 3 takes 2 from it: the last child of 0 is 1 again."""
    states = ParserStates(np.array([0]), np.array([4]))
    for move in (SHIFT, RIGHT, REDUCE, RIGHT, LEFT):
        states.apply(np.array([move]), np.array([0]))
    read = np.zeros((1, 8), dtype=np.int64)
    states.read(read)
    assert read.tolist() == [[3, -1, 0, -1, -1, 2, -1, 1]]


def test_a_word_without_head_goes_back_to_the_buffer_once() -> None:
    states = ParserStates(np.array([0]), np.array([3]))
    for move in (SHIFT, SHIFT, REDUCE):  # 1 has no head and is not alone on the stack
        states.apply(np.array([move]), np.array([0]))
    read = np.zeros((1, 8), dtype=np.int64)
    states.read(read)
    assert read.tolist()[0][:4] == [1, 2, 0, -1]
    assert states.allowed().tolist() == [0b1101]  # no shifting it again


def test_a_pipeline_of_another_shape_is_refused() -> None:
    import spacy

    from skillscope.errors import ConfigurationError

    other = spacy.blank("en")
    for name in ("tok2vec", "morphologizer", "parser"):
        other.add_pipe(name)
    with pytest.raises(ConfigurationError, match=r"pipeline\.cfg"):
        Analyser(other)
