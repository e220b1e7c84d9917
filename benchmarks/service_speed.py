"""Speed of the service beside others, on one machine in one run: `python benchmarks/service_speed.py`.

One worker each, one after the other, 8 keep-alive connections: our `POST /inference/features` and
`POST /inference/student/{id}` (four skills; SQLite), a bare FastAPI route in uvicorn with the same model calls, a route
in BentoML that does nothing, and `mlflow models serve` with one of the four models. CPU is that of the server's
processes. Ratios mean something only where nothing else runs; the load itself takes part of a core.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import argparse
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import mlflow
import pandas as pd
from service_parts.load import Measured, measure, request_bytes
from xgboost import XGBRegressor

from skillscope.datasets.io import read_dataset
from skillscope.features import FEATURE_NAMES
from skillscope.modeling.registry import load_champion
from skillscope.service.prepare import TRAINING_ROWS, prepare
from skillscope.service.serving import SERVICE
from skillscope.service.tokens import Role, create_token
from skillscope.settings import Settings

HERE = Path(__file__).parent


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


def measure_all(folder: Path, settings: Settings, student: str, count: int) -> dict[str, Measured]:
    """Every way, one after the other."""
    bundle = load_champion(settings)
    frame = read_dataset(settings.data_dir / f"training_{TRAINING_ROWS}.csv")[list(FEATURE_NAMES)].head(200)
    rows = json.loads(frame.to_json(orient="records"))
    bodies = [json.dumps({"rows": [row]}).encode() for row in rows]
    mine = {
        "SKILLSCOPE_DATA_DIR": str(settings.data_dir),
        "SKILLSCOPE_MLFLOW_TRACKING_URI": str(settings.mlflow_tracking_uri),
        "SKILLSCOPE_RATE_PER_MINUTE": "0",
        "SKILLSCOPE_SERVICE_RATE_PER_MINUTE": "0",
        "PYTHONPATH": str(HERE),
        "BENCHMARK_BUNDLE": str(bundle.path),
    }
    token = create_token(settings, Role.SERVICE, ttl=timedelta(hours=2))
    bearer = {"Authorization": f"Bearer {token}"}
    local = ["--host", "127.0.0.1", "--port"]
    found: dict[str, Measured] = {}

    def many(port: int, path: str, contents: list[bytes], headers: dict[str, str], times: int = count) -> list[bytes]:
        made = [request_bytes(port, path, body, headers) for body in contents]
        return [made[number % len(made)] for number in range(times)]

    with serving(["bentoml", "serve", SERVICE, *local], "/readyz", mine, folder / "ours.log") as (pid, port):
        where = f"/api/v1/inference/student/{student}"
        found["features"] = measure(pid, port, many(port, "/api/v1/inference/features", bodies, bearer))
        found["student"] = measure(pid, port, many(port, where, [b""], bearer))
        found["student, with evidence"] = measure(
            pid, port, many(port, f"{where}?evidence=true", [b""], bearer, count // 4)
        )
    with serving(
        ["uvicorn", "service_parts.bare:app", "--no-access-log", *local], "/readyz", mine, folder / "a.log"
    ) as (
        pid,
        port,
    ):
        found["bare FastAPI, same model calls"] = measure(pid, port, many(port, "/features", bodies, {}))
    empty = ["bentoml", "serve", "service_parts.empty:Empty", *local]
    with serving(empty, "/readyz", mine, folder / "b.log") as (pid, port):
        found["BentoML route that does nothing"] = measure(pid, port, many(port, "/nothing", bodies, {}))
    regressor = XGBRegressor()
    regressor.load_model(bundle.path / "empathy.ubj")
    mlflow.xgboost.save_model(regressor, folder / "one", input_example=frame.head(2))
    splits = [
        json.dumps({"dataframe_split": json.loads(pd.DataFrame([row]).to_json(orient="split"))}).encode()
        for row in rows
    ]
    command = ["mlflow", "models", "serve", "-m", str(folder / "one"), "--env-manager", "local", "--workers", "1"]
    with serving([*command, *local], "/ping", mine, folder / "c.log") as (pid, port):
        found["mlflow models serve, one model"] = measure(pid, port, many(port, "/invocations", splits, {}, count // 4))
    return found


def main() -> None:
    """Print the figures as Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=4000, help="requests to each address; fewer to the slowest")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["BENTOML_HOME"] = str(folder / "bentoml")
        settings = Settings(
            data_dir=folder / "data",
            models_dir=folder / "models",
            mlflow_tracking_uri=f"sqlite:///{folder / 'mlflow.db'}",
        )
        prepared = prepare(settings, Silent())
        found = measure_all(folder, settings, prepared.student_id, options.requests)
    print("| address | requests/s | p50 ms | p99 ms | CPU ms a request | not 200 |\n|---|---|---|---|---|---|")
    for name, item in found.items():
        print(f"| {name} | {item.rate:.0f} | {item.p50:.2f} | {item.p99:.2f} | {item.cpu:.2f} | {item.bad} |")
    features, student = found["features"], found["student"]
    evidence, one = found["student, with evidence"], found["mlflow models serve, one model"]
    nothing, bare = found["BentoML route that does nothing"], found["bare FastAPI, same model calls"]
    print("\n| figure | target | measured |\n|---|---|---|")
    for figure, target, value in (
        ("features, of mlflow's rate", ">= 8", f"{features.rate / one.rate:.1f}"),
        ("student, of mlflow's rate", ">= 3", f"{student.rate / one.rate:.1f}"),
        ("features, of the rate of a route that does nothing", ">= 0.6", f"{features.rate / nothing.rate:.2f}"),
        ("features, of the bare route's rate", "", f"{features.rate / bare.rate:.2f}"),
        ("features, CPU ms over a route that does nothing", "<= 0.5", f"{features.cpu - nothing.cpu:.2f}"),
        ("student, CPU ms over a route that does nothing", "<= 2.5", f"{student.cpu - nothing.cpu:.2f}"),
        ("evidence, CPU ms more", "<= 10", f"{evidence.cpu - student.cpu:.2f}"),
    ):
        print(f"| {figure} | {target} | {value} |")


if __name__ == "__main__":
    main()
