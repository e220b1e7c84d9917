"""Train, shrink and write the pipeline that ships: one call from treebanks to `models/language/en_skillscope`."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import spacy
from spacy.language import Language

from skillscope.errors import BundleError
from skillscope.language.evaluate import Accuracy, accuracy_table, markdown_table
from skillscope.language.lemmas import DictionaryLemmatizer, build_lemma_table
from skillscope.language.lemmas import LemmaRules as Rules
from skillscope.language.lessons import read_labelled
from skillscope.language.train import train_pipeline
from skillscope.language.treebank import Sentence, read_treebank
from skillscope.language.vectors import open_pipeline, read_word_vectors, store_pipeline

__all__ = ["PIPELINE_NAME", "PIPELINE_RELEASE", "STEPS", "read_parts", "train_language_pipeline", "write_pipeline"]

PIPELINE_NAME: Final = "skillscope"
PIPELINE_RELEASE: Final = "1.2.0"
STEPS: Final = 12_000
TRAINING_FILES: Final = {"ewt-train.conllu.xz": 1, "eslspok-train.conllu.xz": 3}
"""Treebank -> how often it counts: speech is a twelfth of the words, and is what children's answers are most like."""
_TEMPLATE = Path(__file__).with_name("model_readme.md")


def train_language_pipeline(
    treebanks: Path,
    vectors: Path,
    output: Path,
    *,
    labelled: Path | None = None,
    steps: int = STEPS,
    seed: int = 0,
    report: Callable[[int, Language, dict[str, float]], None] | None = None,
) -> list[Accuracy]:
    """Train on EWT and ESLSpok and the texts that a teacher `labelled`, write the pipeline to `output` and return its
    accuracy table.

    `vectors` is read by `read_word_vectors`, `labelled` by `read_labelled`. `output` is replaced only when all is done.

    Raises:
        FileError: a treebank, the word vectors or the labelled texts are missing or unreadable.
        BundleError: the shrunk pipeline does not answer like the trained one.
    """
    sentences = [sentence for part in read_parts(treebanks) for sentence in part]
    known = read_word_vectors(vectors)
    taught = read_labelled(labelled) if labelled is not None else []
    nlp = train_pipeline(sentences, known, labelled=taught, steps=steps, seed=seed, report=report)
    return write_pipeline(nlp, sentences, treebanks, output)


def read_parts(treebanks: Path) -> list[list[Sentence]]:
    """The treebanks that are learnt from, each as often as it counts.

    Raises:
        FileError: one is missing or unreadable.
    """
    return [read_treebank(treebanks / name) for name, times in TRAINING_FILES.items() for _ in range(times)]


def write_pipeline(nlp: Language, sentences: list[Sentence], treebanks: Path, output: Path) -> list[Accuracy]:
    """Add lemmas, prune strings, measure, and write model, README and licence to `output`."""
    rules = Rules(*build_lemma_table(sentences))
    lemmatizer = nlp.add_pipe("dictionary_lemmatizer_v1", name="lemmatizer")
    if isinstance(lemmatizer, DictionaryLemmatizer):
        lemmatizer.rules = rules
    nlp.meta.update(
        name=PIPELINE_NAME,
        version=PIPELINE_RELEASE,
        license="CC BY-SA 4.0",
        description="Tokeniser, UPOS, dependency parser and lemmas for children's English",
        author="",
        email="",
        url="",
        performance={},
    )
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "model"
        store_pipeline(nlp, written)
        _prune(written, nlp)
        shrunk = open_pipeline(written)
        _check_same(nlp, shrunk, sentences[:500])
        rows = accuracy_table(shrunk, rules, treebanks)
        (written / "README.md").write_text(
            _TEMPLATE.read_text(encoding="utf-8").replace("{{table}}", markdown_table(rows)), encoding="utf-8"
        )
        if output.exists():
            shutil.rmtree(output)
        output.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(written, output)
    return rows


def _prune(folder: Path, nlp: Language) -> None:
    """Keep only the strings that a blank pipeline, the labels and the tags need."""
    keep = set(spacy.blank("en").vocab.strings) | {"ROOT", "dep"}
    for name in nlp.pipe_names:
        labels = getattr(nlp.get_pipe(name), "labels", ())
        keep |= {part for label in labels for part in (label, *label.split("-"), *label.split("||"))}
    path = folder / "vocab" / "strings.json"
    strings = [s for s in json.loads(path.read_text(encoding="utf-8")) if s in keep]
    path.write_text(json.dumps(sorted(strings)), encoding="utf-8")


def _check_same(trained: Language, shrunk: Language, sentences: list[Sentence]) -> None:
    texts = [sentence.text for sentence in sentences]
    for before, after in zip(trained.pipe(texts), shrunk.pipe(texts), strict=True):
        same = [(t.pos_, t.dep_, t.head.i, t.lemma_) for t in before] == [
            (t.pos_, t.dep_, t.head.i, t.lemma_) for t in after
        ]
        if not same:
            raise BundleError("the shrunk pipeline answers differently from the trained one")
