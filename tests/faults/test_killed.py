"""SIGKILL of a worker and of the whole service: what was acknowledged is there, once."""

import contextlib
import json
import sqlite3
import threading
from collections import Counter
from pathlib import Path

import httpx
import psutil
import pytest

from faults_parts import PATIENCE, Together, wait_for
from served_parts import Served, bearer, start_service, stop_service
from skillscope.service.tokens import Role
from skillscope.settings import Settings

V1 = "/api/v1"
WRITERS = 6
EACH = 40


def _event(name: str) -> dict[str, object]:
    moment = "2026-03-01T09:30:00Z"
    return {"event_id": name, "session_id": "s", "type": "task_started", "task_id": "t", "at": moment}


def _stored(settings: Settings, student: str) -> Counter[str]:
    """How often each event of a student stands in the file."""
    query = "SELECT event_id FROM events JOIN students ON students.key = student_key WHERE student_id = ?"
    connection = sqlite3.connect(settings.data_dir / "skillscope.db")
    try:
        return Counter(row[0] for row in connection.execute(query, (student,)))
    finally:
        connection.close()


def _workers(served: Served) -> list[psutil.Process]:
    """The processes that serve, below the supervisor."""
    found = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            if any("worker" in part for part in command) and process.environ().get("SKILLSCOPE_DATA_DIR") == str(
                served.settings.data_dir
            ):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_what_was_acknowledged_outlives_the_worker_that_took_it(service: Served) -> None:
    assert service.client.post(f"{V1}/students", json={"student_id": "kill-1"}).status_code == 201
    acknowledged: list[str] = []
    several = threading.Event()

    def write(number: int) -> None:
        for count in range(EACH):
            name = f"{number}-{count}"
            body = {"events": [_event(name)]}

            def sent(body: dict[str, object] = body) -> bool:
                try:
                    with httpx.Client(base_url=service.url, headers=service.client.headers, timeout=PATIENCE) as own:
                        return own.post(f"{V1}/students/kill-1/events", json=body).status_code in {200, 201}
                except httpx.TransportError:
                    return False  # the worker went with the connection; whether it stored is not known: send again

            wait_for("an event to be taken", sent)
            acknowledged.append(name)
            if len(acknowledged) >= WRITERS * EACH // 4:
                several.set()

    before = _workers(service)
    assert len(before) == 2
    writers = Together(write, WRITERS)
    assert several.wait(PATIENCE)
    at_the_kill = list(acknowledged)
    before[0].kill()
    assert set(at_the_kill) <= set(_stored(service.settings, "kill-1"))
    writers.join()
    stored = _stored(service.settings, "kill-1")
    assert set(stored) == set(acknowledged)
    assert len(stored) == WRITERS * EACH
    assert set(stored.values()) == {1}
    wait_for("a worker in the place of the killed one", lambda: len(_workers(service)) == 2)
    assert service.client.post("/inference/student/kill-1").status_code == 422  # it knows of no words, and answers


def test_a_bulk_load_that_died_with_the_service_is_completed_by_sending_it_again(
    place: dict[str, str], tmp_path: Path
) -> None:
    settings = Settings(data_dir=Path(place["SKILLSCOPE_DATA_DIR"]))
    headers = {**bearer(settings, Role.ADMIN), "Content-Type": "application/x-ndjson"}
    first = [f"first-{number}" for number in range(1000)]
    second = [f"second-{number}" for number in range(6000)]
    address = f"{V1}/students/kill-2/events:bulk"

    def lines(names: list[str]) -> bytes:
        return "\n".join(json.dumps(_event(name)) for name in names).encode()

    process, url, _log = start_service(tmp_path, place)
    answered: list[int] = []
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE) as client:
            json_type = {"Content-Type": "application/json"}
            client.post(f"{V1}/students", content=b'{"student_id": "kill-2"}', headers=json_type)
            assert sorted(client.post(address, content=lines(first)).json()["added"]) == sorted(first)

            def load(_number: int) -> None:
                with contextlib.suppress(httpx.TransportError):
                    answered.append(client.post(address, content=lines(second)).status_code)

            loading = Together(load, 1)
            wait_for("a part of the load", lambda: len(_stored(settings, "kill-2")) > len(first))
            supervisor = psutil.Process(process.pid)
            everything = [supervisor, *supervisor.children(recursive=True)]
            assert len(everything) >= 3
            for part in everything:
                part.kill()
            process.wait(PATIENCE)
            psutil.wait_procs(everything[1:], PATIENCE)
            loading.join()
    finally:
        stop_service(process)
    left = _stored(settings, "kill-2")
    assert set(first) <= set(left)
    assert not answered or set(second) <= set(left)
    (tmp_path / "again").mkdir()
    process, url, _log = start_service(tmp_path / "again", place)
    try:
        answer = httpx.post(f"{url}{address}", content=lines(second), headers=headers, timeout=PATIENCE).json()
    finally:
        stop_service(process)
    assert set(answer["unchanged"]) == set(left) - set(first)
    assert set(answer["added"]) == set(second) - set(left)
    stored = _stored(settings, "kill-2")
    assert set(stored) == set(first) | set(second)
    assert set(stored.values()) == {1}


def test_workers_do_not_outlive_a_supervisor_that_was_killed(place: dict[str, str], tmp_path: Path) -> None:
    process, url, _log = start_service(tmp_path, place)
    try:
        workers = psutil.Process(process.pid).children(recursive=True)
        assert len(workers) == 2
        process.kill()  # it alone: nobody tells the workers
        process.wait(PATIENCE)
        psutil.wait_procs(workers, PATIENCE)
        assert [worker for worker in workers if worker.is_running()] == []
    finally:
        stop_service(process)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/livez", timeout=PATIENCE)
