"""`skillscope run` and `skillscope experiments`: everything from nothing to a served score, and MLflow's pages."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from skillscope.errors import ConfigurationError
from skillscope.settings import Settings, get_settings

__all__ = ["command_experiments", "command_run"]

READY_WITHIN_SECONDS = 90


class _Shown:
    """Steps on the terminal."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def bar(self, label: str) -> Iterator[Callable[[int, int | None], None]]:
        """A progress bar that goes when it is full."""
        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task(label, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    @contextmanager
    def status(self, label: str) -> Iterator[Callable[[str], None]]:
        """A spinner with the present part of the work."""
        with self.console.status(f"  {label} ...") as status:
            yield lambda part: status.update(f"  {label}: {part} ...")

    def done(self, line: str) -> None:
        """A tick and the sentence."""
        self.console.print(f"[green]✓[/green] {line}", soft_wrap=True, highlight=False)


def command_run(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to serve on; PORT or 8000 if unset.")] = None,
) -> None:
    """Make what is missing (training set, models, demo class), then serve until interrupted."""
    from skillscope.service.prepare import prepare
    from skillscope.service.serving import serve_command

    settings = get_settings() if port is None else get_settings().model_copy(update={"port": port})
    console = Console()
    prepared = prepare(settings, _Shown(console))
    command, environment = serve_command(settings, os.environ)
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda _number, _frame: server.send_signal(signal.SIGINT))
    if _wait_until_ready(settings, server):
        _invite(console, settings, prepared.student_id, prepared.token)
    code = server.wait()
    raise typer.Exit(0 if code in {0, 130, -signal.SIGINT, -signal.SIGTERM} else 1)


def _wait_until_ready(settings: Settings, server: "subprocess.Popen[bytes]") -> bool:
    until = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://{settings.host}:{settings.port}/readyz", timeout=2):  # own address
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


def _invite(console: Console, settings: Settings, student_id: str, token: str) -> None:
    address = f"http://{settings.host}:{settings.port}"
    console.print()
    console.print(f"Skillscope serves on {address}. Ctrl-C stops it.", highlight=False)
    console.print(f"  API docs     {address}/docs", highlight=False)
    console.print("  experiments  make experiments", highlight=False)
    console.print("  assess a student of the demo class:", highlight=False)
    console.print()
    line = f"curl -s -X POST {address}/api/v1/inference/student/{student_id} -H 'Authorization: Bearer {token}'"
    sys.stdout.write(f"{line}\n\n")
    sys.stdout.flush()


def command_experiments(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of MLflow's pages.")] = 5000,
) -> None:
    """Browse the experiments: MLflow's pages on this machine, until interrupted."""
    settings = get_settings()
    if settings.mlflow_tracking_uri is None and not (settings.data_dir / "mlflow.db").exists():
        raise ConfigurationError("there are no experiments yet: `make run` makes the first")
    command = [
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", settings.tracking_uri,
        "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
    ]  # fmt: skip
    sys.stdout.write(f"MLflow on http://127.0.0.1:{port}. Ctrl-C stops it.\n")
    sys.stdout.flush()
    os.execve(command[0], command, _mlflow_environment())  # noqa: S606  # no shell, our own interpreter


def _mlflow_environment() -> dict[str, str]:
    """No telemetry, and none of MLflow's background workers: the pages only show."""
    return {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
