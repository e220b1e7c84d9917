"""The commands, the script, and conversations by language models."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from provider_server import ProviderServer, Reply, Seen
from typer.testing import CliRunner

from skillscope.cli.conversations import app as conversations_app
from skillscope.cli.providers import app as providers_app
from skillscope.errors import ConfigurationError, ProviderError
from skillscope.settings import get_settings
from skillscope.synthesis import read_manifest

ROOT = Path(__file__).parents[2]
KEYS = {"OPENAI_API_KEY": "sk-never-shown", "GOOGLE_API_KEY": "never-shown-either"}


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    monkeypatch.setenv("SKILLSCOPE_DATA_DIR", str(tmp_path / "data"))
    for name in (*KEYS, "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    yield CliRunner()
    get_settings.cache_clear()


@pytest.fixture
def with_keys(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    return runner


def written(seen: Seen) -> Reply:
    """A conversation of three exchanges; the tenth request is answered by one of two."""
    exchanges = 2 if seen.number == 9 else 3
    words = seen.prompts.split()[-12:]
    turns = []
    for number in range(exchanges):
        turns.append({"role": "user", "content": f"{seen.number} {' '.join(words[number:])} how {number}?"})
        turns.append({"role": "assistant", "content": f"{' '.join(reversed(words))} {seen.number} {number * 7}"})
    return Reply(json.dumps({"conversation": turns, "learning_notes": "It applied them."}), tokens=(400, 600))


@pytest.mark.parametrize("provider", ["openai", "gemini"])
def test_a_provider_makes_conversations_through_the_command(
    with_keys: CliRunner, conversation_server: ProviderServer, provider: str, tmp_path: Path
) -> None:
    conversation_server.script = written
    url = conversation_server.openai_url if provider == "openai" else conversation_server.address
    arguments = ["generate", "--provider", provider, "--count", "12", "--base-url", url]
    arguments += ["--model", {"openai": "gpt-4o", "gemini": "gemini-2.5-pro"}[provider], "--max-cost", "5"]
    done = with_keys.invoke(conversations_app, arguments)
    assert done.exit_code == 0, done.output
    output = tmp_path / "data" / "synthetic" / provider / "synthetic_conversations_12_seed42.jsonl"
    manifest = read_manifest(output)
    assert manifest.counts.kept == 12
    assert manifest.spend.requests == 13  # one answer had too few exchanges and was asked for again
    assert "3 to 5 exchanges, not 2" in "".join(seen.prompts for seen in conversation_server.seen)
    price = {"openai": (2.5, 10.0), "gemini": (1.25, 10.0)}[provider]
    assert manifest.spend.cost_usd == pytest.approx(13 * (400 * price[0] + 600 * price[1]) / 1e6)
    everything = output.read_text() + output.with_suffix(".manifest.json").read_text() + done.output
    assert not any(key in everything for key in KEYS.values())
    body = conversation_server.seen[0].body
    told = json.dumps(body)
    assert "Gap Analysis" in told or "Production Readiness" in told or "Hint-Based" in told or "Mechanistic" in told


def test_dry_run_tells_the_cost_and_writes_nothing(with_keys: CliRunner, tmp_path: Path) -> None:
    done = with_keys.invoke(conversations_app, ["generate", "--provider", "openai", "--dry-run"])
    assert done.exit_code == 0, done.output
    assert "100 rows, 100 requests" in done.output
    assert "cost about $1." in done.output
    assert not (tmp_path / "data" / "synthetic").exists()


def test_template_commands_from_generate_to_convert(runner: CliRunner, tmp_path: Path) -> None:
    assert runner.invoke(conversations_app, ["generate", "--count", "100"]).exit_code == 0
    path = tmp_path / "data/synthetic/template/synthetic_conversations_100_seed42.jsonl"
    checked = runner.invoke(conversations_app, ["check", str(path)])
    assert checked.exit_code == 3
    assert "insufficient evidence" in checked.output
    assert "Gap Analysis: applied 25, detected 25" in checked.output
    drawn = runner.invoke(conversations_app, ["review", str(path), "--sample", "5"])
    assert "5 conversations" in drawn.output
    sheet = path.with_name(f"{path.stem}_review.csv")
    sheet.write_text(sheet.read_text("utf-8").replace('",,\n', '",yes,\n'), encoding="utf-8")
    assert "5 reviewed, 0 open: 100%" in runner.invoke(conversations_app, ["review", str(sheet), "--read"]).output
    judged = runner.invoke(conversations_app, ["check", str(path), "--review", str(sheet)])
    assert judged.exit_code == 0, judged.output
    assert judged.output.endswith("\ngo\n")
    converted = runner.invoke(conversations_app, ["convert", str(path), "--format", "anthropic"])
    assert "100 examples for anthropic" in converted.output
    assert path.with_name(f"{path.stem}.anthropic.jsonl").exists()


def test_the_script_makes_checks_and_combines(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "skillscope"
    program.write_text(
        f"#!{sys.executable}\n"
        "import typer\nfrom skillscope.cli.conversations import app\n"
        "root = typer.Typer()\nroot.add_typer(app, name='conversations')\nroot()\n"
    )
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PROVIDERS": "template",
        "COUNT": "80",
        "SKILLSCOPE_DATA_DIR": str(tmp_path / "data"),
    }
    script = [str(ROOT / "backend/scripts/generate_synthetic_data.sh")]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    combined = tmp_path / "data/synthetic/combined_80_seed42.jsonl"
    assert len(combined.read_text("utf-8").splitlines()) == 80
    missing = {**environment, "PROVIDERS": "openai", "OPENAI_API_KEY": ""}
    refused = subprocess.run(script, env=missing, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "OPENAI_API_KEY" in refused.stderr


def test_providers_test_says_what_is_configured(runner: CliRunner) -> None:
    done = runner.invoke(providers_app, ["test"])
    assert done.exit_code == 0
    assert "openai: no key (set OPENAI_API_KEY)" in done.output
    assert "nothing was tried" in done.output
    refused = runner.invoke(providers_app, ["test", "--provider", "openai"])
    assert isinstance(refused.exception, ConfigurationError)


def test_providers_test_tries_one_request(with_keys: CliRunner, conversation_server: ProviderServer) -> None:
    conversation_server.script = lambda seen: Reply('{"sum": 5}')
    arguments = ["test", "--provider", "openai", "--base-url", conversation_server.openai_url]
    done = with_keys.invoke(providers_app, arguments)
    assert done.exit_code == 0, done.output
    assert "openai:gpt-4o-mini: works" in done.output
    assert len(conversation_server.seen) == 1
    assert not any(key in done.output for key in KEYS.values())
    conversation_server.script = lambda seen: Reply(status=401)
    assert isinstance(with_keys.invoke(providers_app, arguments).exception, ProviderError)
