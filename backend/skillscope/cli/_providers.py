"""Options that every command with a provider shares, and what they are turned into."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from skillscope.errors import InputError
from skillscope.synthesis import Counts, Estimate, RunOptions, RunResult, Spend, rich_report
from skillscope.synthesis.providers.client import Client, Policy
from skillscope.synthesis.providers.connect import PROVIDERS, ClientOptions, connect, pretend

__all__ = [
    "AllowExternal",
    "AllowUnpriced",
    "BaseUrl",
    "Concurrency",
    "DryRun",
    "Fresh",
    "MaxCost",
    "Model",
    "ProviderOption",
    "RequestsPerMinute",
    "RetryFailed",
    "Timeout",
    "check_provider",
    "client_options",
    "command_line",
    "opened",
    "print_counts",
    "print_estimate",
    "print_result",
    "run_options",
]

ProviderOption = Annotated[
    str, typer.Option("--provider", help=f"{', '.join(PROVIDERS)}; template is free and offline")
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


def check_provider(provider: str) -> None:
    """Refuse a provider that is not known.

    Raises:
        InputError: naming those that are.
    """
    if provider not in PROVIDERS:
        raise InputError(f"provider {provider!r} is not known: choose {', '.join(PROVIDERS)}", field="provider")


@contextmanager
def opened(provider: str, options: ClientOptions, *, dry_run: bool = False) -> Iterator[Client | None]:
    """A client for the time of a command; None for `template`. A dry run needs no key."""
    check_provider(provider)
    if provider == "template":
        yield None
        return
    client = (pretend if dry_run else connect)(provider, options)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def run_options(what: str, *, fresh: bool, retry_failed: bool) -> Iterator[RunOptions]:
    """Options of a run that shows its progress on stderr, where that is a terminal."""
    options = RunOptions(command=command_line(), fresh=fresh, retry_failed=retry_failed)
    if not sys.stderr.isatty():
        yield options
        return
    with rich_report(what, Console(stderr=True)) as report:
        yield replace(options, report=report)


def command_line() -> str:
    """The command as it was typed, without the folder of the program; keys are never options, so none is in it."""
    name = Path(sys.argv[0]).name
    return " ".join([name if name.endswith(".py") else "skillscope", *sys.argv[1:]])


def print_estimate(estimate: Estimate) -> None:
    """What a run would ask for."""
    typer.echo(f"{estimate.rows} rows, {estimate.requests} requests")
    if estimate.requests:
        cost = "unknown (no price)" if estimate.cost_usd is None else f"about ${estimate.cost_usd:.4f}"
        typer.echo(f"about {estimate.input_tokens} tokens in, {estimate.output_tokens} out; cost {cost}")


def print_counts(counts: Counts, spend: Spend, stopped: str | None) -> None:
    """Which rows were lost and why, what was spent, and why the run ended early if it did."""
    for word, reasons in (("dropped", counts.dropped), ("failed", counts.failed)):
        for reason, number in reasons.items():
            typer.echo(f"  {word} {number}: {reason}")
    if counts.failed:
        typer.echo("  --retry-failed asks again for the failed rows")
    if spend.requests or spend.answers_from_cache:
        cost = "unknown" if spend.cost_usd is None else f"${spend.cost_usd:.4f}"
        typer.echo(
            f"  {spend.requests} requests, {spend.answers_from_cache} answers from the cache, "
            f"{spend.input_tokens} tokens in, {spend.output_tokens} out, cost {cost}"
        )
    if stopped:
        typer.echo(f"  stopped: {stopped}; {counts.pending} rows are still to be asked for")


def print_result(result: RunResult) -> None:
    """What became of the rows."""
    counts = result.manifest.counts
    if result.already:
        typer.echo(f"{result.output} was finished before; --fresh makes it again")
    typer.echo(f"{result.output}: {counts.kept} of {counts.planned} rows kept")
    print_counts(counts, result.manifest.spend, result.manifest.stopped)
