"""A process that ends with its parent: real processes, the parent killed as SIGKILL kills."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

CHILD = """
import os, signal, sys, time
from skillscope.service import orphans
if {without_handles}:
    del os.pidfd_open
    orphans._LOOK_EVERY = 0.05
if {deaf}:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
orphans.end_with(os.getppid(), grace=0.2)
print(os.getpid(), flush=True)
time.sleep(600)
"""
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


@pytest.fixture(params=[False, True], ids=["handles", "polling"])
def without_handles(request: pytest.FixtureRequest) -> bool:
    """Whether the system is one that gives no handles of processes."""
    return bool(request.param)


def family(code: str) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    with subprocess.Popen([sys.executable, "-c", PARENT, code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        try:
            yield parent, child
        finally:
            for process in (parent, child):
                try:
                    process.kill()
                except (ProcessLookupError, psutil.NoSuchProcess):
                    continue


@pytest.mark.parametrize("deaf", [False, True], ids=["told", "deaf"])
def test_a_child_ends_when_its_parent_was_killed(without_handles: bool, deaf: bool) -> None:
    for parent, child in family(CHILD.format(without_handles=without_handles, deaf=deaf)):
        assert child.ppid() == parent.pid
        assert child.is_running()
        os.kill(parent.pid, signal.SIGKILL)
        psutil.wait_procs([child], timeout=60)
        assert not child.is_running()
