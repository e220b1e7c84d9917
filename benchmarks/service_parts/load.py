"""Load for one address over keep-alive connections, and the CPU time of the servers behind it."""

import asyncio
import itertools
import time
from dataclasses import dataclass

import numpy as np
import psutil

CONNECTIONS = 8


@dataclass(frozen=True)
class Measured:
    """What one address did under load."""

    rate: float
    p50: float
    p99: float
    cpu: float
    bad: int


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its children so far."""
    total = 0.0
    parent = psutil.Process(pid)
    for process in (parent, *parent.children(recursive=True)):
        times = process.cpu_times()
        total += times.user + times.system
    return total


def request_bytes(port: int, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """One HTTP/1.1 POST."""
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(body)}"]
    if body:
        lines.append("Content-Type: application/json")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def _one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    fields = head.lower()
    if b"content-length:" in fields:
        await reader.readexactly(int(fields.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]))
    elif b"chunked" in fields:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
    return status


async def _connection(port: int, requests: list[bytes], taken: list[float], bad: list[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        start = time.perf_counter()
        status = await _one(reader, writer, request)
        taken.append(time.perf_counter() - start)
        if status != 200:
            bad.append(status)
    writer.close()
    await writer.wait_closed()


async def _all(port: int, requests: list[bytes]) -> tuple[list[float], list[int]]:
    taken: list[float] = []
    bad: list[int] = []
    shares = [requests[number::CONNECTIONS] for number in range(CONNECTIONS)]
    await asyncio.gather(*(_connection(port, share, taken, bad) for share in shares))
    return taken, bad


def measure(pid: int, port: int, requests: list[bytes]) -> Measured:
    """Send the requests over 8 connections after a tenth of them as a warm-up; times in milliseconds a request."""
    asyncio.run(_all(port, requests[: max(len(requests) // 10, CONNECTIONS)]))
    before, start = cpu_seconds(pid), time.perf_counter()
    taken, bad = asyncio.run(_all(port, requests))
    wall, cpu = time.perf_counter() - start, cpu_seconds(pid) - before
    low, high = np.percentile(taken, [50, 99]) * 1e3
    return Measured(len(requests) / wall, float(low), float(high), cpu / len(requests) * 1e3, len(bad))


@dataclass(frozen=True)
class Sustained:
    """What a service did under a load of a given rate: requests, answers of 5xx and others than 200, milliseconds from
    when a request was due, and MB that its processes held after a tenth of the time and at the end."""

    rate: float
    seconds: float
    requests: int
    failed: int
    bad: int
    p50: float
    p99: float
    memory_before: float
    memory_after: float

    @property
    def growth(self) -> float:
        """Of memory, as a share."""
        return self.memory_after / self.memory_before - 1.0


def memory_mb(pid: int) -> float:
    """Memory that is a process's and its children's own or shared (resident set sizes)."""
    parent = psutil.Process(pid)
    return sum(process.memory_info().rss for process in (parent, *parent.children(recursive=True))) / 1e6


async def _sustain(
    pid: int, port: int, requests: list[bytes], rate: float, seconds: float
) -> tuple[list[float], list[int], list[float]]:
    taken: list[float] = []
    statuses: list[int] = []
    memory: list[float] = []
    began = time.perf_counter() + 0.2
    due = (began + number / rate for number in itertools.count())  # all connections draw from one timetable
    turn = itertools.cycle(requests)

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for moment in due:
            if moment > began + seconds:
                break
            await asyncio.sleep(max(moment - time.perf_counter(), 0.0))
            statuses.append(await _one(reader, writer, next(turn)))
            taken.append(time.perf_counter() - moment)
        writer.close()
        await writer.wait_closed()

    async def look() -> None:
        for share in (0.1, 1.0):
            await asyncio.sleep(max(began + share * seconds - time.perf_counter(), 0.0))
            memory.append(memory_mb(pid))

    await asyncio.gather(look(), *(connection() for _ in range(CONNECTIONS)))
    return taken, statuses, memory


def sustain(pid: int, port: int, requests: list[bytes], rate: float, seconds: float) -> Sustained:
    """Send the requests in turn at a rate, as long as given; none is left out when the service falls behind."""
    taken, statuses, memory = asyncio.run(_sustain(pid, port, requests, rate, seconds))
    low, high = np.percentile(taken, [50, 99]) * 1e3
    return Sustained(
        rate=rate,
        seconds=seconds,
        requests=len(statuses),
        failed=sum(status >= 500 for status in statuses),
        bad=sum(status != 200 for status in statuses),
        p50=float(low),
        p99=float(high),
        memory_before=memory[0],
        memory_after=memory[1],
    )
