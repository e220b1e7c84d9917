"""What tests of the service share: a text, tokens, and a real `bentoml serve` to start and stop."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from skillscope.service.problems import PROBLEMS
from skillscope.service.serving import SERVICE
from skillscope.service.tokens import Role, create_token
from skillscope.settings import Settings

DAY = timedelta(days=1)
TEXT = "She looked sad, so I asked her what was wrong and we sat together."


def bearer(settings: Settings, role: Role, person: str | None = None, ttl: timedelta = DAY) -> dict[str, str]:
    """The header of a token; `person` is whose it is, for a student (always) or a teacher (`t-1` by default)."""
    student = person if role is Role.STUDENT else None
    teacher = (person or "t-1") if role is Role.TEACHER else None
    return {"Authorization": f"Bearer {create_token(settings, role, student_id=student, teacher_id=teacher, ttl=ttl)}"}


def problem(response: Any, name: str, field: str | None = None) -> dict[str, Any]:
    """The problem that a response is, checked for its form."""
    kind = PROBLEMS[name]
    assert response.status_code == kind.status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["type"], body["title"], body["status"]) == (kind.urn, kind.title, kind.status)
    assert body["instance"] == f"urn:uuid:{response.headers['x-request-id']}"
    assert body["detail"]
    if field is not None:
        assert field in [error["field"] for error in body["errors"]], body
    return body


@dataclass(frozen=True)
class Served:
    """A running `bentoml serve`: where it is, what signs its tokens, and what it wrote."""

    url: str
    settings: Settings
    log: Path
    client: httpx.Client


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def start_service(
    folder: Path, environment: dict[str, str], target: str = SERVICE
) -> tuple[subprocess.Popen[bytes], str, Path]:
    """Start `bentoml serve` and wait until it is ready."""
    port = free_port()
    log = folder / "log"
    command = [sys.executable, "-m", "bentoml", "serve", target, "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**_surroundings(), **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return process, url, log
        except httpx.HTTPError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.2)
    stop_service(process)
    pytest.fail(f"the service did not become ready:\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}")


def stop_service(process: subprocess.Popen[bytes]) -> None:
    """Interrupt it as Ctrl-C does, and see that nothing is left of its group."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _surroundings() -> dict[str, str]:
    """This process's environment, less what MLflow writes into it when other tests name their stores."""
    return {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
