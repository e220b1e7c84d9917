"""`skillscope lm`: from pairs to a promoted model on the command line, and errors in one line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lm_parts import MINUTE, write_pairs
from skillscope.cli.main import app
from skillscope.errors import BundleError, ConfigurationError, InputError
from skillscope.lm import presets
from skillscope.settings import get_settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for data, with a small preset to train."""
    monkeypatch.setitem(presets.PRESETS, "minute", MINUTE)
    monkeypatch.setenv("SKILLSCOPE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SKILLSCOPE_MODELS_DIR", str(tmp_path / "models"))
    get_settings.cache_clear()
    write_pairs(tmp_path / "pairs.jsonl", 20)
    yield tmp_path
    get_settings.cache_clear()


def _run(*words: str | Path, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["lm", *map(str, words)])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def test_from_pairs_to_a_verdict(folder: Path) -> None:
    model, holdout = folder / "model", folder / "holdout.jsonl.gz"
    told = _run(
        "train", "--data", folder / "pairs.jsonl", "--output", model, "--preset", "minute", "--steps", "4",
        "--threads", "1",
    )  # fmt: skip
    assert "4 steps, loss" in told
    assert "MLflow run" in told
    assert "step 4 of 4" in told
    assert "sha256" in _run("holdout", "--output", holdout, "--count", "2")
    told = _run("evaluate", "--model", model, "--holdout", holdout, "--output", folder / "e.json", "--no-mlflow")
    assert "feedback (2 prompts)" in told
    assert "proves nothing" in told
    _run("card", "--model", model, "--evaluation", folder / "e.json", "--output", folder / "README.md")
    assert "| feedback, profiles not trained on | 2 |" in (folder / "README.md").read_text("utf-8")
    told = _run("promote", "--model", model, "--holdout", holdout, "--output", folder / "v.json", code=1)
    assert "the champion stays" in told
    verdict = json.loads((folder / "v.json").read_text("utf-8"))
    assert verdict["promoted"] is False
    assert {bound["passed"] for bound in verdict["bounds"]} >= {"pass", "insufficient"}
    told = _run(
        "finetune", "--base", model, "--data", folder / "pairs.jsonl", "--output", folder / "tuned", "--steps", "2",
        "--threads", "1", "--no-mlflow",
    )  # fmt: skip
    assert "2 steps" in told


def test_an_error_is_one_of_ours(folder: Path) -> None:
    for words, kind in (
        (("evaluate", "--model", folder / "none"), BundleError),
        (
            ("finetune", "--base", "nobody/none", "--data", folder / "pairs.jsonl", "--output", folder / "x"),
            ConfigurationError,
        ),
        (("train", "--output", folder / "x", "--data", folder / "pairs.jsonl", "--preset", "huge"), InputError),
        (("prefer", "--base", folder, "--output", folder / "x", "--good", folder / "a"), InputError),
    ):
        done = CliRunner().invoke(app, ["lm", *map(str, words)])
        assert isinstance(done.exception, kind)
