"""Providers through their real SDKs against a scripted server."""

import email.utils
import json
import logging
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from counting import Asking, Word, right_answer
from provider_server import SECRET, ProviderServer, Reply, Seen
from pydantic import SecretStr

from skillscope.errors import ConfigurationError, ProviderError
from skillscope.settings import Settings
from skillscope.synthesis import RunOptions, generate
from skillscope.synthesis.journal import journal_path
from skillscope.synthesis.providers.base import Answer, Request, RowFailedError
from skillscope.synthesis.providers.client import Client, is_local
from skillscope.synthesis.providers.connect import ClientOptions, connect
from skillscope.synthesis.providers.faults import retry_after_seconds
from skillscope.synthesis.providers.prices import load_prices
from skillscope.synthesis.providers.schema import structured_schema

Open = Callable[..., Client]


def good(seen: Seen) -> Reply:
    return Reply(right_answer(seen.prompts))


def first(fault: Reply, times: int = 1) -> Callable[[Seen], Reply]:
    """The fault for the first requests, then a good answer."""
    return lambda seen: fault if seen.number < times else good(seen)


def request_for(row: int = 3) -> Request:
    return Asking(name="asking.v1", seed=1, planned=10).request(row)


def test_a_good_answer_costs_what_the_table_says(server: ProviderServer, open_client: Open, provider: str) -> None:
    server.script = good
    client = open_client(provider)
    assert client.ask(request_for(), Word) == Word(row=3, word="w3")
    spend = client.ledger.spend
    assert (spend.requests, spend.input_tokens, spend.output_tokens) == (1, 100, 50)
    dearness = {"openai": 100 * 0.15 + 50 * 0.60, "gemini": 100 * 0.30 + 50 * 2.50}[provider]
    assert spend.cost_usd == pytest.approx(dearness / 1e6)
    body = server.seen[0].body
    schema = (
        body["response_format"]["json_schema"]["schema"]
        if provider == "openai"
        else body["generationConfig"]["responseJsonSchema"]
    )
    assert schema == structured_schema(Word)
    assert SECRET in (
        server.seen[0].headers.get("authorization", "") + server.seen[0].headers.get("x-goog-api-key", "")
    )


FAULTS = {
    "429": Reply(status=429),
    "500": Reply(status=500),
    "503": Reply(status=503),
    "closed connection": Reply(close=True),
    "cut body": Reply(cut_body=True, text='{"row": 3, "word": "w3"}'),
    "not json": Reply(raw=b"<html>gateway</html>"),
    "other json": Reply(raw=b'{"hello": 1}'),
    "truncated json": Reply('{"row": 3, "wor'),
    "wrong schema": Reply('{"row": "three", "word": 4}'),
    "empty": Reply(""),
    "cut off": Reply('{"row": 3', finish="length"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_is_waited_out(
    server: ProviderServer, open_client: Open, provider: str, fault: str
) -> None:
    server.script = first(FAULTS[fault], times=2)
    client = open_client(provider)
    assert client.ask(request_for(), Word).word == "w3"
    assert len(server.seen) == 3


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_fails_the_row_after_three_tries(
    server: ProviderServer, open_client: Open, provider: str, fault: str
) -> None:
    server.script = lambda seen: FAULTS[fault]
    with pytest.raises(RowFailedError):
        open_client(provider).ask(request_for(), Word)
    assert len(server.seen) == 3


def test_a_hanging_provider_times_out(server: ProviderServer, open_client: Open, provider: str) -> None:
    server.script = lambda seen: Reply(hang=2.0) if seen.number == 0 else good(seen)
    began = time.monotonic()
    assert open_client(provider, policy_timeout=1.0).ask(request_for(), Word).word == "w3"
    assert time.monotonic() - began < 1.9


def test_an_invalid_answer_is_asked_again_with_the_error(
    server: ProviderServer, open_client: Open, provider: str
) -> None:
    server.script = first(Reply('{"row": 99, "word": "w"}'))
    client = open_client(provider)
    asked = client.ask(request_for(), Word, check=lambda w: None if w.row == 3 else "row must be 3")
    assert asked.row == 3
    assert "row must be 3" in server.seen[1].prompt
    assert '{"row": 99, "word": "w"}' in server.seen[1].prompts
    assert client.ledger.spend.output_tokens == 100  # both answers are paid for


def test_retry_after_is_obeyed(server: ProviderServer, open_client: Open, provider: str) -> None:
    server.script = first(Reply(status=429, headers={"Retry-After": "0.5"}))
    began = time.monotonic()
    open_client(provider).ask(request_for(), Word)
    assert time.monotonic() - began >= 0.5


def test_a_wait_longer_than_bearable_fails_the_row(server: ProviderServer, open_client: Open, provider: str) -> None:
    server.script = lambda seen: Reply(status=429, headers={"Retry-After": "3600"})
    with pytest.raises(RowFailedError, match="asked to wait 3600 seconds"):
        open_client(provider).ask(request_for(), Word)
    assert len(server.seen) == 1


def test_retry_after_is_read_in_all_its_forms() -> None:
    assert retry_after_seconds({"retry-after": "12"}) == 12
    assert retry_after_seconds({"retry-after-ms": "250", "retry-after": "1"}) == 0.25
    date = email.utils.formatdate(1_000_030, usegmt=True)
    assert retry_after_seconds({"retry-after": date}, now=1_000_000) == 30
    assert retry_after_seconds({}, {"error": {"details": [{"retryDelay": "34.5s"}]}}) == 34.5
    assert retry_after_seconds({"retry-after": "soon"}) is None


STOPS = {
    "openai": [
        (Reply(status=401), "OPENAI_API_KEY"),
        (Reply(status=403), "permissions"),
        (Reply(status=404), "check --model"),
        (Reply(status=429, error={"code": "insufficient_quota", "message": "x"}), "credit"),
    ],
    "gemini": [
        (
            Reply(status=400, error={"code": 400, "status": "INVALID_ARGUMENT", "message": "API key not valid"}),
            "GOOGLE",
        ),
        (Reply(status=403), "permissions"),
        (Reply(status=404), "check --model"),
        (
            Reply(
                status=429,
                error={"code": 429, "message": "x", "details": [{"quotaId": "GenerateRequestsPerDayPerProject"}]},
            ),
            "quota",
        ),
    ],
}


@pytest.mark.parametrize("case", range(4))
def test_what_no_retry_can_mend_stops_the_run(
    server: ProviderServer, open_client: Open, provider: str, case: int, tmp_path: Path
) -> None:
    fault, told = STOPS[provider][case]
    server.script = lambda seen: fault if seen.number >= 5 else good(seen)
    generator = Asking(name="asking.v1", seed=1, planned=50, client=open_client(provider, policy_concurrency=1))
    with pytest.raises(ProviderError, match=told) as caught:
        generate(generator, tmp_path / "out.jsonl")
    assert "5 of 50 rows are kept" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert len(server.seen) == 6


def test_a_refusal_fails_its_row_at_once(server: ProviderServer, open_client: Open, provider: str) -> None:
    server.script = lambda seen: Reply("no", finish="content_filter")
    with pytest.raises(RowFailedError, match="refused"):
        open_client(provider).ask(request_for(), Word)
    assert len(server.seen) == 1


def scripted_faults(seen: Seen) -> Reply:
    """One request in five is spoiled, each kind in turn, whatever the order of arrival."""
    if seen.number % 5:
        return good(seen)
    kinds = [*FAULTS.values(), Reply(status=429, headers={"Retry-After": "0.01"}), Reply(hang=1.5, close=True)]
    return kinds[(seen.number // 5) % len(kinds)]


def test_a_thousand_rows_with_a_fifth_of_faults_lose_nothing(
    server: ProviderServer, open_client: Open, provider: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="skillscope")
    server.script = scripted_faults
    output = tmp_path / "out.jsonl"
    generator = Asking(
        name="asking.v1",
        seed=1,
        planned=1000,
        rows_per_unit=1,
        client=open_client(provider, policy_concurrency=16, policy_timeout=1.0, use_cache=False),
    )
    result = generate(generator, output)
    counts, spend = result.manifest.counts, result.manifest.spend
    assert counts.kept + sum(counts.failed.values()) == 1000
    assert counts.kept > 970
    assert spend.requests >= len(server.seen)  # one whose connection broke before it was read is counted, too
    assert result.manifest.complete
    server.script = good
    asked = len(server.seen)
    healed = generate(generator, output, RunOptions(retry_failed=True))
    assert healed.manifest.counts.kept == 1000
    again = {seen.prompts for seen in server.seen[asked:]}
    assert len(again) == sum(counts.failed.values())  # nothing else is asked for again
    rows = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    assert rows == [{"row": row, "word": f"w{row}"} for row in range(1000)]
    everything = caplog.text + output.with_suffix("").with_suffix(".manifest.json").read_text()
    assert SECRET not in everything


def test_finished_rows_are_never_asked_for_again(server: ProviderServer, open_client: Open, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    answered: Counter[str] = Counter()

    def answer(seen: Seen) -> Reply:
        answered[seen.prompts] += 1
        return good(seen)

    server.script = lambda seen: Reply(status=401) if seen.number >= 30 else answer(seen)
    options = {"policy_concurrency": 4, "use_cache": False}
    with pytest.raises(ProviderError):
        generate(Asking(name="asking.v1", seed=1, planned=60, client=open_client("openai", **options)), output)
    assert sum(answered.values()) == 30
    server.script = answer
    result = generate(Asking(name="asking.v1", seed=1, planned=60, client=open_client("openai", **options)), output)
    assert result.manifest.counts.kept == 60
    assert set(answered.values()) == {1}  # how many a worker still had under way when the 401 came does not matter
    assert result.manifest.spend.output_tokens == 60 * 50  # the first run's payments are in
    assert not journal_path(output).exists()


def test_max_cost_stops_in_good_order_and_a_higher_one_goes_on(
    server: ProviderServer, open_client: Open, tmp_path: Path
) -> None:
    server.script = good
    output = tmp_path / "out.jsonl"
    each = (100 * 0.15 + 50 * 0.60) / 1e6

    def run(max_cost: float | None) -> tuple[int, int, float]:
        client = open_client("openai", max_cost=max_cost, policy_concurrency=4)
        manifest = generate(Asking(name="asking.v1", seed=1, planned=40, client=client), output).manifest
        assert manifest.spend.cost_usd is not None
        return manifest.counts.kept, manifest.counts.pending, manifest.spend.cost_usd

    kept, pending, cost = run(20 * each)
    assert 5 <= kept < 20
    assert kept + pending == 40
    assert cost <= 20 * each
    assert len(output.read_text("utf-8").splitlines()) == kept
    assert run(None)[:2] == (40, 0)
    assert len(server.seen) == 40


def test_the_cache_answers_the_same_request_and_no_other(
    server: ProviderServer, open_client: Open, provider: str
) -> None:
    server.script = good
    request = request_for()
    assert open_client(provider).ask(request, Word) == open_client(provider).ask(request, Word)
    assert len(server.seen) == 1
    changed = [
        Request(**(vars(request) | {"messages": (*request.messages[:1], request_for(4).messages[1])})),
        Request(**(vars(request) | {"temperature": 0.1})),
        Request(**(vars(request) | {"seed": 2})),
        Request(**(vars(request) | {"schema_name": "w", "schema": {**request.schema, "description": "new"}})),
    ]
    for other in changed:
        open_client(provider).ask(other, Word)
    assert len(server.seen) == 5


def test_an_invalid_answer_is_not_cached(server: ProviderServer, open_client: Open) -> None:
    server.script = lambda seen: Reply("{}")
    with pytest.raises(RowFailedError):
        open_client("openai").ask(request_for(), Word)
    server.script = good
    assert open_client("openai").ask(request_for(), Word).word == "w3"


class Elsewhere:
    """A provider that is not on this machine."""

    name, model, base_url = "openai", "gpt-4o-mini", "https://api.example.org/v1"

    def send(self, request: Request) -> Answer:
        return Answer('{"row": 3, "word": "w3"}')

    def close(self) -> None:
        pass


def test_student_text_goes_outside_only_when_allowed(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConfigurationError, match="--allow-external"):
        Client(Elsewhere(), price=None).ask(request_for(), Word, texts=2)
    caplog.set_level(logging.INFO, logger="skillscope.disclosure")
    client = Client(Elsewhere(), price=None, allow_external=True)
    client.ask(request_for(), Word, texts=2)
    assert client.ledger.spend.texts_disclosed == 2
    assert "sent 2 student text(s) to api.example.org" in caplog.text
    assert "word for row" not in caplog.text
    assert client.ledger.spend.cost_usd is None


def test_answers_to_student_text_are_not_cached(server: ProviderServer, open_client: Open) -> None:
    server.script = good
    for _ in range(2):
        client = open_client("openai")
        client.ask(request_for(), Word, texts=1)
        assert client.ledger.spend.texts_disclosed == 0  # a server on this machine is not outside
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost:11434/v1", True),
        ("http://[::1]:80", True),
        ("https://api.openai.com/v1", False),
        ("https://localhost.example.org", False),
        ("http://10.0.0.7/v1", False),
    ],
)
def test_is_local(url: str, local: bool) -> None:
    assert is_local(url) is local


def test_prices_know_snapshots_and_refuse_to_guess(settings: Settings) -> None:
    table = load_prices()
    assert table.find("openai", "gpt-4o-mini-2024-07-18") == table.find("openai", "gpt-4o-mini")
    assert table.find("openai", "my-model") is None
    with pytest.raises(ConfigurationError, match="--allow-unpriced"):
        connect("openai", ClientOptions(model="my-model"), settings=settings)
    with pytest.raises(ConfigurationError, match="--max-cost cannot be kept"):
        connect("openai", ClientOptions(model="my-model", allow_unpriced=True, max_cost=1), settings=settings)
    connect("openai", ClientOptions(model="my-model", allow_unpriced=True), settings=settings).close()


def test_a_missing_or_empty_key_is_named(settings: Settings) -> None:
    bare = settings.model_copy(update={"openai_api_key": None, "google_api_key": None})
    empty = settings.model_copy(update={"openai_api_key": SecretStr(" "), "google_api_key": SecretStr("")})
    for none in (bare, empty):
        with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
            connect("openai", settings=none)
        with pytest.raises(ConfigurationError, match="GOOGLE_API_KEY"):
            connect("gemini", settings=none)
    with pytest.raises(ConfigurationError, match="openai or gemini"):
        connect("claude", settings=bare)


def test_a_provider_that_is_down_stops_the_run(server: ProviderServer, open_client: Open, tmp_path: Path) -> None:
    server.script = lambda seen: Reply(status=503)
    client = open_client("openai", policy_concurrency=8, policy_backoff=0.0)
    with pytest.raises(ProviderError, match="failed 50 times in a row"):
        generate(Asking(name="asking.v1", seed=1, planned=1000, client=client), tmp_path / "out.jsonl")
    assert len(server.seen) < 300
