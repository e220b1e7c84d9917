"""New sentence frames by a model: what is asked for, what is kept, and pairs built with them."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "synthesis"))
from provider_server import SECRET, ProviderServer, Reply, Seen

from skillscope.cli.tutoring import app
from skillscope.settings import Settings, get_settings
from skillscope.synthesis import RunOptions
from skillscope.synthesis.providers.client import Client
from skillscope.synthesis.providers.connect import ClientOptions, connect
from skillscope.tutoring.pairs.generate import PairPlan, generate_pairs, render_pair
from skillscope.tutoring.pairs.measures import read_pairs
from skillscope.tutoring.pairs.phrasing import (
    Phrasing,
    groups_to_phrase,
    phrase_problem,
    phrasing_path,
    read_phrasing,
    seed_phrasing,
)
from skillscope.tutoring.pairs.wording import frames
from skillscope.tutoring.verify import verify_pair

OPENINGS = [
    "Welcome back to the desk!",
    "Look how far this week took you.",
    "Hey!",  # authored already
    "You got 9 out of 10!",  # a number of its own
    "Your ⟨skill⟩ work is in.",  # a slot that an opening does not have
    "Welcome back to the desk.",  # the first one again
    "“Hello” there, friend.",  # a quotation mark
    "no end",
]
STRONG = [
    "Look at ⟨skill⟩: you solved ⟨correct⟩ of ⟨total⟩, a mighty ⟨pct⟩%.",
    "Of ⟨total⟩ tasks in ⟨skill⟩ you cracked ⟨correct⟩ of them, so ⟨pct⟩% it is.",
    "Hooray for ⟨skill⟩, with ⟨pct⟩%!",  # no score
    "In ⟨skill⟩ you reached ⟨correct⟩%, that is ⟨pct⟩% of ⟨total⟩.",  # a percent that is none
]


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    def reply(seen: Seen) -> Reply:
        sentences = STRONG if "accuracy.high" in seen.prompt else OPENINGS
        return Reply(json.dumps({"sentences": sentences}))

    server = ProviderServer(reply)
    yield server
    server.stop()


def _client(server: ProviderServer, data_dir: Path) -> Client:
    settings = Settings(data_dir=data_dir, openai_api_key=SecretStr(SECRET))
    return connect("openai", ClientOptions(base_url=server.openai_url), settings=settings)


def test_frames_are_kept_where_form_and_every_pair_allow_it(server: ProviderServer, tmp_path: Path) -> None:
    output, client = tmp_path / "frames.jsonl", _client(server, tmp_path)
    result = seed_phrasing(output, 20, client, seed=1)
    kept = read_phrasing(output)
    assert [row["text"] for row in kept] == [*OPENINGS[:2], *STRONG[:2]]
    assert {(row["kind"], row["group"]) for row in kept} == {("feedback", "open"), ("feedback", "accuracy.high")}
    assert kept[0]["id"] == "feedback:open.openai:gpt-4o-mini.0"
    counts = result.manifest.counts
    assert counts.planned == 20 == counts.kept + sum(counts.dropped.values()) + sum(counts.failed.values())
    assert counts.failed == {"fewer sentences than asked for": 8}
    assert counts.dropped == {
        "a number of its own": 1,
        "a pair with it fails: a percent that the input does not give": 1,
        "a slot is missing": 1,
        "a slot that the group does not have": 1,
        "near-duplicate": 2,
        "no plain sentence": 2,
    }
    assert (result.manifest.spend.requests, len(server.seen)) == (2, 2)
    assert all(frame.text in server.seen[0].prompt for frame in frames("feedback")["open"]) is False  # a sample
    again = seed_phrasing(output, 20, client, seed=1)
    fresh = seed_phrasing(output, 20, client, seed=1, options=RunOptions(fresh=True))
    assert (again.already, fresh.manifest.spend.answers_from_cache, len(server.seen)) == (True, 2, 2)
    client.close()


def test_pairs_are_built_with_new_frames_and_verified_like_all(server: ProviderServer, tmp_path: Path) -> None:
    client = _client(server, tmp_path)
    seed_phrasing(tmp_path / "frames.jsonl", 20, client, seed=1)
    client.close()
    plan, plain, worded = PairPlan(58, 0, 0), tmp_path / "plain.jsonl", tmp_path / "worded.jsonl"
    before = render_pair("feedback", 3, 42)
    generate_pairs(plain, plan, workers=1)
    made = generate_pairs(worded, plan, workers=1, phrasing=read_phrasing(tmp_path / "frames.jsonl"))
    rows = list(read_pairs(worded))
    assert any(":open.openai:" in name for row in rows for name in row["frames"])
    assert all(verify_pair(row).ok for row in rows)
    assert worded.read_bytes() != plain.read_bytes()
    assert made.manifest.settings["frames_added"] == 4
    assert render_pair("feedback", 3, 42) == before  # what was added is gone afterwards


def test_groups_are_whole_sentences_and_take_turns(server: ProviderServer, tmp_path: Path) -> None:
    client = _client(server, tmp_path)
    phrasing = Phrasing(1000, 42, client)
    assert {phrasing.place(row) for row in range(0, 1000, 10)} == set(groups_to_phrase())
    assert phrasing.estimate().requests == 100
    assert phrasing.estimate().cost_usd
    client.close()
    for kind, group in groups_to_phrase():
        for frame in frames(kind)[group]:
            assert phrase_problem(kind, group, frame.text) is None, frame.id


def test_from_the_command_line(server: ProviderServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLSCOPE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    get_settings.cache_clear()
    output = tmp_path / "made.jsonl"
    counts = ["--feedback", "12", "--explanations", "0", "--plans", "0", "--workers", "1"]
    given = ["pairs", "generate", *counts, "--examples", "20", "--output", str(output), "--base-url", server.openai_url]
    try:
        told = CliRunner().invoke(app, [*given, "--provider", "openai", "--dry-run"])
        assert told.exit_code == 0, told.output
        assert "20 rows, 2 requests" in told.output
        assert server.seen == []
        done = CliRunner().invoke(app, [*given, "--provider", "openai"])
        assert done.exit_code == 0, done.output
        assert "4 of 20 rows kept" in done.output
        assert "12 of 12 rows kept" in done.output
        assert phrasing_path(output).is_file()
        assert SECRET not in "".join(path.read_text("utf-8") for path in tmp_path.glob("made*") if path.is_file())
        wrong = CliRunner().invoke(app, [*given, "--provider", "nobody"])
        assert wrong.exit_code != 0
    finally:
        get_settings.cache_clear()
