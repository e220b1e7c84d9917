"""`skillscope conversations ...`"""

from pathlib import Path
from typing import Annotated

import typer

from skillscope.cli import _providers as shared
from skillscope.conversations import (
    FORMATS,
    LIBRARIES,
    CheckReport,
    ConversationJob,
    check_conversations,
    combine_conversations,
    convert_conversations,
    draw_review,
    estimate_conversations,
    generate_conversations,
    load_library,
    read_review,
)

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Conversations that show given patterns, for fine-tuning.")

LibraryName = Annotated[str, typer.Option("--library", help=f"what they are about: {' or '.join(LIBRARIES)}")]
GENERATING_MODELS = {"openai": "gpt-4o", "gemini": "gemini-2.5-pro"}
"""Whole conversations are worth the better models; `--model` takes any other."""


@app.command("generate")
def command_generate(
    *,
    provider: shared.ProviderOption = "template",
    count: Annotated[int, typer.Option("--count", help="conversations to make")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="same seed, same plan")] = 42,
    library: LibraryName = "coding",
    output_dir: Annotated[
        Path | None, typer.Option("--output-dir", help="by default data/synthetic/<provider>")
    ] = None,
    temperature: Annotated[float, typer.Option("--temperature", min=0, max=2)] = 0.8,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=1, help="longest answer")] = 3000,
    model: shared.Model = None,
    base_url: shared.BaseUrl = None,
    max_cost: shared.MaxCost = None,
    allow_unpriced: shared.AllowUnpriced = False,
    concurrency: shared.Concurrency = 4,
    requests_per_minute: shared.RequestsPerMinute = None,
    timeout: shared.Timeout = 120.0,
    dry_run: shared.DryRun = False,
    fresh: shared.Fresh = False,
    retry_failed: shared.RetryFailed = False,
) -> None:
    """Make conversations: from templates, free, or by a language model."""
    shared.check_provider(provider)
    job = ConversationJob(
        provider=provider,
        count=count,
        seed=seed,
        library=library,
        temperature=temperature,
        max_tokens=max_tokens,
        output_dir=output_dir,
    )
    options = shared.client_options(
        model=model or (None if base_url else GENERATING_MODELS.get(provider)),
        base_url=base_url,
        max_cost=max_cost,
        allow_unpriced=allow_unpriced,
        concurrency=concurrency,
        requests_per_minute=requests_per_minute,
        timeout=timeout,
    )
    with shared.opened(provider, options, dry_run=dry_run) as client:
        if dry_run:
            shared.print_estimate(estimate_conversations(job, client))
            return
        with shared.run_options("conversations", fresh=fresh, retry_failed=retry_failed) as run:
            result = generate_conversations(job, client, run)
    shared.print_result(result)


def _print_report(report: CheckReport) -> None:
    typer.echo(f"{report.lines} lines, {report.parsed} parsed, {report.usable} usable")
    lengths = ", ".join(f"{count} of {number}" for number, count in sorted(report.exchanges.items()))
    typer.echo(f"exchanges: {lengths}")
    for name, used in sorted(report.patterns.items(), key=lambda item: (-item[1], item[0])):
        typer.echo(f"  {name}: applied {used}, detected {report.detected[name]}")
    typer.echo(f"distinct-1 {report.distinct_1:.3f}, distinct-2 {report.distinct_2:.3f}")
    typer.echo(f"near-duplicates: {report.near_duplicates}")
    for problem in report.problems[:20]:
        typer.echo(f"  {problem}")
    for criterion in report.criteria:
        value = "not measured" if criterion.value is None else f"{criterion.value:g}"
        word = {True: "pass", False: "FAIL", None: "open"}[criterion.passed]
        typer.echo(f"{word}  {criterion.name}: {value} (wanted {criterion.bound})")
    typer.echo(report.verdict)


@app.command("check")
def command_check(
    path: Annotated[Path, typer.Argument(help="a file of conversations")],
    *,
    review: Annotated[Path | None, typer.Option("--review", help="a filled-in review")] = None,
    wanted: Annotated[int, typer.Option("--wanted", min=1, help="conversations for a go")] = 100,
) -> None:
    """Measure a file and say go or no-go. Exit code 1 for no-go, 3 while the review is missing."""
    found = check_conversations(path, wanted=wanted, review=read_review(review) if review else None)
    _print_report(found)
    if found.verdict != "go":
        raise typer.Exit(1 if found.verdict == "no-go" else 3)


@app.command("review")
def command_review(
    path: Annotated[Path, typer.Argument(help="a file of conversations, or with --read a filled-in review")],
    *,
    read: Annotated[bool, typer.Option("--read", help="read the verdicts of a review")] = False,
    output: Annotated[Path | None, typer.Option("--output", help="CSV to write; by default beside the file")] = None,
    sample: Annotated[int, typer.Option("--sample", min=1)] = 20,
    seed: Annotated[int, typer.Option("--seed")] = 42,
) -> None:
    """Draw a sample into a CSV for a person to read, or read the verdicts back."""
    if read:
        result = read_review(path)
        share = "no verdict yet" if result.share is None else f"{result.share:.0%} show their patterns"
        typer.echo(f"{result.reviewed} reviewed, {result.open} open: {share} (wanted >= 90%)")
        return
    target = output or path.with_name(f"{path.stem}_review.csv")
    number = draw_review(path, target, sample=sample, seed=seed)
    typer.echo(f"{number} conversations in {target}: fill in shows_patterns with yes or no")


@app.command("combine")
def command_combine(
    inputs: Annotated[list[Path], typer.Argument(help="files of conversations")],
    *,
    output: Annotated[Path, typer.Option("--output", help="the file to write")],
) -> None:
    """Put files together, each conversation once, with where it came from."""
    result = combine_conversations(inputs, output)
    typer.echo(f"{output}: {result.kept} of {result.read} kept")
    for reason, number in sorted(result.left_out.items()):
        typer.echo(f"  left out {number}: {reason}")


@app.command("convert")
def command_convert(
    path: Annotated[Path, typer.Argument(help="a file of conversations")],
    *,
    form: Annotated[str, typer.Option("--format", help=", ".join(FORMATS))],
    output: Annotated[Path | None, typer.Option("--output", help="by default <stem>.<format>.jsonl")] = None,
    system: Annotated[str | None, typer.Option("--system", help="system prompt; by default the library's")] = None,
    library: LibraryName = "coding",
) -> None:
    """Write a fine-tuning format, checked against its published rules."""
    target = output or path.with_name(f"{path.stem}.{form}.jsonl")
    number = convert_conversations(path, target, form, system=system or load_library(library).system)
    typer.echo(f"{target}: {number} examples for {form}")
