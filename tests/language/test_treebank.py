import lzma
from pathlib import Path

import pytest

from skillscope.errors import FileError
from skillscope.language.treebank import join_sentences, read_treebank

CONLLU = """# newdoc id = a
# text = I don't know.
1\tI\tI\tPRON\tPRP\t_\t4\tnsubj\t_\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
2\tdo\tdo\tAUX\tVBP\t_\t4\taux\t_\t_
3\tn't\tnot\tPART\tRB\t_\t4\tadvmod:neg\t_\t_
4\tknow\tknow\tVERB\tVB\t_\t0\troot\t_\tSpaceAfter=No
4.1\tit\tit\tPRON\t_\t_\t_\t_\t_\t_
5\t.\t.\tPUNCT\t.\t_\t4\tpunct\t_\t_

# text = Ok
1\tOk\tok\tINTJ\tUH\t_\t0\troot\t_\t_
"""


@pytest.fixture
def treebank(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.conllu"
    path.write_text(CONLLU, encoding="utf-8")
    return path


def test_reads_ranges_empty_nodes_and_relations_without_subtypes(treebank: Path) -> None:
    first, second = read_treebank(treebank)
    assert first.words == ["I", "do", "n't", "know", "."]
    assert first.text == "I don't know."
    assert first.heads == [3, 3, 3, 3, 3]
    assert first.deps == ["nsubj", "aux", "advmod", "ROOT", "punct"]
    assert first.opens_document
    assert not second.opens_document


def test_xz_reads_the_same(treebank: Path, tmp_path: Path) -> None:
    packed = tmp_path / "tiny.conllu.xz"
    packed.write_bytes(lzma.compress(treebank.read_bytes()))
    assert read_treebank(packed) == read_treebank(treebank)


def test_joined_sentences_keep_heads_and_starts(treebank: Path) -> None:
    joined = join_sentences(read_treebank(treebank))
    assert joined.text == "I don't know. Ok"
    assert joined.heads[-1] == 5
    assert [i for i, start in enumerate(joined.starts) if start] == [0, 5]


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"1\tI\tI\n\n", "line 1: 3 columns"), (b"\xff\xfe", "cannot be read"), (None, "cannot be read")],
)
def test_unusable_files_are_named(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "bad.conllu"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match=says) as caught:
        read_treebank(path)
    assert "bad.conllu" in str(caught.value)
