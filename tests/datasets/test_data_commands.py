"""The scripts as people run them: from the root and from inside backend, good input and bad."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from skillscope.cli.data import app, run_script
from skillscope.datasets.manifest import read_manifest
from skillscope.settings import PROJECT_ROOT

BACKEND = PROJECT_ROOT / "backend"


def test_a_script_runs_from_inside_backend_and_bad_input_is_one_line(tmp_path):
    def run(*arguments):
        return subprocess.run([sys.executable, *arguments], cwd=BACKEND, capture_output=True, text=True, check=False)

    output = tmp_path / "responses.csv"
    done = run("scripts/generate_synthetic_responses.py", "--count", "20", "--output", str(output))
    assert done.returncode == 0, done.stderr
    assert "20 rounded up to 84" in done.stderr
    assert "84 rows ->" in done.stdout
    assert read_manifest(output).counts.kept == 84
    failed = run("scripts/extract_linguistic_features.py", "--input", str(tmp_path / "no.csv"), "--output", "x.csv")
    assert failed.returncode == 2
    assert failed.stderr.count("\n") == 1
    assert "no.csv does not exist" in failed.stderr
    assert not (BACKEND / "x.csv").exists()


@pytest.mark.parametrize(
    "script",
    [
        "scripts/generate_synthetic_responses.py",
        "scripts/extract_linguistic_features.py",
        "scripts/generate_behavioral_features.py",
        "scripts/auto_label_skills.py",
        "scripts/generate_training_data.py",
        "app/ml/train_models.py",
    ],
)
def test_every_script_is_a_thin_door(script):
    text = (BACKEND / script).read_text(encoding="utf-8")
    assert "run_script(command_" in text
    assert len(text.splitlines()) < 15


def test_all_stages_by_command(tmp_path):
    runner = CliRunner()
    paths = {name: str(tmp_path / f"{name}.csv") for name in ("a", "b", "c", "d", "e", "f")}
    for arguments in (
        ["generate-responses", "--count", "84", "--output", paths["a"]],
        ["extract-linguistic", "--input", paths["a"], "--output", paths["b"]],
        ["generate-behavioral", "--input", paths["b"], "--output", paths["c"]],
        ["label", "--input", paths["c"], "--output", paths["d"], "--no-auto-label"],
        ["generate", "--count", "84", "--output", paths["e"], "--no-auto-label"],
    ):
        result = runner.invoke(app, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    assert (tmp_path / "d.csv").read_bytes() == (tmp_path / "e.csv").read_bytes()
    assert "scores: heuristic" in result.output


def test_options_that_exclude_each_other(capsys, monkeypatch, tmp_path):
    from skillscope.cli.data import command_generate_training_data

    arguments = ["x", "--count", "84", "--output", str(tmp_path / "a.csv"), "--no-labels", "--no-auto-label"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as left:
        run_script(command_generate_training_data)
    assert left.value.code == 2
    assert capsys.readouterr().err == "error: --no-auto-label and --no-labels exclude each other; give one of them\n"
