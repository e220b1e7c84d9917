"""Paid texts and scores through the commands, the real SDKs and a provider on loopback that has its faults."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "synthesis"))
from provider_server import ProviderServer, Reply

from skillscope.cli.data import app
from skillscope.datasets.contract import FEATURE_COLUMNS, RESPONSE_COLUMNS
from skillscope.datasets.io import read_dataset, read_frame
from skillscope.datasets.manifest import Counts, Manifest, absent_ranges, read_manifest
from skillscope.datasets.parts import students_of
from skillscope.datasets.pipeline import generate_behavioral_features
from skillscope.errors import InputError
from skillscope.settings import PROJECT_ROOT, get_settings
from skillscope.simulation.plan import ResponsePlan
from skillscope.simulation.students import draw_student
from skillscope.skills import SCORE_COLUMNS, SKILLS

WORDS = ["the dog", "my tree", "a book", "and then", "I said", "we went", "with her", "the puzzle", "garden lamp"]
LOST = {3: "dropped", 40: "failed", 41: "failed"}
UNRATED = 20


def text_of(row):
    return "no" if LOST.get(row) == "dropped" else " ".join(random.Random(row).choices(WORDS, k=9))


def score_of(row, skill):
    return round((row * 7 + skill * 13) % 100 / 100, 2)


def answer(seen):
    """Writes texts and scores; some rows never get one."""
    ids = [int(found) for found in re.findall(r"^id (\d+)", seen.prompts, re.MULTILINE)]
    if "<answer>" not in seen.prompts:
        rows = [{"id": row, "text": text_of(row)} for row in ids if LOST.get(row) != "failed"]
        return Reply(json.dumps({"responses": rows}))
    rated = [
        {"id": row} | {s: {"rationale": f"Row {row}.", "score": score_of(row, k)} for k, s in enumerate(SKILLS)}
        for row in ids
        if row != UNRATED
    ]
    return Reply(json.dumps({"ratings": rated}))


def faulty():
    """Every third request meets a fault that has passed when it is asked again, whatever else is asked meanwhile."""
    faults = [Reply(status=429, headers={"Retry-After": "0"}), Reply(status=503), Reply('{"resp'), Reply(close=True)]
    met = []

    def reply(seen):
        if seen.prompts in met:
            return answer(seen)
        met.append(seen.prompts)
        return faults[len(met) // 3 % len(faults)] if len(met) % 3 == 0 else answer(seen)

    return reply


@pytest.fixture
def server():
    server = ProviderServer(answer)
    yield server
    server.stop()


@pytest.fixture
def run(server, tmp_path, monkeypatch):
    """Runs a command against the loopback provider, with a data folder (and cache of answers) of its own."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("GOOGLE_API_KEY", "k")
    monkeypatch.setenv("SKILLSCOPE_DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()

    def run_one(*arguments, free=False, provider="openai"):
        paid = [] if free else ["--base-url", server.url(provider)]
        result = CliRunner().invoke(app, [str(word) for word in (*arguments, *paid)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    yield run_one
    get_settings.cache_clear()


def test_lost_rows_are_counted_and_the_others_keep_their_students(run, server, tmp_path):
    server.script = faulty()
    output = tmp_path / "responses.csv"
    said = run("generate-responses", "--count", 84, "--output", output, "--use-openai")
    assert "81 rows ->" in said
    assert "dropped 1: wrong length for the grade" in said
    assert "failed 2: missing in the answer" in said
    manifest = read_manifest(output)
    assert manifest.counts == Counts(
        planned=84, kept=81, dropped={"wrong length for the grade": 1}, failed={"missing in the answer": 2}
    )
    assert manifest.absent == [(3, 3), (40, 41)]
    assert manifest.spend.requests == len(server.seen)
    assert manifest.spend.cost_usd > 0
    kept = [row for row in range(84) if row not in LOST]
    assert manifest.row_numbers().tolist() == kept
    frame = read_frame(output, RESPONSE_COLUMNS)
    plan = ResponsePlan(84, 42)
    for place, row in enumerate(kept):
        spec = plan.spec(row)
        assert frame.loc[place, ["response", "skill", "skill_level", "grade", "source"]].tolist() == [
            text_of(row), spec.skill, spec.level, spec.grade, f"openai:gpt-4o-mini/{spec.scenario}"
        ]  # fmt: skip
    # the student of the row behind the first lost one is that of the plan, not that of its place in the file
    frame.index = manifest.row_numbers()
    spec = plan.spec(4)
    assert students_of(frame, 42)[3] == draw_student(42, 4, spec.skill, spec.level, spec.grade)

    before = len(server.seen)
    assert run("generate-responses", "--count", 84, "--output", output, "--use-openai") == said
    assert len(server.seen) == before
    server.script = lambda seen: Reply(answer(seen).text.replace('"no"', '"no no"'))
    LOST_BEFORE = dict(LOST)
    LOST.clear()
    try:
        run("generate-responses", "--count", 84, "--output", output, "--use-openai", "--retry-failed")
    finally:
        LOST.update(LOST_BEFORE)
    assert len(server.seen) == before + 1  # both failed rows belong to one request
    assert read_manifest(output).absent == [(3, 3)]


@pytest.mark.parametrize("heuristic", [False, True])
def test_the_chain_of_stages_equals_the_one_command(run, server, tmp_path, heuristic):
    paths = {name: tmp_path / f"{name}.csv" for name in "abcde"}
    hybrid = ["--no-auto-label"] if heuristic else []
    run("generate-responses", "--count", 84, "--output", paths["a"], "--provider", "openai")
    run("extract-linguistic", "--input", paths["a"], "--output", paths["b"], free=True)
    run("generate-behavioral", "--input", paths["b"], "--output", paths["c"], free=True)
    rate = [] if heuristic else ["--use-openai", "--raters", 2]
    said = run("label", "--input", paths["c"], "--output", paths["d"], *hybrid, *rate)
    asked = len(server.seen)
    run("generate", "--count", 84, "--output", paths["e"], "--use-openai", *hybrid, *([] if heuristic else rate[1:]))
    assert paths["d"].read_bytes() == paths["e"].read_bytes()
    assert len(server.seen) - asked <= 8  # answers come from the cache, but for the requests that lost a row
    one, other = read_manifest(paths["d"]), read_manifest(paths["e"])
    assert (one.counts, one.absent, one.label_source) == (other.counts, other.absent, other.label_source)
    assert (one.versions, one.agreement, one.ratings) == (other.versions, other.agreement, other.ratings)
    scores = read_dataset(paths["d"])[list(SCORE_COLUMNS)]
    if heuristic:
        assert one.label_source == "heuristic"
        assert scores.notna().all(axis=None)
        return
    assert one.label_source == "openai:gpt-4o-mini"
    assert one.versions.prompts == "responses.v1+ratings.v1"
    assert one.spend.requests == asked
    place = one.row_numbers().tolist().index(UNRATED)
    assert scores.loc[place].isna().all()
    assert scores.drop(index=place).notna().all(axis=None)
    assert scores.loc[4].tolist() == [score_of(5, k) for k in range(4)]  # row 3 of the plan is lost
    assert "failed on 1: missing in the answer" in said
    assert "agreement on empathy: alpha 1.00 (1.00 to 1.00)" in said
    assert [rater.rater for rater in one.ratings] == ["openai:gpt-4o-mini#1", "openai:gpt-4o-mini#2"]
    assert one.ratings[0].counts == Counts(
        planned=84, kept=80, dropped={"no text": 3}, failed={"missing in the answer": 1}
    )
    lines = [json.loads(line) for line in (tmp_path / "d.rationales.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) == 80 * 2
    assert lines[8]["row"] == 5
    assert lines[8]["rationales"]["empathy"] == "Row 5."
    assert (tmp_path / "e.rationales.jsonl").read_bytes() == (tmp_path / "d.rationales.jsonl").read_bytes()


def test_gemini_makes_a_training_set_and_one_bound_holds_for_texts_and_scores(run, server, tmp_path):
    server.script = lambda seen: Reply(answer(seen).text, tokens=(100, 1000))  # $0.00253 each
    output = tmp_path / "training.csv"
    arguments = ["generate", "--count", 84, "--output", output, "--provider", "gemini", "--concurrency", 1]
    said = run(*arguments, "--max-cost", 0.02, provider="gemini")
    assert "stopped: --max-cost 0.02 USD reached" in said
    assert "the scores are left empty" in said
    manifest = read_manifest(output)
    assert manifest.counts.pending > 0
    assert manifest.spend.cost_usd <= 0.02
    assert manifest.label_source is None
    texts_asked = len(server.seen)
    said = run(*arguments, "--max-cost", 0.06, provider="gemini")
    assert "gemini:gemini-2.5-flash#1 stopped: --max-cost 0.06 USD reached" in said
    manifest = read_manifest(output)
    assert manifest.counts.pending == 0
    assert manifest.ratings[0].counts.pending > 0
    assert 0.04 < manifest.spend.cost_usd <= 0.06
    said = run(*arguments, "--max-cost", 10, provider="gemini")
    assert "scores: gemini:gemini-2.5-flash" in said
    manifest = read_manifest(output)
    assert manifest.stopped is None
    assert manifest.ratings[0].counts.pending == 0
    asked = [seen for seen in server.seen if "<answer>" not in seen.prompts]
    assert len(asked) == 14  # 84 rows by sixes: no row was asked for twice
    assert texts_asked < 14
    assert len({seen.prompts for seen in server.seen}) == 14 + 17


def test_student_text_is_rated_outside_only_with_permission(run, server, grid, tmp_path, monkeypatch):
    from skillscope.errors import ConfigurationError

    frame = read_dataset(grid)[list(FEATURE_COLUMNS)].head(4).assign(source="human:class")
    frame.to_csv(tmp_path / "real.csv", index=False)
    with pytest.raises(ConfigurationError, match=r"4 student text.*--allow-external"):
        run("label", "--input", tmp_path / "real.csv", "--output", tmp_path / "out.csv", "--use-openai", free=True)
    assert not (tmp_path / "out.csv").exists()
    run("label", "--input", tmp_path / "real.csv", "--output", tmp_path / "out.csv", "--use-openai")
    assert read_dataset(tmp_path / "out.csv")[list(SCORE_COLUMNS)].notna().all(axis=None)
    assert not any("human" in seen.prompts for seen in server.seen)


def test_dry_runs_tell_the_cost_without_a_key_and_write_nothing(run, server, grid, tmp_path, monkeypatch):
    for name in ("OPENAI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name)
    get_settings.cache_clear()
    output = tmp_path / "none" / "out.csv"
    read_dataset(grid)[list(FEATURE_COLUMNS)].to_csv(tmp_path / "features.csv", index=False)
    dry = ["--output", output, "--dry-run"]
    for command in ("generate-responses", "generate"):
        assert "84 rows, 0 requests" in run(command, "--count", 20, *dry, free=True)
    assert "84 rows, 14 requests" in run("generate-responses", "--count", 20, "--use-openai", *dry, free=True)
    both = run("generate", "--count", 20, "--provider", "gemini", "--raters", 2, *dry, free=True)
    assert "84 rows, 48 requests" in both  # 14 for texts, 17 for each rating
    assert "cost about $0.0" in both
    label = ["label", "--input", tmp_path / "features.csv", *dry]
    assert "84 rows, 0 requests" in run(*label, free=True)
    assert "84 rows, 34 requests" in run(
        *label, "--use-openai", "--model", "gpt-4o", "--model", "gpt-4o-mini", free=True
    )
    assert not output.parent.exists()
    assert not (tmp_path / "data").exists()
    assert server.seen == []


def test_options_that_contradict_each_other(run, tmp_path):
    with pytest.raises(InputError, match="--use-openai and --provider gemini exclude each other"):
        run("generate", "--count", 84, "--output", tmp_path / "a.csv", "--use-openai", "--provider", "gemini")
    with pytest.raises(InputError, match="choose template, openai, gemini"):
        run("generate-responses", "--count", 84, "--output", tmp_path / "a.csv", "--provider", "abc")
    with pytest.raises(InputError, match="leave --use-openai and --provider out"):
        run("label", "--input", "a", "--output", "b", "--use-openai", "--no-labels")


def test_a_killed_script_goes_on_and_pays_for_no_row_twice(server, tmp_path):
    def slowly(seen):
        time.sleep(0.05)
        return answer(seen)

    server.script = slowly
    output = tmp_path / "training.csv"
    command = [
        sys.executable, "backend/scripts/generate_training_data.py", "--count", "84", "--output", str(output),
        "--use-openai", "--no-auto-label", "--base-url", server.openai_url, "--concurrency", "2",
    ]  # fmt: skip
    environment = os.environ | {"SKILLSCOPE_DATA_DIR": str(tmp_path / "data"), "OPENAI_API_KEY": "k"}
    killed = subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(server.seen) < 6 and time.monotonic() < deadline:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not output.exists()
    before = len(server.seen)
    assert 6 <= before < 14
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "scores: heuristic" in done.stdout
    assert read_manifest(output).counts.kept == 81
    # the two under way at the kill were asked for and not heard; every finished one is asked for once
    assert len(server.seen) <= 14 + 2
    prompts = [seen.prompts for seen in server.seen]
    assert len(set(prompts)) == 14


def test_absent_rows_are_named_in_runs():
    assert absent_ranges(10, np.array([0, 1, 4, 8])) == [(2, 3), (5, 7), (9, 9)]
    assert absent_ranges(3, np.array([], dtype=np.int64)) == [(0, 2)]
    assert absent_ranges(2, np.array([0, 1])) == []


def test_a_manifest_whose_rows_cannot_be_numbered_is_refused():
    facts = {"command": "c", "stage": "responses", "sha256": ""}
    counts = Counts(planned=5, kept=3, dropped={"a": 2})
    with pytest.raises(ValueError, match="2 planned rows are not in the file but 1 are named in absent"):
        Manifest(**facts, seed=1, counts=counts, absent=[(0, 0)])
    with pytest.raises(ValueError, match="but 0 are named in absent"):
        Manifest(**facts, seed=1, counts=counts)
    assert Manifest(**facts, seed=1, counts=counts, absent=[(1, 2)]).row_numbers().tolist() == [0, 3, 4]
    assert Manifest(**facts, counts=counts).row_numbers().tolist() == [0, 1, 2]


def test_a_manifest_from_before_anything_was_paid_is_read():
    older = {
        "format": "1", "command": "c", "stage": "training", "seed": 42, "tokens": 0, "cost_usd": 0.0, "sha256": "",
        "counts": {"planned": 2, "kept": 2, "dropped": {}, "failed": 0},
    }  # fmt: skip
    assert Manifest.model_validate(older).counts == Counts(planned=2, kept=2)


def test_sessions_follow_the_planned_rows(run, tmp_path):
    """A row's session is the same whether or not rows before it were lost."""
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    run("generate-responses", "--count", 84, "--output", part, "--use-openai")
    lost = dict(LOST)
    LOST.clear()
    try:
        run("generate-responses", "--count", 84, "--output", whole, "--use-openai", "--seed", 42, "--temperature", 0.8)
    finally:
        LOST.update(lost)
    made = {}
    for path in (whole, part):
        measured, features = path.with_suffix(".l.csv"), path.with_suffix(".f.csv")
        run("extract-linguistic", "--input", path, "--output", measured, free=True)
        generate_behavioral_features(measured, features)
        made[path] = read_frame(features, FEATURE_COLUMNS)
    kept = made[whole].drop(index=list(lost)).reset_index(drop=True)
    columns = ["retry_count", "focus_duration", "recovery_rate", "event_count"]
    assert kept[columns].equals(made[part][columns])
