"""Options that every command with a provider shares, and what they are turned into."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from skillscope.synthesis import Estimate, RunOptions, RunResult, rich_report
from skillscope.synthesis.providers.client import Client, Policy
from skillscope.synthesis.providers.connect import ClientOptions, connect

__all__ = [
    "AllowExternal",
    "AllowUnpriced",
    "BaseUrl",
    "Concurrency",
    "DryRun",
    "Fresh",
    "MaxCost",
    "Model",
    "RequestsPerMinute",
    "RetryFailed",
    "Timeout",
    "client_options",
    "command_line",
    "opened",
    "print_estimate",
    "print_result",
    "run_options",
]

Model = Annotated[str | None, typer.Option("--model", help="model of the provider; by default its economical one")]
BaseUrl = Annotated[str | None, typer.Option("--base-url", help="address of a compatible server (vLLM, Ollama, ...)")]
MaxCost = Annotated[
    float | None, typer.Option("--max-cost", min=0, help="stop in good order before so many US dollars")
]
AllowUnpriced = Annotated[bool, typer.Option("--allow-unpriced", help="use a model whose price is not known")]
AllowExternal = Annotated[bool, typer.Option("--allow-external", help="allow student text to be sent outside")]
Concurrency = Annotated[int, typer.Option("--concurrency", min=1, max=64, help="requests under way at once")]
RequestsPerMinute = Annotated[
    float | None, typer.Option("--requests-per-minute", min=0.1, help="at most so many requests a minute")
]
Timeout = Annotated[float, typer.Option("--timeout", min=1, help="seconds to wait for an answer")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="tell the plan, the number of requests and the cost, and end")]
Fresh = Annotated[bool, typer.Option("--fresh", help="forget an earlier run of this output")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="ask again for the rows that failed")]


def client_options(
    *,
    model: str | None = None,
    base_url: str | None = None,
    max_cost: float | None = None,
    allow_unpriced: bool = False,
    allow_external: bool = False,
    concurrency: int = 4,
    requests_per_minute: float | None = None,
    timeout: float = 60.0,
) -> ClientOptions:
    """The options of a command as the client takes them."""
    return ClientOptions(
        model=model,
        base_url=base_url,
        max_cost=max_cost,
        allow_unpriced=allow_unpriced,
        allow_external=allow_external,
        policy=Policy(timeout=timeout, concurrency=concurrency, requests_per_minute=requests_per_minute),
    )


@contextmanager
def opened(provider: str, options: ClientOptions) -> Iterator[Client | None]:
    """A client for the time of a command; None for `template`."""
    if provider == "template":
        yield None
        return
    client = connect(provider, options)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def run_options(what: str, *, fresh: bool, retry_failed: bool) -> Iterator[RunOptions]:
    """Options of a run that shows its progress on stderr."""
    with rich_report(what, Console(stderr=True)) as report:
        yield RunOptions(command=command_line(), fresh=fresh, retry_failed=retry_failed, report=report)


def command_line() -> str:
    """The command as it was typed, without the folder of the program; keys are never options, so none is in it."""
    return " ".join(["skillscope", *sys.argv[1:]])


def print_estimate(estimate: Estimate) -> None:
    """What a run would ask for."""
    typer.echo(f"{estimate.rows} rows, {estimate.requests} requests")
    if estimate.requests:
        cost = "unknown (no price)" if estimate.cost_usd is None else f"about ${estimate.cost_usd:.4f}"
        typer.echo(f"about {estimate.input_tokens} tokens in, {estimate.output_tokens} out; cost {cost}")


def print_result(result: RunResult) -> None:
    """What became of the rows."""
    counts, spend = result.manifest.counts, result.manifest.spend
    if result.already:
        typer.echo(f"{result.output} was finished before; --fresh makes it again")
    typer.echo(f"{result.output}: {counts.kept} of {counts.planned} rows kept")
    for word, reasons in (("dropped", counts.dropped), ("failed", counts.failed)):
        for reason, number in reasons.items():
            typer.echo(f"  {word} {number}: {reason}")
    if counts.failed:
        typer.echo("  --retry-failed asks again for the failed rows")
    if spend.requests:
        cost = "unknown" if spend.cost_usd is None else f"${spend.cost_usd:.4f}"
        typer.echo(
            f"  {spend.requests} requests, {spend.input_tokens} tokens in, {spend.output_tokens} out, cost {cost}"
        )
    if result.manifest.stopped:
        typer.echo(f"  stopped: {result.manifest.stopped}; {counts.pending} rows are still to be asked for")
