import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillscope.cli.tutoring import app
from skillscope.tutoring.pseudonyms import Pseudonyms


def test_questions_pairs_and_mix_from_the_command_line(tmp_path: Path) -> None:
    runner = CliRunner()
    bank, made, mixed = (tmp_path / name for name in ("bank.jsonl", "made.jsonl", "mixed.jsonl"))
    result = runner.invoke(app, ["questions", "generate", "--count", "29", "--seed", "1", "--output", str(bank)])
    assert result.exit_code == 0, result.output
    assert len(bank.read_text("utf-8").splitlines()) == 29
    arguments = ["--feedback", "3", "--explanations", "4", "--plans", "2", "--workers", "1", "--output", str(made)]
    result = runner.invoke(app, ["pairs", "generate", *arguments])
    assert result.exit_code == 0, result.output
    assert "9 of 9 rows" in result.output
    result = runner.invoke(
        app, ["mix", "--synthetic", str(made), "--real", str(made), "--output", str(mixed), "--share", "0.5"]
    )
    assert result.exit_code == 0, result.output
    manifest = json.loads((tmp_path / "mixed.manifest.json").read_text("utf-8"))
    assert manifest["dropped"]["same output as a real pair"] == 9


def test_the_report_fails_where_a_target_is_missed(tmp_path: Path) -> None:
    runner = CliRunner()
    made, page = tmp_path / "made.jsonl", tmp_path / "made.html"
    arguments = ["--feedback", "2", "--explanations", "0", "--plans", "0", "--workers", "1", "--output", str(made)]
    assert runner.invoke(app, ["pairs", "generate", *arguments]).exit_code == 0
    result = runner.invoke(app, ["pairs", "report", "--input", str(made), "--output", str(page)])
    assert result.exit_code == 1
    assert "MISS feedback: sentence frames used" in result.output
    assert page.is_file()


def test_status_and_extract_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from skillscope.settings import get_settings

    monkeypatch.setenv("SKILLSCOPE_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    try:
        told = CliRunner().invoke(app, ["status"])
        assert told.exit_code == 0, told.output
        assert "next training at 50,000 real pairs" in told.output
        output = tmp_path / "real.jsonl"
        done = CliRunner().invoke(app, ["extract", "--since", "2024-01-01", "--output", str(output)])
        assert done.exit_code == 0, done.output
        assert output.read_text(encoding="utf-8") == ""
        assert (tmp_path / "real.manifest.json").exists()
        line = json.dumps({"input": "a", "output": "b", "students": [Pseudonyms.open(tmp_path).of("u-1")]})
        output.write_text(f"{line}\n" * 2, encoding="utf-8")
        counted = CliRunner().invoke(app, ["forget", "u-1", "--dry-run"])
        assert "2 lines would be erased" in counted.output
        assert "2 lines were erased" in CliRunner().invoke(app, ["forget", "u-1", "--folder", str(tmp_path)]).output
        assert output.read_text(encoding="utf-8") == ""
    finally:
        get_settings.cache_clear()
