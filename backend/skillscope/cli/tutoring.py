"""`skillscope tutoring`: questions, training pairs, and their mix with real ones."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from skillscope.cli import _providers as shared
from skillscope.settings import get_settings

__all__ = [
    "app",
    "command_extract",
    "command_forget",
    "command_import_gsm8k",
    "command_mix",
    "command_pairs_generate",
    "command_pairs_report",
    "command_pairs_review",
    "command_questions_generate",
    "command_status",
]

app = typer.Typer(no_args_is_help=True, help="SAT practice: questions, training pairs, mixing.")
questions_app = typer.Typer(no_args_is_help=True, help="Practice questions with checked answers and steps.")
pairs_app = typer.Typer(no_args_is_help=True, help="Verified pairs of input and output for the small language model.")
import_app = typer.Typer(no_args_is_help=True, help="Questions from elsewhere, in the same shape.")
app.add_typer(questions_app, name="questions")
app.add_typer(pairs_app, name="pairs")
app.add_typer(import_app, name="import")

Seed = Annotated[int, typer.Option(min=0, help="The same plan and seed give the same bytes.")]


@import_app.callback()
def _imports() -> None:
    pass


@questions_app.command("generate")
def command_questions_generate(
    output: Annotated[Path, typer.Option(help="JSONL to write.")],
    count: Annotated[int, typer.Option(min=1, help="Questions, all skills in equal shares.")] = 1000,
    seed: Seed = 42,
    *,
    fresh: shared.Fresh = False,
) -> None:
    """Generate questions for every skill: four options, named misconceptions, steps confirmed by SymPy."""
    from skillscope.tutoring.questions.generate import generate_questions

    with shared.run_options("questions", fresh=fresh, retry_failed=False) as options:
        result = generate_questions(output, count, seed=seed, options=options)
    shared.print_result(result)


@import_app.command("gsm8k")
def command_import_gsm8k(
    source: Annotated[Path, typer.Argument(help="GSM8K's JSONL: question, answer.")],
    output: Annotated[Path, typer.Option(help="JSONL to write.")],
) -> None:
    """Bring in GSM8K word problems as free-response questions with symbolic steps; unchecked lines are dropped."""
    from skillscope.tutoring.questions.gsm8k import import_gsm8k

    manifest = import_gsm8k(source, output)
    typer.echo(f"{manifest.kept} of {manifest.read} questions -> {output}")
    for reason, number in manifest.dropped.items():
        typer.echo(f"dropped: {number} ({reason})", err=True)


@pairs_app.command("generate")
def command_pairs_generate(
    output: Annotated[Path, typer.Option(help="JSONL to write.")] = Path("data/synthetic_sat_data.jsonl"),
    feedback: Annotated[int, typer.Option(min=0)] = 20_000,
    explanations: Annotated[int, typer.Option(min=0)] = 20_000,
    plans: Annotated[int, typer.Option(min=0)] = 10_000,
    seed: Seed = 42,
    *,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; changes nothing in the output.")] = None,
    provider: shared.ProviderOption = "template",
    examples: Annotated[int, typer.Option(min=1, help="Sentences asked of the provider, to vary the phrasing.")] = 1000,
    model: shared.Model = None,
    base_url: shared.BaseUrl = None,
    max_cost: shared.MaxCost = None,
    allow_unpriced: shared.AllowUnpriced = False,
    concurrency: shared.Concurrency = 4,
    requests_per_minute: shared.RequestsPerMinute = None,
    timeout: shared.Timeout = 60.0,
    dry_run: shared.DryRun = False,
    fresh: shared.Fresh = False,
    retry_failed: shared.RetryFailed = False,
) -> None:
    """Generate pairs of feedback, explanations and plan adjustments, every one verified by code.

    With a provider, a language model first writes new sentences to build them from; the pairs are verified as ever.
    """
    from skillscope.tutoring.pairs.generate import PairPlan, generate_pairs
    from skillscope.tutoring.pairs.phrasing import Phrasing, phrasing_path, read_phrasing, seed_phrasing

    plan = PairPlan(feedback, explanations, plans)
    options = shared.client_options(
        model=model,
        base_url=base_url,
        max_cost=max_cost,
        allow_unpriced=allow_unpriced,
        concurrency=concurrency,
        requests_per_minute=requests_per_minute,
        timeout=timeout,
    )
    phrasing: list[dict[str, str]] = []
    with shared.opened(provider, options, dry_run=dry_run) as client:
        if dry_run:
            typer.echo(f"{plan.total} pairs, rendered and verified on this machine")
            if client is not None:
                shared.print_estimate(Phrasing(examples, seed, client).estimate())
            return
        if client is not None:
            with shared.run_options("phrasing", fresh=fresh, retry_failed=retry_failed) as run:
                worded = seed_phrasing(phrasing_path(output), examples, client, seed=seed, options=run)
            shared.print_result(worded)
            if worded.manifest.stopped:
                raise typer.Exit(1)
            phrasing = read_phrasing(worded.output)
    with shared.run_options("pairs", fresh=fresh, retry_failed=False) as run:
        result = generate_pairs(
            output, plan, seed=seed, workers=workers or get_settings().workers, options=run, phrasing=phrasing
        )
    shared.print_result(result)


@pairs_app.command("report")
def command_pairs_report(
    pairs: Annotated[Path, typer.Option("--input", help="Pairs as JSONL.")] = Path("data/synthetic_sat_data.jsonl"),
    output: Annotated[Path, typer.Option(help="HTML to write; the figures as JSON beside it.")] = Path(
        "data/synthetic_sat_data.report.html"
    ),
) -> None:
    """Report variety, lengths, coverage, duplicates and verification; exit code 1 where a target is missed."""
    from skillscope.tutoring.pairs.report import report_pairs, targets

    figures = report_pairs(pairs, output)
    met = True
    for kind, row in figures.kinds.items():
        for what, measured, wanted, good in targets(kind, row):
            met = met and good
            typer.echo(f"{'met ' if good else 'MISS'} {kind}: {what} {measured} (wanted: {wanted})")
    typer.echo(f"-> {output}")
    if not met:
        raise typer.Exit(1)


@pairs_app.command("review")
def command_pairs_review(
    pairs: Annotated[Path, typer.Option("--input", help="Pairs as JSONL.")] = Path("data/synthetic_sat_data.jsonl"),
    output: Annotated[Path, typer.Option(help="CSV to write for a person.")] = Path("data/pairs_review.csv"),
    sample: Annotated[int, typer.Option(min=1)] = 100,
    seed: Seed = 42,
    verdicts: Annotated[Path | None, typer.Option(help="A reviewed CSV to read back instead.")] = None,
) -> None:
    """Write a sample as CSV for a person; with --verdicts, read the verdicts (good, minor, wrong) back."""
    from skillscope.synthesis import manifest_path
    from skillscope.tutoring.pairs.review import read_review, write_review

    if verdicts is None:
        typer.echo(f"{write_review(pairs, output, sample, seed=seed)} pairs -> {output}")
        return
    summary = read_review(pairs, verdicts)
    found = ", ".join(f"{count} {verdict}" for verdict, count in summary.verdicts.items()) or "none"
    typer.echo(f"{summary.judged} of {summary.sampled} judged: {found} -> {manifest_path(pairs)}")


@app.command("mix")
def command_mix(
    synthetic: Annotated[Path, typer.Option(help="Synthetic pairs.")],
    real: Annotated[Path, typer.Option(help="Real pairs.")],
    output: Annotated[Path, typer.Option(help="JSONL to write.")],
    seed: Seed = 42,
    share: Annotated[
        float | None, typer.Option(min=0, max=0.99, help="Synthetic share, instead of the policy.")
    ] = None,
) -> None:
    """Mix synthetic and real pairs as the transition policy says; the manifest states the phase."""
    from skillscope.tutoring.mix import mix_pairs

    manifest = mix_pairs(synthetic, real, output, seed=seed, share=share)
    typer.echo(f"{manifest.phase}: {manifest.real} real + {manifest.synthetic_kept} synthetic -> {output}")


@app.command("extract")
def command_extract(
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day (UTC).")],
    output: Annotated[Path, typer.Option(help="JSONL to write; manifest and rejected pairs beside it.")],
    database_url: Annotated[
        str | None, typer.Option(help="Another database with the documented tables; the store by default.")
    ] = None,
    minimum: Annotated[int, typer.Option(min=1, help="Answers in a skill that make a pattern.")] = 3,
    *,
    oversample_weak: Annotated[bool, typer.Option("--oversample-weak", help="Word rare skills anew.")] = False,
) -> None:
    """Make training pairs of what students left behind; personal data and what is off topic is taken out."""
    from skillscope.store import open_database
    from skillscope.tutoring.extraction import extract_pairs

    if database_url is None:
        open_database(get_settings().database)  # an installation that has just begun has an empty store
    manifest = extract_pairs(
        database_url or get_settings().database,
        output,
        since=since.replace(tzinfo=UTC),
        oversample_weak=oversample_weak,
        minimum=minimum,
    )
    kinds = ", ".join(f"{number} {kind}" for kind, number in manifest.by_kind.items()) or "none"
    typer.echo(f"{manifest.pairs} pairs ({kinds}), {manifest.rejected} rejected -> {output}")
    for what, counts in (("dropped", manifest.dropped), ("removed", manifest.personal_data_removed)):
        for reason, number in counts.items():
            typer.echo(f"{what}: {number} ({reason})", err=True)


@app.command("forget")
def command_forget(
    student: Annotated[str, typer.Argument(help="Id of the student, or of the user of another database.")],
    folders: Annotated[
        list[Path] | None, typer.Option("--folder", help="Where exported pairs lie; the data folder by default.")
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
) -> None:
    """Take a student's lines out of exported pairs. For users of other databases, and files that lie elsewhere."""
    from skillscope.tutoring.erasure import erase_exported

    erased = erase_exported(student, folders or [get_settings().data_dir], dry_run=dry_run)
    typer.echo(f"{erased} lines {'would be' if dry_run else 'were'} erased")


@app.command("status")
def command_status() -> None:
    """Rows by table, the phase of the mix, and when the next training is due."""
    from skillscope.store import open_database
    from skillscope.tutoring.extraction import count_pairs
    from skillscope.tutoring.retraining import read_training, tutoring_status

    settings = get_settings()
    last = read_training(settings.data_dir)
    with open_database(settings.database)() as session:
        status = tutoring_status(session, count_pairs(settings.database), last)
    for table, number in status.tables.items():
        typer.echo(f"{table:<20} {number:>9,}")
    typer.echo(f"real pairs           {status.real_pairs:>9,}")
    typer.echo(f"phase                {status.phase}")
    if status.due:
        typer.echo(f"training is due: {'; '.join(status.due)}")
        return
    when = f", or on {status.next_at:%Y-%m-%d}" if status.next_at else ""
    typer.echo(f"next training at {status.next_pairs:,} real pairs{when}")
