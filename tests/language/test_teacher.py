"""The teacher on an encoder of our own making: it learns, reads, labels, and what it labels is learnt from."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import spacy
from typer.testing import CliRunner

from skillscope.cli.main import app
from skillscope.errors import FileError
from skillscope.language.corpus import example, training_examples
from skillscope.language.lessons import (
    SOURCES,
    label_texts,
    lessons,
    read_labelled,
    unlabelled_texts,
    write_labelled,
)
from skillscope.language.teacher import TAGS, Taught, Teacher, Teachers, train_teacher
from skillscope.language.treebank import read_treebank

WORDS = ("he", "she", "dog", "cat", "sat", "ran", "red", "big", "the", "and", ".")
KIND = dict(
    zip(WORDS, ("PRON", "PRON", "NOUN", "NOUN", "VERB", "VERB", "ADJ", "ADJ", "DET", "CCONJ", "PUNCT"), strict=True)
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two small layers with a vocabulary of our words."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("encoder")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, "##s"]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=256,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    return folder


def texts(count: int) -> Iterator[Taught]:
    """A sentence begins at every pronoun."""
    rng = random.Random(0)
    for _ in range(count):
        words = ["he", *rng.choices(WORDS, k=rng.randint(0, 9))]
        tags = [KIND[word] for word in words]
        yield Taught(words, tags, [tag == "PRON" for tag in tags])


def taught(encoder: Path, some: list[Taught]) -> Teacher:
    """So small an encoder, and one that knows nothing yet, learns at larger steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skillscope.language.teacher.ENCODER_RATE", 5e-3)
        patch.setattr("skillscope.language.teacher.WARM_UP_STEPS", 10)
        return train_teacher(encoder, some, steps=200)


@pytest.fixture(scope="module")
def teacher(encoder: Path) -> Teacher:
    return taught(encoder, list(texts(600)))


def test_it_learns_tags_and_boundaries(teacher: Teacher) -> None:
    (tags, begins), nothing = teacher.read([["The", "dogs", "sat", "she", "ran"], []])
    assert [TAGS[tag] for tag in tags.argmax(axis=1)] == ["DET", "NOUN", "VERB", "PRON", "VERB"]
    np.testing.assert_allclose(tags.sum(axis=1), 1.0, atol=1e-5)
    assert begins[3] > 0.8
    assert begins[[1, 2, 4]].max() < 0.2
    assert nothing[0].shape == (0, len(TAGS))


def test_company_does_not_matter(teacher: Teacher) -> None:
    some = [text.words for text in texts(40)]
    together = teacher.read(some)
    for words, (tags, begins) in zip(some, together, strict=True):
        ((alone, alone_begins),) = teacher.read([words])
        np.testing.assert_allclose(tags, alone, atol=1e-5)
        np.testing.assert_allclose(begins, alone_begins, atol=1e-5)


def test_teachers_say_what_they_say_on_average(encoder: Path) -> None:
    members = [train_teacher(encoder, list(texts(30)), steps=2, seed=seed) for seed in (0, 1)]
    some = [["he", "ran"], [], ["she"]]
    one, other = (member.read(some) for member in members)
    for (tags, begins), first, second in zip(Teachers(members).read(some), one, other, strict=True):
        np.testing.assert_allclose(tags, (first[0] + second[0]) / 2)
        np.testing.assert_allclose(begins, (first[1] + second[1]) / 2)
    assert not np.array_equal(one[0][0], other[0][0])


def test_training_is_repeatable(encoder: Path) -> None:
    some = list(texts(30))
    steps: list[int] = []
    one, other = (train_teacher(encoder, some, steps=3, seed=1, report=steps.append) for _ in range(2))
    assert steps == [1, 2, 3, 1, 2, 3]
    assert np.array_equal(one.read([["he", "ran"]])[0][0], other.read([["he", "ran"]])[0][0])


def test_texts_without_tags_teach_boundaries_alone(encoder: Path) -> None:
    some = [Taught(text.words, None, text.starts) for text in texts(200)]
    ((_, begins),) = taught(encoder, some).read([["the", "dog", "she", "ran"]])
    assert begins[2] > 0.8


def test_no_encoder_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="holds no pretrained encoder"):
        Teacher(tmp_path)


def test_labelled_texts_carry_sure_tags_and_no_tree(
    teacher: Teacher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skillscope.language.lessons.SURE", 0.999)
    assert label_texts(teacher, ["The dog sat."])[0].upos == ["", "", "", ""]
    monkeypatch.setattr("skillscope.language.lessons.SURE", 0.3)
    found = label_texts(teacher, ["The dog  sat.", " ", "She ran"])
    assert [text.text for text in found] == ["The dog sat.", "She ran"]
    assert found[0].upos == ["DET", "NOUN", "VERB", "PUNCT"]
    write_labelled(found, tmp_path / "labelled.jsonl")
    assert read_labelled(tmp_path / "labelled.jsonl") == found
    nlp = spacy.blank("en")
    item = example(nlp, found[0])
    assert [token.pos_ for token in item.reference] == ["DET", "NOUN", "VERB", "PUNCT"]
    assert not item.reference.has_annotation("DEP")
    epoch = list(training_examples(nlp, [], found * 20, 0, 0))
    assert len(epoch) == 40
    assert not any(item.reference.has_annotation("DEP") for item in epoch)


@pytest.mark.parametrize(
    "line",
    ["{", "[1]", '{"words": ["a"], "spaces": [true], "tags": ["Q"]}', '{"words": ["a"], "spaces": [], "tags": [""]}'],
)
def test_other_files_hold_no_labelled_texts(tmp_path: Path, line: str) -> None:
    path = tmp_path / "labelled.jsonl"
    path.write_text(f"{line}\n")
    with pytest.raises(FileError, match=r"labelled\.jsonl"):
        read_labelled(path)


def test_lessons_are_worn_groups_and_bare_runs(shared_data: Path) -> None:
    part = read_treebank(shared_data / "treebanks" / "eslspok-dev.conllu.xz")[:40]
    found = lessons([part], [["i ran", "she sat down"]])
    assert found == lessons([part], [["i ran", "she sat down"]])
    assert found[-1] == Taught(["i", "ran", "she", "sat", "down"], None, [True, False, True, False, False])
    assert all(len(text.words) == len(text.starts) == len(text.tags or text.words) for text in found)
    assert sum(sum(text.starts) for text in found[:-1]) == 40


def test_texts_of_the_real_data(shared_data: Path, tmp_path: Path) -> None:
    assert len(unlabelled_texts(shared_data / "real")) > 15_000
    with pytest.raises(FileError, match=next(iter(SOURCES))):
        unlabelled_texts(tmp_path)


def test_the_command_labels_real_texts(encoder: Path, shared_data: Path, tmp_path: Path) -> None:
    treebanks, real = tmp_path / "treebanks", tmp_path / "real"
    treebanks.mkdir()
    for name in ("ewt-train", "eslspok-train", "ewt-test", "childes-eval"):
        source = shared_data / "treebanks" / "eslspok-dev.conllu.xz"
        (treebanks / f"{name}.conllu.xz").write_bytes(source.read_bytes())
    for pattern, column in SOURCES.items():
        path = real / pattern.replace("*", "one")
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "The dog ran. She sat."
        path.write_text(f'{{"{column}": "{text}"}}\n' if path.suffix == ".jsonl" else f"{column}\n{text}\n")
    speech = tmp_path / "speech"
    speech.mkdir()
    (speech / "talk.txt").write_text("C\tthe dog ran.\n\nA\tshe sat!\n")
    output = tmp_path / "labelled.jsonl"
    folders = ["--treebanks", treebanks, "--real", real, "--speech", speech]
    options = ["--encoder", encoder, "--output", output, *folders, "--steps", 2]
    told = CliRunner().invoke(app, ["language", "label", *map(str, options)])
    assert told.exit_code == 0, told.output
    assert "| `tags right` | 0." in told.output
    assert f"{7 * len(SOURCES) + 7} words of {len(SOURCES) + 2} texts" in told.output
    assert [text.text for text in read_labelled(output)[-2:]] == ["The dog ran.", "She sat!"]
