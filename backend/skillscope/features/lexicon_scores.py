"""How well a word list finds what readers marked: precision and recall of its hits, and its judgement of negation.

Marked sentences stand one a line: `[words]` should be hit and count, `<words>` carry the list's meaning but are negated
or only supposed ("I didn't <care>"), everything else should not count. A line that begins with `#` is a comment. Odd
sentences (first, third, ...) are for development, even ones for testing: a list may be improved on the former alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from skillscope.errors import FileError
from skillscope.features.annotate import Annotation, annotate
from skillscope.features.lexicon import LEXICONS, LexiconName

__all__ = [
    "ListScore",
    "MarkedSentence",
    "development_errors",
    "halves",
    "parse_marks",
    "read_marked",
    "render_scores",
    "score_folder",
    "score_sentences",
]

_CLOSING = {"[": "]", "<": ">"}


@dataclass(frozen=True, slots=True)
class MarkedSentence:
    """A sentence and the character spans of its words that count for a list, or would but for a negation."""

    text: str
    counted: tuple[tuple[int, int], ...]
    left_out: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ListScore:
    """Counts over a set of sentences. A mark is found where a counting hit shares a word with it; hits that share a
    word are one hit. `judged` are the marks of either kind that any hit shares a word with, counting or not."""

    sentences: int
    marks: int
    found: int
    hits: int
    right: int
    judged: int
    judged_right: int
    left_out: int
    left_out_right: int

    @property
    def precision(self) -> float:
        """Share of the counting hits that lie on a counting mark; NaN without hits."""
        return _share(self.right, self.hits)

    @property
    def recall(self) -> float:
        """Share of the counting marks that were found; NaN without marks."""
        return _share(self.found, self.marks)

    @property
    def f(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / (self.precision + self.recall) if self.right else 0.0

    @property
    def status(self) -> float:
        """Share of the marks met by some hit where counting or not was judged rightly."""
        return _share(self.judged_right, self.judged)

    @property
    def kept_out(self) -> float:
        """Share of the negated or supposed marks met by some hit of which no word was counted."""
        return _share(self.left_out_right, self.left_out)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def parse_marks(line: str, where: str) -> MarkedSentence:
    """A sentence without its marks, and where they stood.

    Raises:
        FileError: a mark is not closed, or opened inside another.
    """
    text, begin, closing = "", 0, ""
    spans: dict[str, list[tuple[int, int]]] = {"]": [], ">": []}
    for character in line:
        if character in _CLOSING and not closing:
            begin, closing = len(text), _CLOSING[character]
        elif character == closing:
            spans[character].append((begin, len(text)))
            closing = ""
        elif character in "[]<>":
            raise FileError(f"{where}: {character} does not belong there; mark words as [counted] or <left out>")
        else:
            text += character
    if closing:
        raise FileError(f"{where}: a mark is not closed with {closing}")
    return MarkedSentence(text, tuple(spans["]"]), tuple(spans[">"]))


def read_marked(path: Path) -> list[MarkedSentence]:
    """The sentences of one file.

    Raises:
        FileError: it cannot be read as UTF-8 text, or a mark is not closed.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path.name} cannot be read: {error}") from error
    return [
        parse_marks(line.rstrip(), f"{path.name}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.startswith("#")
    ]


def halves(sentences: Sequence[MarkedSentence]) -> dict[str, list[MarkedSentence]]:
    """The fixed split: the first, third, ... sentence for development, the others for testing."""
    return {"development": list(sentences[::2]), "test": list(sentences[1::2])}


def _inside(annotation: Annotation, spans: Iterable[tuple[int, int]]) -> list[set[int]]:
    return [{i for i, t in enumerate(annotation.tokens) if t.start < end and begin < t.end} for begin, end in spans]


def _joined(groups: Iterable[Sequence[int]]) -> list[set[int]]:
    """Sets of tokens, those that share a token made one."""
    joined: list[set[int]] = []
    for group in groups:
        apart = [other for other in joined if other.isdisjoint(group)]
        joined = [*apart, set(group).union(*(other for other in joined if not other.isdisjoint(group)))]
    return joined


@dataclass(frozen=True, slots=True)
class _Compared:
    """One sentence beside what was found in it, all as sets of token indices."""

    annotation: Annotation
    counted: list[set[int]]
    left_out: list[set[int]]
    hits: list[set[int]]
    any_hit: set[int]

    @property
    def counting(self) -> set[int]:
        return set().union(*self.hits)


def _compare(lexicon: LexiconName, sentences: Sequence[MarkedSentence]) -> list[_Compared]:
    compared = []
    for sentence, annotation in zip(sentences, annotate([s.text for s in sentences]), strict=True):
        mine = [hit for hit in annotation.hits if hit.lexicon == lexicon]
        compared.append(
            _Compared(
                annotation,
                _inside(annotation, sentence.counted),
                _inside(annotation, sentence.left_out),
                _joined(hit.tokens for hit in mine if hit.status == "counted"),
                {token for hit in mine for token in hit.tokens},
            )
        )
    return compared


def score_sentences(lexicon: LexiconName, sentences: Sequence[MarkedSentence]) -> ListScore:
    """Compare a list's hits in these sentences with their marks."""
    tallies = [0] * 8
    for one in _compare(lexicon, sentences):
        counting, wanted = one.counting, set().union(*one.counted)
        met = [mark for mark in one.counted if mark & one.any_hit]
        met_out = [mark for mark in one.left_out if mark & one.any_hit]
        kept_out = sum(not mark & counting for mark in met_out)
        found = sum(bool(mark & counting) for mark in one.counted)
        right = sum(bool(hit & wanted) for hit in one.hits)
        row = (
            len(one.counted),
            found,
            len(one.hits),
            right,
            len(met) + len(met_out),
            found + kept_out,
            len(met_out),
            kept_out,
        )
        tallies = [a + b for a, b in zip(tallies, row, strict=True)]
    return ListScore(len(sentences), *tallies)


def _differences(lexicon: LexiconName, sentences: Sequence[MarkedSentence]) -> list[tuple[str, list[str], list[str]]]:
    """The sentences where list and marks differ: the text, the marks not found, the hits that should not count."""
    rows = []
    for one in _compare(lexicon, sentences):
        tokens = one.annotation.tokens
        wanted = set().union(*one.counted)
        missed = [mark for mark in one.counted if not mark & one.counting]
        wrong = [hit for hit in one.hits if not hit & wanted]
        if missed or wrong:
            texts = [[" ".join(tokens[i].text for i in sorted(group)) for group in side] for side in (missed, wrong)]
            rows.append((one.annotation.text, texts[0], texts[1]))
    return rows


def _read_folder(folder: Path) -> dict[LexiconName, list[MarkedSentence]]:
    paths = {name: folder / f"{name}.txt" for name in LEXICONS if (folder / f"{name}.txt").is_file()}
    if not paths:
        raise FileError(f"{folder} holds no marked sentences; name a file after its list, such as empathy.txt")
    return {name: read_marked(path) for name, path in paths.items()}


def score_folder(folder: Path) -> dict[LexiconName, dict[str, ListScore]]:
    """Score every list that has a file `<list>.txt` in a folder, by half.

    Raises:
        FileError: the folder has no such file, or one cannot be read.
    """
    return {
        name: {half: score_sentences(name, part) for half, part in halves(sentences).items()}
        for name, sentences in _read_folder(folder).items()
    }


def development_errors(folder: Path) -> list[tuple[LexiconName, str, list[str], list[str]]]:
    """Where a list and the marks of its development half differ: list, text, marks missed, hits that should not count.
    The test halves are never shown, so that no entry is written for them.

    Raises:
        FileError: the folder has no such file, or one cannot be read.
    """
    return [
        (name, *row)
        for name, sentences in _read_folder(folder).items()
        for row in _differences(name, halves(sentences)["development"])
    ]


def render_scores(scores: dict[LexiconName, dict[str, ListScore]]) -> str:
    """A Markdown table, one row a list and half; shares with the counts they are made of."""
    rows = [
        "| list | half | precision | recall | F | counting or not judged rightly | negated or supposed, left out |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, by_half in scores.items():
        for half, score in by_half.items():
            cells = [
                name.replace("_", " "),
                half,
                _counted(score.right, score.hits),
                _counted(score.found, score.marks),
                f"{score.f:.2f}",
                _counted(score.judged_right, score.judged),
                f"{score.left_out_right} of {score.left_out}",
            ]
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _counted(part: int, whole: int) -> str:
    return f"{part / whole:.2f} ({part} of {whole})" if whole else "none"
