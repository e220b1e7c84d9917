"""The real thing: `bentoml serve` with two workers, in production form, over a socket."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from served_parts import TEXT, Served, bearer, start_service, stop_service
from skillscope.modeling.bundle import Bundle
from skillscope.service.tokens import Role
from skillscope.settings import PROJECT_ROOT, Settings

V1 = "/api/v1"
EXPORT = (
    "from pathlib import Path; from skillscope.modeling.bundle import Bundle; "
    "from skillscope.modeling.registry import export_to_bento; "
)
CHILD = "very-private-child-0147"


def _problem(response: httpx.Response, status: int) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"].startswith("urn:skillscope:problem:")


def test_errors_are_problems_in_production_too(served: Served) -> None:
    client = served.client
    _problem(httpx.get(f"{served.url}/metrics"), 401)
    _problem(client.get("/metrics", headers={"Authorization": "Bearer x"}), 401)
    _problem(client.get("/metrics", headers=bearer(served.settings, Role.TEACHER)), 403)
    _problem(client.get("/nope"), 404)
    _problem(client.get("/schema.json"), 404)
    _problem(client.get("/docs.json"), 404)
    _problem(client.post("/healthz"), 405)
    _problem(client.get("/inference/features"), 405)
    json_type = {"Content-Type": "application/json"}
    _problem(client.post("/inference/features", content=b" " * 3_000_000, headers=json_type), 413)
    _problem(client.post("/inference/features", content=iter([b" " * 600_000] * 3), headers=json_type), 413)
    _problem(client.post("/inference/features", content=b"{}"), 415)
    _problem(client.post("/inference/features", content=b'{"rows": NaN}', headers=json_type), 422)
    _problem(client.post("/inference/student/nobody"), 404)


def test_a_student_is_assessed_over_the_wire_and_leaves_no_trace(served: Served) -> None:
    client = served.client
    assert client.post(f"{V1}/students", json={"student_id": CHILD}).status_code == 201
    responses = {"responses": [{"text": TEXT}]}
    assert client.post(f"{V1}/students/{CHILD}/responses", json=responses).status_code == 201
    for prefix in ("", V1):
        answer = client.post(f"{prefix}/inference/student/{CHILD}?evidence=true")
        assert len(answer.json()["scores"]) == 4
    assert len(client.get(f"/inference/student/{CHILD}/history").json()["assessments"]) == 2
    _problem(client.get(f"{V1}/students/{CHILD}-unknown"), 404)
    _problem(client.get(f"/nope/{CHILD}"), 404)
    metrics = client.get("/metrics").text
    log = served.log.read_text(encoding="utf-8", errors="replace")
    assert 'route="/inference/student/{student_id}"' in metrics
    assert 'route="unmatched"' in metrics
    for word in (CHILD, TEXT, "sad"):
        assert word not in metrics
        assert word not in log
    assert '"route": "/inference/student/{student_id}"' in log


def test_two_workers_share_one_store_one_secret_and_one_count(served: Served) -> None:
    before = _requests(served)
    failures: list[str] = []

    def ask(number: int) -> None:
        with httpx.Client(base_url=served.url, headers=served.client.headers, timeout=60) as client:
            student = f"worker-test-{number}"
            made = client.post(f"{V1}/students", json={"student_id": student})
            given = client.post(f"{V1}/students/{student}/responses", json={"responses": [{"text": TEXT}]})
            for _ in range(5):
                scored = client.post(f"/inference/student/{student}")
                if scored.status_code != 200:
                    failures.append(scored.text)
            if (made.status_code, given.status_code) != (201, 201):
                failures.append(made.text + given.text)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    # A request is counted when its answer has gone out, so the last ones may be counted a moment later.
    until = time.monotonic() + 10.0
    while _requests(served) - before < 40 and time.monotonic() < until:
        time.sleep(0.05)
    assert _requests(served) - before == 40


def _requests(served: Served) -> int:
    pattern = (
        r'skillscope_requests_total\{method="POST",route="/inference/student/\{student_id\}",status="200"\} ([0-9.]+)'
    )
    found = re.findall(pattern, served.client.get("/metrics").text)
    return int(float(found[0])) if found else 0


def test_requests_in_flight_finish_when_the_service_is_stopped(bundle: Bundle, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "skillscope").symlink_to(bundle.path)
    (tmp_path / "models" / "language").symlink_to(Settings().models_dir / "language")
    environment = {
        "SKILLSCOPE_DATA_DIR": str(settings.data_dir),
        "SKILLSCOPE_MODELS_DIR": str(tmp_path / "models"),
        "SKILLSCOPE_MODEL_SOURCE": "bundle",
        "BENTOML_HOME": str(tmp_path / "bentoml"),
    }
    process, url, _log = start_service(tmp_path, environment)
    try:
        with httpx.Client(base_url=url, headers=bearer(settings, Role.ADMIN), timeout=120) as client:
            client.post(f"{V1}/students", json={"student_id": "s"})
            lines = "\n".join(json.dumps({"response_id": f"r{n}", "text": f"{TEXT} {n}"}) for n in range(300))

            def body() -> Iterator[bytes]:
                yield lines[:100].encode()
                process.send_signal(signal.SIGTERM)  # half of the request is there
                yield lines[100:].encode()

            kind = {"Content-Type": "application/x-ndjson"}
            answer = client.post(f"{V1}/students/s/responses:bulk", content=body(), headers=kind)
        assert (answer.status_code, len(answer.json()["added"])) == (200, 300)
        assert process.wait(60) == 0
    finally:
        stop_service(process)


def test_the_command_line_makes_a_token_that_the_service_takes(served: Served) -> None:
    script = "from skillscope.cli.token import app; app()"
    environment = {**os.environ, "SKILLSCOPE_DATA_DIR": str(served.settings.data_dir)}
    command = [sys.executable, "-c", script, "create", "--role", "admin", "--ttl", "5m"]
    made = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
    assert httpx.get(f"{served.url}/metrics", headers=headers).status_code == 200


@pytest.fixture(scope="module")
def built(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A bento built from this checkout with the small bundle as its champion; the folder of its code."""
    folder = tmp_path_factory.mktemp("built")
    environment = {**os.environ, "BENTOML_HOME": str(folder / "bentoml")}
    export = f"{EXPORT}export_to_bento(Bundle.load(Path({str(bundle.path)!r})))"
    subprocess.run([sys.executable, "-c", export], env=environment, check=True)
    build = [sys.executable, "-m", "bentoml", "build", "--output", "tag", str(PROJECT_ROOT)]
    done = subprocess.run(build, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (source,) = (folder / "bentoml" / "bentos" / "skillscope").glob("*/src")
    return source, {"BENTOML_HOME": environment["BENTOML_HOME"]}


def test_a_built_bento_serves_without_checkout_and_mlflow(
    built: tuple[Path, dict[str, str]], bundle: Bundle, tmp_path: Path
) -> None:
    source, environment = built
    settings = Settings(data_dir=tmp_path / "data")
    environment |= {"SKILLSCOPE_DATA_DIR": str(settings.data_dir), "PYTHONPATH": str(source / "backend")}
    process, url, _log = start_service(tmp_path, environment, "skillscope:latest")
    try:
        with httpx.Client(base_url=url, headers=bearer(settings, Role.ADMIN), timeout=60) as client:
            client.post(f"{V1}/students", json={"student_id": "s"})
            client.post(f"{V1}/students/s/responses", json={"responses": [{"text": TEXT}]})
            scores = client.post("/inference/student/s").json()["scores"]
        assert {score["model_version"] for score in scores} == {bundle.version}
    finally:
        stop_service(process)
    assert process.poll() is not None
