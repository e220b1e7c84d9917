"""The fuzzer of the parsers runs clean on a few thousand cases; its whole run is a command."""

import subprocess
import sys
from pathlib import Path


def test_a_few_thousand_broken_records_give_errors_of_ours(project: Path) -> None:
    command = [sys.executable, "benchmarks/fuzz_parsers.py", "--cases", "6000", "--seed", "7"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    names = [line.split(": ")[0] for line in lines]
    assert names == ["events", "xapi", "caliper", "records", "oneroster", "dataset", "mind-ca"]
    assert sum(int(line.split(": ")[1].split()[0].replace(",", "")) for line in lines) == 6000
