"""Accuracy of a language pipeline against gold treebanks, on plain text and as a hurried child would type it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span, Token
from spacy.training import Example

from skillscope.language.corpus import degrade, example
from skillscope.language.lemmas import LemmaRules
from skillscope.language.treebank import Sentence, join_sentences, read_treebank

__all__ = ["EVALUATION_FILES", "Accuracy", "accuracy_table", "evaluate_pipeline", "markdown_table", "measure"]

EVALUATION_FILES: Final = {
    "EWT test": "ewt-test.conllu.xz",
    "ESLSpok test": "eslspok-test.conllu.xz",
    "child speech (CHILDES)": "childes-eval.conllu.xz",
}
SENTENCES_PER_TEXT = 5
_NO_LEMMA = frozenset({"PUNCT", "SYM", "NUM", "X"})


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares in per cent.

    `upos`, `uas`, `las`: gold tokens, one gold sentence at a time; punctuation counts, relation subtypes do not.
    `lemma`: words whose treebank lemma is known, with our own tags. `raw_las`, `sentence_f`: from raw text of
    five sentences, with our own tokens and sentence boundaries.
    """

    data: str
    condition: str
    tokens: int
    upos: float
    uas: float
    las: float
    lemma: float
    raw_upos: float
    raw_las: float
    sentence_f: float


def measure(nlp: Language, sentences: Sequence[Sentence], rules: LemmaRules, data: str, condition: str) -> Accuracy:
    """Compare the pipeline's output with gold annotation."""
    examples = [example(nlp, sentence, gold_tokens=True) for sentence in sentences]
    _predict(nlp, examples)
    tokens = tagged = headed = labelled = lemmas = right_lemmas = 0
    for item, sentence in zip(examples, sentences, strict=True):
        for found, gold, lemma in zip(item.predicted, item.reference, sentence.lemmas, strict=True):
            tokens += 1
            tagged += found.pos == gold.pos
            same_head = found.head.i == gold.head.i
            headed += same_head
            labelled += same_head and found.dep == gold.dep
            if lemma != "_" and gold.pos_ not in _NO_LEMMA:
                lemmas += 1
                right_lemmas += rules.lemma(found.lower_, found.pos_) == lemma.lower()
    size = SENTENCES_PER_TEXT
    runs = [sentences[start : start + size] for start in range(0, len(sentences), size)]
    texts = [example(nlp, join_sentences(run)) for run in runs]
    _predict(nlp, texts)
    scores = Scorer.score_deps(texts, "dep", head_getter=_head, ignore_labels=())
    raw_tags = Scorer.score_token_attr(texts, "pos")
    splits = Scorer.score_spans(texts, "sents", getter=_sentences, has_annotation=None)
    return Accuracy(
        data,
        condition,
        tokens,
        _percent(tagged, tokens),
        _percent(headed, tokens),
        _percent(labelled, tokens),
        _percent(right_lemmas, lemmas),
        round(100 * raw_tags["pos_acc"], 2),
        round(100 * scores["dep_las"], 2),
        round(100 * splits["sents_f"], 2),
    )


def _head(token: Token, _attr: str) -> Token:
    return token.head


def _sentences(doc: Doc, _attr: str) -> list[Span]:
    return list(doc.sents)


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else float("nan")


def _predict(nlp: Language, examples: list[Example]) -> None:
    with nlp.select_pipes(disable=[name for name in nlp.pipe_names if name == "lemmatizer"]):
        docs = nlp.pipe((item.predicted for item in examples), batch_size=128)
        for item, doc in zip(examples, docs, strict=True):
            item.predicted = doc


def accuracy_table(nlp: Language, rules: LemmaRules, treebanks: Path) -> list[Accuracy]:
    """Measure on the three evaluation treebanks, plain and degraded (lower case, no punctuation).

    Raises:
        FileError: a treebank is missing or unreadable.
    """
    rows = []
    for data, name in EVALUATION_FILES.items():
        sentences = read_treebank(treebanks / name)
        degraded = [degrade(sentence, lower=True, drop_punct=True) for sentence in sentences]
        rows.append(measure(nlp, sentences, rules, data, "plain"))
        rows.append(measure(nlp, degraded, rules, data, "lower case, no punctuation"))
    return rows


def evaluate_pipeline(treebanks: Path) -> list[Accuracy]:
    """The accuracy table of the pipeline that ships with the project."""
    from skillscope.language.pipeline import lemma_rules, load_pipeline

    return accuracy_table(load_pipeline(), lemma_rules(), treebanks)


def markdown_table(rows: list[Accuracy]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| data | condition | UPOS | UAS | LAS | lemmas | raw text UPOS | raw text LAS | sentence F |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.data} | {r.condition} | {r.upos:.1f} | {r.uas:.1f} | {r.las:.1f} | {r.lemma:.1f} | {r.raw_upos:.1f} "
        f"| {r.raw_las:.1f} | {r.sentence_f:.1f} |"
        for r in rows
    ]
    return "\n".join(lines)
