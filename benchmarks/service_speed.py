"""Speed of the service beside others, on one machine in one run: `python benchmarks/service_speed.py`.

    python benchmarks/service_speed.py --output docs/service-speed.md
    python benchmarks/service_speed.py --sustained 600 --output docs/service-speed.md

One worker each, one after the other, 8 keep-alive connections: our `POST /inference/features` and
`POST /inference/student/{id}` (four skills; SQLite), a bare FastAPI route in uvicorn with the same model calls, a route
in BentoML that does nothing, and `mlflow models serve` with one of the four models. CPU is that of the server's
processes. Ratios mean something only where nothing else runs; the load itself takes part of a core.

`--sustained` measures something else: the peak rate of a mix of `features` and `student`, then that many seconds at 80%
of it, with what failed and how memory grew. `--output` writes the figures into a page, between its marks.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import argparse
import json
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import mlflow
import pandas as pd
from service_parts.load import Measured, Sustained, measure, request_bytes, sustain
from xgboost import XGBRegressor

from skillscope.datasets.io import read_dataset
from skillscope.evaluation.pages.blocks import fill_page
from skillscope.features import FEATURE_NAMES
from skillscope.modeling.registry import load_champion
from skillscope.service.prepare import TRAINING_ROWS, prepare
from skillscope.service.serving import SERVICE
from skillscope.service.tokens import Role, create_token
from skillscope.settings import Settings

HERE = Path(__file__).parent
LOCAL = ("--host", "127.0.0.1", "--port")
SHARE = 0.8
"""Of the peak rate, for a long load."""


class Silent:
    """Steps that nobody watches."""

    @contextmanager
    def bar(self, label: str) -> Iterator[Callable[[int, int | None], None]]:
        yield lambda _done, _total: None

    @contextmanager
    def status(self, label: str) -> Iterator[Callable[[str], None]]:
        yield lambda _part: None

    def done(self, line: str) -> None:
        print(line, file=sys.stderr)


@contextmanager
def serving(command: list[str], ready: str, environment: dict[str, str], log: Path) -> Iterator[tuple[int, int]]:
    """A server on a free port, given as the last argument: its process and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, str(port)],
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        for _ in range(1200):
            try:
                if httpx.get(f"http://127.0.0.1:{port}{ready}", timeout=5).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
            if process.poll() is not None:
                raise SystemExit(f"{command[0]} ended: {log.read_text(errors='replace')[-2000:]}")
        yield process.pid, port
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


class Ours:
    """What requests to our service need: bodies, a token, its environment."""

    def __init__(self, settings: Settings, student: str) -> None:
        self.bundle = load_champion(settings)
        self.frame = read_dataset(settings.data_dir / f"training_{TRAINING_ROWS}.csv")[list(FEATURE_NAMES)].head(200)
        self.rows = json.loads(self.frame.to_json(orient="records"))
        self.bodies = [json.dumps({"rows": [row]}).encode() for row in self.rows]
        self.environment = {
            "SKILLSCOPE_DATA_DIR": str(settings.data_dir),
            "SKILLSCOPE_MODELS_DIR": str(settings.models_dir),
            "SKILLSCOPE_MLFLOW_TRACKING_URI": str(settings.mlflow_tracking_uri),
            "SKILLSCOPE_RATE_PER_MINUTE": "0",
            "SKILLSCOPE_SERVICE_RATE_PER_MINUTE": "0",
            "PYTHONPATH": str(HERE),
            "BENCHMARK_BUNDLE": str(self.bundle.path),
        }
        token = create_token(settings, Role.SERVICE, ttl=timedelta(hours=2))
        self.bearer = {"Authorization": f"Bearer {token}"}
        self.features = "/api/v1/inference/features"
        self.student = f"/api/v1/inference/student/{student}"

    def serving(self, log: Path) -> AbstractContextManager[tuple[int, int]]:
        """Our service with one worker."""
        return serving(["bentoml", "serve", SERVICE, *LOCAL], "/readyz", self.environment, log)


def many(port: int, path: str, contents: list[bytes], headers: dict[str, str], times: int) -> list[bytes]:
    """That many requests, the contents in turn."""
    made = [request_bytes(port, path, body, headers) for body in contents]
    return [made[number % len(made)] for number in range(times)]


def measure_all(folder: Path, ours: Ours, count: int) -> dict[str, Measured]:
    """Every way, one after the other."""
    found: dict[str, Measured] = {}
    with ours.serving(folder / "ours.log") as (pid, port):
        found["features"] = measure(pid, port, many(port, ours.features, ours.bodies, ours.bearer, count))
        found["student"] = measure(pid, port, many(port, ours.student, [b""], ours.bearer, count))
        asked = many(port, f"{ours.student}?evidence=true", [b""], ours.bearer, count // 4)
        found["student, with evidence"] = measure(pid, port, asked)
    bare = ["uvicorn", "service_parts.bare:app", "--no-access-log", *LOCAL]
    with serving(bare, "/readyz", ours.environment, folder / "a.log") as (pid, port):
        found["bare FastAPI, same model calls"] = measure(pid, port, many(port, "/features", ours.bodies, {}, count))
    empty = ["bentoml", "serve", "service_parts.empty:Empty", *LOCAL]
    with serving(empty, "/readyz", ours.environment, folder / "b.log") as (pid, port):
        found["BentoML route that does nothing"] = measure(pid, port, many(port, "/nothing", ours.bodies, {}, count))
    regressor = XGBRegressor()
    regressor.load_model(ours.bundle.path / "empathy.ubj")
    mlflow.xgboost.save_model(regressor, folder / "one", input_example=ours.frame.head(2))
    splits = [
        json.dumps({"dataframe_split": json.loads(pd.DataFrame([row]).to_json(orient="split"))}).encode()
        for row in ours.rows
    ]
    command = ["mlflow", "models", "serve", "-m", str(folder / "one"), "--env-manager", "local", "--workers", "1"]
    with serving([*command, *LOCAL], "/ping", ours.environment, folder / "c.log") as (pid, port):
        found["mlflow models serve, one model"] = measure(pid, port, many(port, "/invocations", splits, {}, count // 4))
    return found


def measure_sustained(folder: Path, ours: Ours, count: int, seconds: float) -> tuple[float, Sustained]:
    """The peak rate of as many requests to `features` as to `student`, and what comes of 80% of it."""
    with ours.serving(folder / "ours.log") as (pid, port):
        pairs = zip(
            many(port, ours.features, ours.bodies, ours.bearer, count // 2),
            many(port, ours.student, [b""], ours.bearer, count // 2),
            strict=True,
        )
        mixed = [request for pair in pairs for request in pair]
        # a connection takes every eighth request: shuffled, or half of the connections would get one kind alone
        random.Random(1).shuffle(mixed)
        peak = measure(pid, port, mixed).rate
        return peak, sustain(pid, port, mixed, SHARE * peak, seconds)


def speed_tables(found: dict[str, Measured]) -> str:
    """The figures, and what is asked of them."""
    lines = ["| address | requests/s | p50 ms | p99 ms | CPU ms a request | not 200 |", "|---|---|---|---|---|---|"]
    for name, item in found.items():
        lines.append(f"| {name} | {item.rate:.0f} | {item.p50:.2f} | {item.p99:.2f} | {item.cpu:.2f} | {item.bad} |")
    features, student = found["features"], found["student"]
    evidence, one = found["student, with evidence"], found["mlflow models serve, one model"]
    nothing, bare = found["BentoML route that does nothing"], found["bare FastAPI, same model calls"]
    rows = (
        ("features, of mlflow's rate", ">= 8", f"{features.rate / one.rate:.1f}"),
        ("student, of mlflow's rate", ">= 3", f"{student.rate / one.rate:.1f}"),
        ("features, of the rate of a route that does nothing", ">= 0.6", f"{features.rate / nothing.rate:.2f}"),
        ("features, of the bare route's rate", "", f"{features.rate / bare.rate:.2f}"),
        ("features, CPU ms over a route that does nothing", "<= 0.5", f"{features.cpu - nothing.cpu:.2f}"),
        ("student, CPU ms over a route that does nothing", "<= 2.5", f"{student.cpu - nothing.cpu:.2f}"),
        ("evidence, CPU ms more", "<= 10", f"{evidence.cpu - student.cpu:.2f}"),
    )
    return "\n".join([*lines, "", held_against(rows)])


def held_against(rows: Sequence[tuple[str, str, str]]) -> str:
    """A table of figures, what is asked of each, and what was measured."""
    return "\n".join(["| figure | target | measured |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])


def sustained_table(peak: float, found: Sustained) -> str:
    """The figures of a long load, and what is asked of them."""
    rows = (
        ("peak, requests/s", "", f"{peak:.0f}"),
        ("load, requests/s", "80% of it", f"{found.rate:.0f}"),
        ("seconds", "600", f"{found.seconds:.0f}"),
        ("requests", "", f"{found.requests:,}"),
        ("answers of 5xx", "0", f"{found.failed}"),
        ("answers other than 200", "", f"{found.bad}"),
        ("p50 ms, from when a request was due", "", f"{found.p50:.1f}"),
        ("p99 ms", "", f"{found.p99:.1f}"),
        ("memory after a tenth of the time, MB", "", f"{found.memory_before:.0f}"),
        ("growth of memory from then to the end", "< 5%", f"{found.growth:.1%}"),
    )
    return held_against(rows)


def main() -> None:
    """Print the figures as Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=4000, help="requests to each address; fewer to the slowest")
    parser.add_argument("--sustained", type=float, metavar="SECONDS", help="a long load instead")
    parser.add_argument("--output", type=Path, help="a page to write the figures into, between its marks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["BENTOML_HOME"] = str(folder / "bentoml")
        shipped = Settings().models_dir / "language"
        settings = Settings(
            data_dir=folder / "data",
            models_dir=folder / "models",
            mlflow_tracking_uri=f"sqlite:///{folder / 'mlflow.db'}",
        )
        settings.models_dir.mkdir()
        (settings.models_dir / "language").symlink_to(shipped.resolve())
        prepared = prepare(settings, Silent())
        ours = Ours(settings, prepared.student_id)
        day = datetime.now(UTC).date()
        if options.sustained is not None:
            mark = "sustained"
            told = sustained_table(*measure_sustained(folder, ours, options.requests, options.sustained))
            said = f"Measured on {day}, {os.cpu_count()} cores, one worker."
        else:
            mark = "speed"
            told = speed_tables(measure_all(folder, ours, options.requests))
            said = (
                f"Measured on {day}, {os.cpu_count()} cores, {options.requests:,} requests an address "
                f"({options.requests // 4:,} to the slowest two)."
            )
    print(told)
    if options.output is not None:
        fill_page(options.output, {mark: f"{said}\n\n{told}"})


if __name__ == "__main__":
    main()
