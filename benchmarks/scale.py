"""Is the service as fast with a million students as with a thousand? `python benchmarks/scale.py`.

    python benchmarks/scale.py --students 1000000 --rows 20000000 --database sqlite:////big/disk/large.db

Fills a small store (1,000 students, as many rows a student) and a large one straight through the tables, with the
numbers of simulated students, and asks both the same: `assess_student` in this process, and
`POST /inference/student/{id}` of the whole app without its socket. Students are drawn at random over the whole store.
A row is one response's or one session's features. A database that was filled before is used again.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
from sqlalchemy import Engine, func, insert, select, text

from skillscope import __version__
from skillscope.assessment.assess import assess_student
from skillscope.features import LINGUISTIC, TELEMETRY
from skillscope.modeling.bundle import Bundle
from skillscope.service.app import create_app
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role, create_token
from skillscope.settings import Settings
from skillscope.store import open_database
from skillscope.store.tables import Base
from small_parts import train_small_bundle

SMALL = 1_000
CHUNK = 20_000
SESSIONS_EACH = 3
"""Of a student's rows, three in ten are sessions."""


@dataclass(frozen=True)
class Size:
    """How much a store holds."""

    students: int
    rows: int

    @property
    def sessions_each(self) -> int:
        """Sessions a student."""
        return max(self.rows // self.students * SESSIONS_EACH // 10, 1)

    @property
    def responses_each(self) -> int:
        """Responses a student."""
        return max(self.rows // self.students - self.sessions_each, 1)


def _vectors(count: int, features: tuple[Any, ...], chance: np.random.Generator) -> list[tuple[float, ...]]:
    """Feature rows within their ranges; the table repeats a few thousand of them."""
    low = np.array([item.low if item.low is not None else 0.0 for item in features])
    high = np.array([item.high if item.high is not None else 40.0 for item in features])
    return [tuple(row) for row in chance.uniform(low, high, (count, len(features))).tolist()]


def _filled(size: Size, bundle: Bundle) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The rows of every table, a chunk at a time, in the order in which they may be inserted."""
    chance = np.random.default_rng(size.students)
    said, played = _vectors(4096, LINGUISTIC, chance), _vectors(4096, TELEMETRY, chance)
    now = datetime.now(UTC)
    own = {"code_version": __version__}
    measured = {**own, "feature_schema": bundle.feature_schema}
    each = size.responses_each
    students_at_once = max(CHUNK // each, 1)
    for first in range(1, size.students + 1, students_at_once):
        keys = range(first, min(first + students_at_once, size.students + 1))
        yield (
            "students",
            [{"key": key, "student_id": f"s-{key}", "grade": 2 + key % 7, "created_at": now} for key in keys],
        )
        numbered = [(key, number, (key - 1) * each + number + 1) for key in keys for number in range(each)]
        ats = {number: now - timedelta(days=1 + 80 * number / each) for number in range(each)}
        yield (
            "responses",
            [
                {
                    "key": row, "student_key": key, "response_id": f"r-{number}", "text": "We shared it in the end.",
                    "prompt": None, "source": None, "at": ats[number], "received_at": now, **own,
                }
                for key, number, row in numbered
            ],
        )  # fmt: skip
        yield (
            "response_features",
            [
                {
                    "response_key": row, "student_key": key, "at": ats[number],
                    "language_pipeline": bundle.language_pipeline, "values": said[row % 4096], **measured,
                }
                for key, number, row in numbered
            ],
        )  # fmt: skip
        yield (
            "session_features",
            [
                {
                    "student_key": key, "session_id": f"g-{number}", "started_at": now - timedelta(days=1 + number),
                    "ended_at": now - timedelta(days=1 + number), "values": played[(key + number) % 4096], **measured,
                }
                for key in keys
                for number in range(size.sessions_each)
            ],
        )  # fmt: skip


def fill(engine: Engine, size: Size, bundle: Bundle) -> float:
    """Fill an empty store; a store of the same size is left as it is. Seconds taken."""
    began = time.perf_counter()
    table = Base.metadata.tables["students"]
    with engine.connect() as connection:
        there = connection.scalar(select(func.count()).select_from(table)) or 0
    if there == size.students:
        return 0.0
    if there:
        raise SystemExit(f"the database holds {there:,} students, not {size.students:,}: name another one")
    writing = engine.execution_options(skillscope_writes=True)
    pending: dict[str, list[dict[str, Any]]] = {}
    for name, rows in _filled(size, bundle):
        pending.setdefault(name, []).extend(rows)
        if name == "session_features" and len(pending["response_features"]) >= CHUNK:
            _flush(writing, pending)
    _flush(writing, pending)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            for name in ("students", "responses"):  # keys were given: the counters go on behind them
                sequence = f"pg_get_serial_sequence('{name}', 'key')"
                connection.execute(text(f"SELECT setval({sequence}, (SELECT max(key) FROM {name}))"))
        connection.execute(text("ANALYZE"))
        connection.commit()
    return time.perf_counter() - began


def _flush(engine: Engine, pending: dict[str, list[dict[str, Any]]]) -> None:
    with engine.begin() as connection:
        for name, rows in pending.items():
            connection.execute(insert(Base.metadata.tables[name]), rows)
    pending.clear()


def _functions(engine_url: str, bundle: Bundle, ids: list[str]) -> np.ndarray:
    sessions = open_database(engine_url)
    taken = []
    for student in ids:
        began = time.perf_counter()
        with sessions.begin() as session:
            assess_student(session, bundle, student)
        taken.append(time.perf_counter() - began)
    return np.array(taken) * 1e3


def _route(settings: Settings, bundle: Bundle, ids: list[str]) -> np.ndarray:
    app = create_app(Runtime(settings, lambda _settings: bundle))
    bearer = f"Bearer {create_token(settings, Role.SERVICE, ttl=timedelta(hours=12))}".encode()

    async def ask(student: str) -> int:
        path = f"/api/v1/inference/student/{student}"
        told: list[Any] = []
        pieces: asyncio.Queue[Any] = asyncio.Queue()
        pieces.put_nowait({"type": "http.request", "body": b"", "more_body": False})

        async def send(message: Any) -> None:
            told.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": [(b"host", b"localhost"), (b"authorization", bearer)],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        }  # fmt: skip
        await app(scope, pieces.get, send)
        return int(told[0]["status"])

    async def all_of_them() -> list[float]:
        taken = []
        for student in ids:
            began = time.perf_counter()
            status = await ask(student)
            taken.append(time.perf_counter() - began)
            if status != 200:
                raise SystemExit(f"the route answered {status}")
        return taken

    return np.array(asyncio.run(all_of_them())) * 1e3


def main() -> None:
    """Print the figures as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=400_000, help="responses' and sessions' feature rows in all")
    parser.add_argument("--database", help="of the large store: a path or an address; by default a temporary file")
    parser.add_argument("--small-database", help="of the small store; by default a temporary SQLite file")
    parser.add_argument("--requests", type=int, default=1000, help="to each store and way")
    given = parser.parse_args()
    large = Size(given.students, given.rows)
    small = Size(SMALL, SMALL * given.rows // given.students)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        bundle = train_small_bundle(folder / "models" / "skillscope")
        stores = {
            "small": (small, given.small_database or f"sqlite:///{folder / 'small.db'}"),
            "large": (large, given.database or f"sqlite:///{folder / 'large.db'}"),
        }
        # the two stores take turns, so that what else the machine does falls on both
        found: dict[tuple[str, str], list[np.ndarray]] = {}
        drawn: dict[str, Iterator[str]] = {}
        for name, (size, address) in stores.items():
            url = address if "://" in address else f"sqlite:///{address}"
            stores[name] = (size, url)
            seconds = fill(open_database(url).kw["bind"], size, bundle)
            print(f"{name}: {size.students:,} students, {size.rows:,} rows, filled in {seconds:.0f} s", file=sys.stderr)
            chance = np.random.default_rng(1)
            drawn[name] = (f"s-{number}" for number in chance.integers(1, size.students + 1, 10**6))
        part = max(given.requests // 10, 1)
        for turn in range(11):
            for name, (_size, url) in stores.items():
                settings = Settings(
                    data_dir=folder / name, database_url=url, rate_per_minute=0, service_rate_per_minute=0
                )
                for way, times in (
                    ("assess_student", _functions(url, bundle, [next(drawn[name]) for _ in range(part)])),
                    (
                        "POST /inference/student/{id}",
                        _route(settings, bundle, [next(drawn[name]) for _ in range(part)]),
                    ),
                ):
                    if turn:  # the first is a warm-up
                        found.setdefault((way, name), []).append(times)
    print(f"| way | store | p50 ms | p99 ms | p50, of {SMALL:,} students' | p99 |\n|---|---|---|---|---|---|")
    for way in ("assess_student", "POST /inference/student/{id}"):
        before = np.percentile(np.concatenate(found[way, "small"]), [50, 99])
        for name, (size, _url) in stores.items():
            low, high = np.percentile(np.concatenate(found[way, name]), [50, 99])
            label = f"{size.students:,} students, {size.rows:,} rows"
            print(f"| `{way}` | {label} | {low:.2f} | {high:.2f} | {low / before[0]:.2f} | {high / before[1]:.2f} |")


if __name__ == "__main__":
    main()
