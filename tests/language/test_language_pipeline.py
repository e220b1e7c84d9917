import json
from collections.abc import Callable
from pathlib import Path

import pytest
from numpy.testing import assert_allclose, assert_array_equal
from thinc.api import NumpyOps

from skillscope.language import lemma_rules, load_pipeline, pipeline_version
from skillscope.language.evaluate import measure
from skillscope.language.ops import OpenBlasOps
from skillscope.language.publish import train_language_pipeline
from skillscope.language.train import train_pipeline
from skillscope.language.treebank import read_treebank
from skillscope.language.vectors import read_word_vectors
from skillscope.settings import get_settings


def test_reads_a_childs_answer() -> None:
    doc = load_pipeline()("He didn't give up, because his friends were helping him.")
    tags = {token.text: token.pos_ for token in doc}
    lemmas = {token.text: token.lemma_ for token in doc}
    assert tags["friends"] == "NOUN"
    assert tags["helping"] == "VERB"
    assert lemmas["friends"] == "friend"
    assert lemmas["n't"] == "not"
    give = next(token for token in doc if token.text == "give")
    assert "n't" in {child.text for child in give.children}


def test_the_version_names_the_release() -> None:
    meta = json.loads((get_settings().language_model / "meta.json").read_text(encoding="utf-8"))
    assert pipeline_version() == f"en_skillscope-{meta['version']}"
    assert meta["license"] == "CC BY-SA 4.0"


def test_ships_small_and_pruned() -> None:
    folder = get_settings().language_model
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert size < 10_000_000
    strings = json.loads((folder / "vocab" / "strings.json").read_text(encoding="utf-8"))
    assert len(strings) < 5000  # the training vocabulary is not among them


@pytest.mark.parametrize(
    ("name", "upos", "las"),
    [("ewt-test.conllu.xz", 94.5, 81.0), ("childes-eval.conllu.xz", 93.5, 80.5)],
)
def test_the_shipped_model_is_as_good_as_its_table(shared_data: Path, name: str, upos: float, las: float) -> None:
    sentences = read_treebank(shared_data / "treebanks" / name)[::5]
    row = measure(load_pipeline(), sentences, lemma_rules(), name, "plain")
    assert row.upos > upos
    assert row.las > las


def test_training_is_repeatable(shared_data: Path, write_vectors: Callable[[int, int], Path]) -> None:
    sentences = read_treebank(shared_data / "treebanks" / "eslspok-dev.conllu.xz")
    path = write_vectors(80, 70)
    weights = [train_pipeline(sentences, read_word_vectors(path), steps=3, seed=5).to_bytes() for _ in range(2)]
    assert weights[0] == weights[1]


def test_the_recipe_runs_from_treebanks_to_a_loadable_model(
    shared_data: Path, tmp_path: Path, write_vectors: Callable[[int, int], Path]
) -> None:
    small = tmp_path / "treebanks"
    small.mkdir()
    for name in ("ewt-train", "eslspok-train", "ewt-test", "eslspok-test", "childes-eval"):
        source = shared_data / "treebanks" / "eslspok-dev.conllu.xz"
        (small / f"{name}.conllu.xz").write_bytes(source.read_bytes())
    seen: list[int] = []
    labelled = tmp_path / "labelled.jsonl"
    labelled.write_text('{"words": ["he", "tryed"], "spaces": [true, false], "tags": ["PRON", ""]}\n' * 4)
    rows = train_language_pipeline(
        small,
        write_vectors(80, 70),
        tmp_path / "model",
        labelled=labelled,
        steps=4,
        report=lambda step, *_: seen.append(step),
    )
    assert seen == [4]
    assert len(rows) == 6
    assert "| EWT test | plain |" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")


def test_openblas_products_equal_thinc() -> None:
    plain, ours = NumpyOps(), OpenBlasOps()
    a, b = plain.alloc2f(3, 4), plain.alloc2f(4, 2)
    a[:], b[:] = [[1, 2, 3, 4]] * 3, [[1, 0]] * 4
    out = plain.alloc2f(3, 2)
    assert_allclose(ours.gemm(a, b), plain.gemm(a, b))
    assert ours.gemm(a, b, out=out) is out
    assert_array_equal(out, [[10, 0]] * 3)
    assert_allclose(ours.gemm(a, a, trans2=True), plain.gemm(a, a, trans2=True))
    assert_allclose(ours.gemm(a, a, trans1=True), plain.gemm(a, a, trans1=True))
