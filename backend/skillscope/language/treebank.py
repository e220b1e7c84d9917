"""Read Universal Dependencies treebanks in CoNLL-U, plain or xz-compressed.

Dependency relations are kept without their subtypes (`acl:relcl` becomes `acl`), as the CoNLL 2018
shared task scores them (Zeman et al. 2018).
"""

import lzma
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from skillscope.errors import FileError

__all__ = ["Sentence", "join_sentences", "read_treebank"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One or several annotated sentences; every list has one item a token.

    `heads` holds the index of the head of each token within this object, a root naming itself.
    `starts` marks the first token of each gold sentence. `parsed` is false where only tags are known; an unknown tag is
    "".
    """

    words: list[str]
    spaces: list[bool]
    upos: list[str]
    lemmas: list[str]
    heads: list[int]
    deps: list[str]
    starts: list[bool]
    opens_document: bool = False
    parsed: bool = True

    @property
    def text(self) -> str:
        pieces = (w + (" " if s else "") for w, s in zip(self.words, self.spaces, strict=True))
        return "".join(pieces).rstrip()


def read_treebank(path: Path) -> list[Sentence]:
    """Read every sentence of a `.conllu` or `.conllu.xz` file.

    Raises:
        FileError: the file is missing, is not UTF-8, or a line does not have ten columns.
    """
    try:
        body = path.read_bytes()
        text = (lzma.decompress(body) if path.suffix == ".xz" else body).decode("utf-8")
    except (OSError, UnicodeDecodeError, lzma.LZMAError) as error:
        raise FileError(f"{path} cannot be read as a CoNLL-U treebank: {error}") from error
    return list(_sentences(text.splitlines(), path))


def _sentences(lines: Iterable[str], path: Path) -> Iterator[Sentence]:
    block: list[list[str]] = []
    opens = False
    for number, line in enumerate(lines, start=1):
        if line.startswith("# newdoc"):
            opens = True
        elif line and not line.startswith("#"):
            columns = line.split("\t")
            if len(columns) != 10:
                raise FileError(f"{path}, line {number}: {len(columns)} columns where CoNLL-U has 10")
            block.append(columns)
        elif not line and block:
            yield _sentence(block, opens)
            block, opens = [], False
    if block:
        yield _sentence(block, opens)


def _sentence(block: list[list[str]], opens_document: bool) -> Sentence:
    glued_until = 0  # last word of the multi-word token that we are inside of
    space_after_range = True
    words: list[str] = []
    spaces: list[bool] = []
    upos: list[str] = []
    lemmas: list[str] = []
    heads: list[int] = []
    deps: list[str] = []
    for columns in block:
        index, form, lemma, tag, head, dep, misc = (columns[i] for i in (0, 1, 2, 3, 6, 7, 9))
        space = "SpaceAfter=No" not in misc
        if "-" in index:
            glued_until = int(index.split("-")[1])
            space_after_range = space
            continue
        if "." in index:  # an empty node of the enhanced graph
            continue
        number = int(index)
        if number < glued_until:
            space = False
        elif number == glued_until:
            space = space_after_range
        words.append(form)
        spaces.append(space)
        upos.append(tag)
        lemmas.append(lemma)
        heads.append(int(head) - 1 if head != "0" else len(words) - 1)
        deps.append("ROOT" if head == "0" else dep.split(":")[0])
    starts = [True] + [False] * (len(words) - 1)
    return Sentence(words, spaces, upos, lemmas, heads, deps, starts, opens_document)


def join_sentences(sentences: Iterable[Sentence]) -> Sentence:
    """Join sentences into one text, keeping the gold sentence starts."""
    words: list[str] = []
    spaces: list[bool] = []
    upos: list[str] = []
    lemmas: list[str] = []
    heads: list[int] = []
    deps: list[str] = []
    starts: list[bool] = []
    for sentence in sentences:
        heads += [head + len(words) for head in sentence.heads]
        words += sentence.words
        spaces += [*sentence.spaces[:-1], True]
        upos += sentence.upos
        lemmas += sentence.lemmas
        deps += sentence.deps
        starts += sentence.starts
    return Sentence(words, spaces, upos, lemmas, heads, deps, starts)
