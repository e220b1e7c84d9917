"""Rates of tokens: how many at once, how many after that, and one count for all workers."""

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from served_parts import bearer, problem
from skillscope.errors import FileError
from skillscope.modeling.bundle import Bundle
from skillscope.service.app import create_app
from skillscope.service.limits import RateLimiter
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role
from skillscope.settings import Settings


def test_a_minutes_requests_at_once_and_then_one_at_its_time(tmp_path: Path) -> None:
    limiter = RateLimiter(tmp_path / "limits")
    assert [limiter.take("a", 6, now=100.0) for _ in range(6)] == [0.0] * 6
    assert limiter.take("a", 6, now=100.0) == pytest.approx(10.0)
    assert limiter.take("b", 6, now=100.0) == 0.0
    assert limiter.take("a", 6, now=105.0) == pytest.approx(5.0)
    assert limiter.take("a", 6, now=110.0) == 0.0
    assert limiter.take("a", 6, now=110.0) == pytest.approx(10.0)
    assert [limiter.take("a", 6, now=200.0) for _ in range(6)] == [0.0] * 6
    assert limiter.take("a", 0, now=200.0) == 0.0
    limiter.close()


@settings(max_examples=60, deadline=None)
@given(gaps=st.lists(st.floats(0, 40), min_size=1, max_size=80), rate=st.integers(1, 30))
def test_no_minute_holds_more_than_two_minutes_requests(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[float], rate: int
) -> None:
    limiter = RateLimiter(tmp_path_factory.mktemp("limits") / "limits")
    passed: list[float] = []
    now = 1000.0
    for gap in gaps:
        now += gap
        wait = limiter.take("a", rate, now=now)
        if wait == 0:
            passed.append(now)
        else:
            assert limiter.take("a", rate, now=now + wait + 1e-6) == 0
            now += wait + 1e-6
            passed.append(now)
    limiter.close()
    for begin in passed:
        assert sum(begin <= at < begin + 60 for at in passed) <= 2 * rate


def test_a_moment_of_before_the_last_start_locks_nobody_out(tmp_path: Path) -> None:
    limiter = RateLimiter(tmp_path / "limits")
    for _ in range(6):
        limiter.take("a", 6, now=5_000_000.0)
    assert [limiter.take("a", 6, now=10.0) for _ in range(6)] == [0.0] * 6
    assert limiter.take("a", 6, now=10.0) == pytest.approx(10.0)
    limiter.close()


def _taken(path: str) -> int:
    limiter = RateLimiter(Path(path))
    return sum(limiter.take("shared", 100, now=50.0) == 0 for _ in range(60))


def test_processes_share_one_count(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert sum(pool.map(_taken, [str(tmp_path / "limits")] * 3)) == 100


def test_more_tokens_than_places_still_have_their_rate(tmp_path: Path) -> None:
    limiter = RateLimiter(tmp_path / "limits")
    assert all(limiter.take(str(number), 1, now=0.0) == 0 for number in range(40_000))
    assert limiter.take("39999", 1, now=1.0) > 0
    limiter.close()


def test_a_file_that_cannot_be_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="rate limits"):
        RateLimiter(tmp_path)


def test_too_many_requests_are_429_with_a_time(bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Settings(data_dir=tmp_path, rate_per_minute=3, service_rate_per_minute=5)
    runtime = Runtime(place, lambda _settings: bundle)
    monkeypatch.setattr("skillscope.service.limits.time.monotonic", lambda: 77.0)
    with TestClient(create_app(runtime)) as client:
        for role, bound in ((Role.TEACHER, 3), (Role.SERVICE, 5)):
            headers = bearer(place, role)
            path = "/api/v1/classes"
            assert [client.get(path, headers=headers).status_code for _ in range(bound)] == [200] * bound
            refused = client.get(path, headers=headers)
            problem(refused, "rate-limited")
            assert refused.headers["retry-after"] == str(60 // bound)
            assert client.get(path, headers=bearer(place, role)).status_code == 200
        assert client.get("/livez").status_code == 200
    runtime.sessions.kw["bind"].dispose()
