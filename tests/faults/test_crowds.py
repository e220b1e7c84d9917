"""Clients that are slow or many, and a model that is damaged: the service serves on."""

import asyncio
import json
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from served_parts import TEXT, Served, problem
from skillscope.features import FEATURE_NAMES
from skillscope.service import middleware
from skillscope.service.middleware import RequestGuard

V1 = "/api/v1"
ROW = json.dumps({"rows": [{FEATURE_NAMES[0]: 0.1}]}).encode()


def _head(served: Served, length: int) -> bytes:
    lines = [
        "POST /inference/features HTTP/1.1",
        f"Host: {served.url.removeprefix('http://')}",
        f"Authorization: {served.client.headers['authorization']}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _address(served: Served) -> tuple[str, int]:
    host, _, port = served.url.removeprefix("http://").rpartition(":")
    return host, int(port)


def test_clients_that_send_byte_by_byte_keep_nobody_waiting(service: Served) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(_address(service))) for _ in range(100)]
        for number, connection in enumerate(slow):
            connection.sendall(_head(service, len(ROW))[: 60 if number % 2 else None])
            connection.sendall(b"" if number % 2 else ROW[:1])
        for _ in range(20):
            assert service.client.post("/inference/features", content=ROW, headers=_JSON).status_code == 200
        slow[0].settimeout(60)
        slow[0].sendall(ROW[1:])  # slow is not wrong: in time, it is answered
        assert slow[0].recv(64).startswith(b"HTTP/1.1 200")


_JSON = {"Content-Type": "application/json"}


def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.01)
    sent: list[dict[str, Any]] = []

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        while True:
            await receive()

    async def serve() -> None:
        pieces: asyncio.Queue[Any] = asyncio.Queue()
        pieces.put_nowait({"type": "http.request", "body": b"{", "more_body": True})
        receive = pieces.get  # the first piece, and then none ever

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/inference/features", "headers": []}
        await RequestGuard(app)(scope, receive, send)

    asyncio.run(serve())
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in [(name.lower(), value) for name, value in sent[0]["headers"]]
    assert json.loads(sent[1]["body"])["type"] == "urn:skillscope:problem:too-slow"


def test_five_hundred_connections_at_once_are_all_served(service: Served) -> None:
    host, port = _address(service)
    request = _head(service, len(ROW)) + ROW

    async def everyone() -> list[int]:
        opened = [await asyncio.open_connection(host, port) for _ in range(500)]

        async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
            writer.write(request)
            await writer.drain()
            status = int((await reader.readline()).split(b" ")[1])
            writer.close()
            return status

        return list(await asyncio.gather(*(ask(reader, writer) for reader, writer in opened)))

    assert set(asyncio.run(everyone())) == {200}


def test_a_damaged_bundle_is_refused_and_the_one_before_serves_on(service: Served, place: dict[str, str]) -> None:
    client = service.client
    assert client.post(f"{V1}/students", json={"student_id": "damaged-1"}).status_code == 201
    given = client.post(f"{V1}/students/damaged-1/responses", json={"responses": [{"text": TEXT}]})
    assert given.status_code == 201
    before = client.post("/inference/student/damaged-1").json()["scores"][0]["model_version"]
    file = Path(place["SKILLSCOPE_MODELS_DIR"]) / "skillscope" / "empathy.ubj"
    whole = file.read_bytes()
    try:
        for damaged in (whole[: len(whole) // 2], b"", bytes(len(whole))):
            file.write_bytes(damaged)
            problem(client.post(f"{V1}/models/reload"), "model-refused")
            for _ in range(10):
                scored = client.post("/inference/student/damaged-1")
                assert scored.status_code == 200
                assert {score["model_version"] for score in scored.json()["scores"]} == {before}
    finally:
        file.write_bytes(whole)
    assert client.post(f"{V1}/models/reload").json()["serving"] == before
