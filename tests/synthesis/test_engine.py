"""The engine: resume, conservation, locks and broken disks."""

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from counting import Counting
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillscope.errors import ConflictError, FileError, SchemaError
from skillscope.synthesis import Counts, RunOptions, generate, manifest_path, read_manifest, row_seed
from skillscope.synthesis.journal import journal_path
from skillscope.synthesis.lock import RunLock

HERE = Path(__file__).parent


def test_row_seed_is_pinned() -> None:
    # sha256("42\x1fresponses.v1\x1f7"), first 8 bytes, shifted right by one
    assert row_seed(42, "responses.v1", 7) == 8707626452925846623
    assert row_seed(42, "responses.v1", 7, "again", 1) != row_seed(42, "responses.v1", 7)


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    output = tmp_path / "words.jsonl"
    result = generate(Counting(100), output)
    counts = result.manifest.counts
    # rows 10, 21, ..., 98 fail (9); rows 6, 13, ..., 97 are refused (14), of which row 76 had failed already
    assert counts.failed == {"eleventh": 9}
    assert counts.dropped == {"seventh": 13}
    assert counts.kept == 100 - 9 - 13
    rows = [json.loads(line)["row"] for line in output.read_text("utf-8").splitlines()]
    assert rows == sorted(rows)
    assert len(rows) == counts.kept
    assert read_manifest(output) == result.manifest


def test_counts_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="10 rows were planned but 9 are accounted for"):
        Counts(planned=10, kept=5, dropped={"a": 2}, failed={"b": 1}, pending=1)


@pytest.mark.parametrize(("rows_per_unit", "concurrency"), [(1, 4), (7, 1), (100, 3)])
def test_units_and_workers_change_nothing(tmp_path: Path, rows_per_unit: int, concurrency: int) -> None:
    generate(Counting(60), tmp_path / "a.jsonl")
    generate(Counting(60, rows_per_unit=rows_per_unit), tmp_path / "b.jsonl", RunOptions(concurrency=concurrency))
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_killed_at_twenty_points_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    planned = 400
    generate(Counting(planned), tmp_path / "whole.jsonl")
    output = tmp_path / "broken.jsonl"
    work = journal_path(output)
    command = [sys.executable, str(HERE / "counting.py"), str(output), str(planned), "0.001"]
    whole_size = planned * 60
    points = sorted(random.Random(5).randrange(whole_size) for _ in range(20))
    killed = 0
    for point in points:
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        while process.poll() is None and (not work.exists() or work.stat().st_size < point):
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        _, stderr = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), stderr
        killed += process.returncode == -signal.SIGKILL
    assert killed >= 15
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert output.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert manifest_path(output).exists()
    assert list(tmp_path.glob("broken.jsonl.*")) == [work]  # kept, for rows failed


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 1), garbage=st.binary(max_size=12))
def test_a_work_file_torn_anywhere_is_taken_up(tmp_path: Path, cut: float, garbage: bytes) -> None:
    whole, torn = tmp_path / "whole.jsonl", tmp_path / "torn.jsonl"
    if not whole.exists():
        generate(Counting(30), whole)
        # the work file stays where rows failed
        (tmp_path / "work").write_bytes(journal_path(whole).read_bytes())
    for path in (torn, manifest_path(torn)):
        path.unlink(missing_ok=True)
    data = (tmp_path / "work").read_bytes()
    header = data.index(b"\n") + 1
    kept = header + int(cut * (len(data) - header))
    journal_path(torn).write_bytes(data[:kept] + garbage.replace(b"\n", b""))
    generate(Counting(30), torn)
    assert torn.read_bytes() == whole.read_bytes()


def test_a_finished_run_is_not_done_again_until_asked(tmp_path: Path) -> None:
    output = tmp_path / "words.jsonl"
    first = generate(Counting(20), output)
    stamp = output.stat().st_mtime_ns
    again = generate(Counting(20), output)
    assert again.already
    assert again.manifest == first.manifest
    assert output.stat().st_mtime_ns == stamp
    fresh = generate(Counting(20), output, RunOptions(fresh=True))
    assert not fresh.already
    assert fresh.manifest == first.manifest


def test_an_output_that_was_changed_is_made_again(tmp_path: Path) -> None:
    output = tmp_path / "words.jsonl"
    generate(Counting(9), output)
    good = output.read_bytes()
    output.write_bytes(b"tampered\n")
    assert not generate(Counting(9), output).already
    assert output.read_bytes() == good


def test_a_work_file_of_other_settings_is_refused(tmp_path: Path) -> None:
    output = tmp_path / "words.jsonl"
    generate(Counting(20), output)
    assert journal_path(output).exists()
    with pytest.raises(ConflictError, match="other settings"):
        generate(Counting(20, seed=43), output)
    assert generate(Counting(20, seed=43), output, RunOptions(fresh=True)).manifest.seed == 43


def test_a_foreign_file_is_left_alone(tmp_path: Path) -> None:
    output = tmp_path / "words.jsonl"
    journal_path(output).write_text("my shopping list\n")
    with pytest.raises(FileError, match="not a work file"):
        generate(Counting(20), output)
    assert journal_path(output).read_text() == "my shopping list\n"


def test_a_second_run_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    output = tmp_path / "words.jsonl"
    code = textwrap.dedent(f"""
        import sys, pathlib
        from skillscope.synthesis.lock import RunLock
        with RunLock(pathlib.Path({str(output)!r})):
            print("held", flush=True)
            sys.stdin.read()
    """)
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(ConflictError, match=f"pid {holder.pid}:"):
        generate(Counting(5), output)
    assert not output.exists()
    holder.kill()  # the lock file stays behind with a dead pid in it
    holder.communicate()
    assert output.with_name("words.jsonl.lock").exists()
    assert generate(Counting(5), output).manifest.counts.planned == 5
    assert not output.with_name("words.jsonl.lock").exists()


def test_two_runs_in_one_process_exclude_each_other(tmp_path: Path) -> None:
    output = tmp_path / "words.jsonl"
    with RunLock(output), pytest.raises(ConflictError, match=f"pid {os.getpid()}"):
        generate(Counting(5), output)


def test_a_full_disk_is_a_clear_error_and_what_was_written_stays_valid(tmp_path: Path) -> None:
    output = tmp_path / "words.jsonl"
    code = textwrap.dedent(f"""
        import pathlib, resource, sys
        sys.path.insert(0, {str(HERE)!r})
        from counting import Counting
        from skillscope.errors import FileError
        from skillscope.synthesis import generate
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
        try:
            generate(Counting(300), pathlib.Path({str(output)!r}))
        except FileError as error:
            print(error)
            sys.exit(2)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "the disk or quota is full" in done.stdout
    assert not output.exists()
    lines = journal_path(output).read_text("utf-8").splitlines()
    assert len(lines) > 10
    assert all(json.loads(line) for line in lines)
    generate(Counting(300), output)
    generate(Counting(300), tmp_path / "whole.jsonl")
    assert output.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


@pytest.mark.parametrize("folder", ["/proc/nowhere", "{tmp}/file"])
def test_a_folder_that_cannot_be_written_is_a_file_error(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("")
    output = Path(folder.format(tmp=tmp_path)) / "words.jsonl"
    with pytest.raises(FileError, match="cannot be written"):
        generate(Counting(5), output)


def test_a_sink_that_breaks_leaves_no_half_output(tmp_path: Path) -> None:
    output = tmp_path / "words.jsonl"

    def broken(rows: object, stream: object) -> None:
        raise RuntimeError("sink")

    with pytest.raises(RuntimeError, match="sink"):
        generate(Counting(5), output, sink=broken)
    assert not output.exists()
    assert not manifest_path(output).exists()
    assert generate(Counting(5), output).manifest.counts.kept == 5


def test_a_manifest_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="manifest"):
        read_manifest(tmp_path / "nothing.jsonl")
    manifest_path(tmp_path / "bad.jsonl").write_text('{"kind": "other"}')
    with pytest.raises(SchemaError, match="not a run manifest"):
        read_manifest(tmp_path / "bad.jsonl")
