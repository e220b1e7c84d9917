"""`skillscope data`: the four stages from nothing to a training set, and all of them at once.

The scripts in `backend/scripts` are other doors to the same commands.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillscope.cli import _providers as shared
from skillscope.cli.guard import guarded
from skillscope.errors import InputError
from skillscope.synthesis import RunOptions
from skillscope.synthesis.providers.connect import ClientOptions

if TYPE_CHECKING:
    from skillscope.datasets.paid import PaidRaters, PaidTexts
    from skillscope.datasets.stage import Progress, StageResult

__all__ = [
    "app",
    "command_auto_label_skills",
    "command_combine_datasets",
    "command_extract_linguistic_features",
    "command_generate_behavioral_features",
    "command_generate_synthetic_responses",
    "command_generate_training_data",
    "command_import_ratings",
    "run_script",
]

app = typer.Typer(no_args_is_help=True, help="Make training sets: responses, features, scores.")

Count = Annotated[int, typer.Option(min=1, help="Rows; rounded up to whole grids of 84 unless --exact.")]
Source = Annotated[Path, typer.Option("--input", help="CSV or Parquet that the stage before wrote.")]
Output = Annotated[Path, typer.Option(help="CSV or Parquet to write, by its ending.")]
Seed = Annotated[int, typer.Option(min=0, help="The same count and seed give the same bytes.")]
KnownSeed = Annotated[
    int | None, typer.Option(min=0, help="Who the simulated students are; the manifest's seed by default, else 42.")
]
Exact = Annotated[bool, typer.Option("--exact", help="Exactly so many rows, spread as evenly as can be.")]
NoAutoLabel = Annotated[bool, typer.Option("--no-auto-label", help="Scores from the heuristic rater.")]
UseOpenAI = Annotated[bool, typer.Option("--use-openai", help="The same as --provider openai.")]
Temperature = Annotated[float, typer.Option(min=0, max=2, help="Of the texts; ratings are made at 0.")]
Raters = Annotated[int, typer.Option("--raters", min=1, max=9, help="How often each model rates every text.")]
RatingModels = Annotated[
    list[str] | None, typer.Option("--rating-model", help="Model that rates, may be repeated; --model by default.")
]
Models = Annotated[list[str] | None, typer.Option("--model", help="Model that rates; may be repeated.")]
NoLabels = Annotated[bool, typer.Option("--no-labels", help="Leave the scores empty.")]


@contextmanager
def _progress(label: str) -> "Iterator[Progress]":
    """A progress bar on stderr; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _say(result: "StageResult") -> None:
    for note in result.notes:
        typer.echo(f"note: {note}", err=True)
    manifest = result.manifest
    typer.echo(f"{result.rows} rows -> {result.path}")
    shared.print_counts(manifest.counts, manifest.spend, manifest.stopped if manifest.counts.pending else None)
    if manifest.label_source:
        typer.echo(f"scores: {manifest.label_source}")
    for skill, figures in manifest.agreement.items():
        said = (f"{name} {_figure(*figure)}" for name, figure in figures.items())
        typer.echo(f"  agreement on {skill}: {', '.join(said)}")


def _figure(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "undefined"
    return f"{value:.2f}" if low is None or high is None else f"{value:.2f} ({low:.2f} to {high:.2f})"


def _labels(*, no_auto_label: bool, no_labels: bool) -> Any:
    if no_auto_label and no_labels:
        raise InputError("--no-auto-label and --no-labels exclude each other; give one of them", field="labels")
    return "none" if no_labels else "heuristic" if no_auto_label else "simulated"


@dataclass(frozen=True)
class _Paid:
    """The options of a command about what is paid, as they were given."""

    provider: str
    options: ClientOptions
    dry_run: bool = False
    fresh: bool = False
    retry_failed: bool = False
    text_temperature: float | None = None
    """None where the command makes no texts."""
    rating_models: Sequence[str | None] | None = None
    """None where nobody rates."""
    repeats: int = 1

    @contextmanager
    def opened(self, what: str) -> "Iterator[tuple[PaidTexts | None, PaidRaters | None]]":
        """Who writes and who rates, connected for the time of the command; nobody for templates."""
        if self.provider == "template":
            yield None, None
            return
        from skillscope.datasets.paid import PaidRaters, PaidTexts

        texts = raters = None
        with ExitStack() as stack:
            run = RunOptions()
            if not self.dry_run:
                run = stack.enter_context(shared.run_options(what, fresh=self.fresh, retry_failed=self.retry_failed))

            def client(options: ClientOptions) -> Any:
                return stack.enter_context(shared.opened(self.provider, options, dry_run=self.dry_run))

            if self.text_temperature is not None:
                texts = PaidTexts(client(self.options), self.text_temperature, run)
            if self.rating_models is not None:
                models = dict.fromkeys(self.rating_models or [self.options.model])
                clients = [client(replace(self.options, model=model)) for model in models]
                raters = PaidRaters(clients, self.repeats, run)
            yield texts, raters


def _provider(provider: str, *, use_openai: bool) -> str:
    shared.check_provider(provider)
    if use_openai and provider == "gemini":
        raise InputError("--use-openai and --provider gemini exclude each other; give one of them", field="provider")
    return "openai" if use_openai else provider


@app.command("generate-responses")
def command_generate_synthetic_responses(
    count: Count,
    output: Output,
    *,
    seed: Seed = 42,
    exact: Exact = False,
    use_openai: UseOpenAI = False,
    provider: shared.ProviderOption = "template",
    model: shared.Model = None,
    base_url: shared.BaseUrl = None,
    temperature: Temperature = 0.9,
    max_cost: shared.MaxCost = None,
    allow_unpriced: shared.AllowUnpriced = False,
    concurrency: shared.Concurrency = 4,
    requests_per_minute: shared.RequestsPerMinute = None,
    timeout: shared.Timeout = 60.0,
    dry_run: shared.DryRun = False,
    fresh: shared.Fresh = False,
    retry_failed: shared.RetryFailed = False,
) -> None:
    """Stage 1: responses of simulated students, balanced over skills, levels and grades."""
    from skillscope.datasets.pipeline import estimate_training_data, generate_synthetic_responses

    options = shared.client_options(
        model=model,
        base_url=base_url,
        max_cost=max_cost,
        allow_unpriced=allow_unpriced,
        concurrency=concurrency,
        requests_per_minute=requests_per_minute,
        timeout=timeout,
    )
    paid = _Paid(
        _provider(provider, use_openai=use_openai), options, dry_run, fresh, retry_failed, text_temperature=temperature
    )
    with paid.opened("responses") as (texts, _):
        if dry_run:
            shared.print_estimate(estimate_training_data(count, seed=seed, exact=exact, texts=texts))
            return
        with _quiet_if(texts, "responses") as progress:
            result = generate_synthetic_responses(count, output, seed=seed, exact=exact, texts=texts, progress=progress)
    _say(result)


@contextmanager
def _quiet_if(paid: object, label: str) -> "Iterator[Progress | None]":
    """A progress bar, unless the engine shows one already."""
    if paid is not None:
        yield None
        return
    with _progress(label) as progress:
        yield progress


@app.command("extract-linguistic")
def command_extract_linguistic_features(source: Source, output: Output) -> None:
    """Stage 2: add the 16 linguistic features of every response."""
    from skillscope.datasets.pipeline import extract_linguistic_features

    with _progress("linguistic features") as progress:
        result = extract_linguistic_features(source, output, progress=progress)
    _say(result)


@app.command("generate-behavioral")
def command_generate_behavioral_features(
    source: Source, output: Output, seed: KnownSeed = None, *, dry_run: shared.DryRun = False
) -> None:
    """Stage 3: simulate one session a row and add its 9 telemetry and 4 derived features."""
    from skillscope.datasets.pipeline import estimate_sessions, generate_behavioral_features

    if dry_run:
        shared.print_estimate(estimate_sessions(source))
        return
    with _progress("behavioral features") as progress:
        result = generate_behavioral_features(source, output, seed=seed, progress=progress)
    _say(result)


@app.command("label")
def command_auto_label_skills(
    source: Source,
    output: Output,
    *,
    seed: KnownSeed = None,
    no_auto_label: NoAutoLabel = False,
    no_labels: NoLabels = False,
    use_openai: UseOpenAI = False,
    provider: shared.ProviderOption = "template",
    model: Models = None,
    raters: Raters = 1,
    base_url: shared.BaseUrl = None,
    max_cost: shared.MaxCost = None,
    allow_unpriced: shared.AllowUnpriced = False,
    allow_external: shared.AllowExternal = False,
    concurrency: shared.Concurrency = 4,
    requests_per_minute: shared.RequestsPerMinute = None,
    timeout: shared.Timeout = 60.0,
    dry_run: shared.DryRun = False,
    fresh: shared.Fresh = False,
    retry_failed: shared.RetryFailed = False,
) -> None:
    """Stage 4: add the four scores, from simulated raters unless told otherwise."""
    from skillscope.datasets.pipeline import auto_label_skills, estimate_labels

    labels = _labels(no_auto_label=no_auto_label, no_labels=no_labels)
    options = shared.client_options(
        base_url=base_url,
        max_cost=max_cost,
        allow_unpriced=allow_unpriced,
        allow_external=allow_external,
        concurrency=concurrency,
        requests_per_minute=requests_per_minute,
        timeout=timeout,
    )
    chosen = _provider(provider, use_openai=use_openai)
    if chosen != "template" and labels != "simulated":
        raise InputError(
            "--no-auto-label and --no-labels have no language model rate; leave --use-openai and --provider out",
            field="labels",
        )
    paid = _Paid(chosen, options, dry_run, fresh, retry_failed, rating_models=model or [None], repeats=raters)
    with paid.opened("scores") as (_, asked):
        if dry_run:
            shared.print_estimate(estimate_labels(source, asked))
            return
        with _quiet_if(asked, "scores") as progress:
            result = auto_label_skills(source, output, labels=labels, raters=asked, seed=seed, progress=progress)
    _say(result)


@app.command("generate")
def command_generate_training_data(
    count: Count,
    output: Output,
    *,
    seed: Seed = 42,
    exact: Exact = False,
    no_auto_label: NoAutoLabel = False,
    no_labels: NoLabels = False,
    use_openai: UseOpenAI = False,
    provider: shared.ProviderOption = "template",
    model: shared.Model = None,
    rating_model: RatingModels = None,
    raters: Raters = 1,
    base_url: shared.BaseUrl = None,
    temperature: Temperature = 0.9,
    max_cost: shared.MaxCost = None,
    allow_unpriced: shared.AllowUnpriced = False,
    concurrency: shared.Concurrency = 4,
    requests_per_minute: shared.RequestsPerMinute = None,
    timeout: shared.Timeout = 60.0,
    dry_run: shared.DryRun = False,
    fresh: shared.Fresh = False,
    retry_failed: shared.RetryFailed = False,
) -> None:
    """All four stages: a training set of 38 columns, checked against the contract.

    With a provider both texts and scores are paid for; --no-auto-label takes the scores from the heuristic rater.
    """
    from skillscope.datasets.pipeline import estimate_training_data, generate_training_data

    labels = _labels(no_auto_label=no_auto_label, no_labels=no_labels)
    options = shared.client_options(
        model=model,
        base_url=base_url,
        max_cost=max_cost,
        allow_unpriced=allow_unpriced,
        concurrency=concurrency,
        requests_per_minute=requests_per_minute,
        timeout=timeout,
    )
    paid = _Paid(
        _provider(provider, use_openai=use_openai), options, dry_run, fresh, retry_failed,
        text_temperature=temperature,
        rating_models=(rating_model or [model]) if labels == "simulated" else None,
        repeats=raters,
    )  # fmt: skip
    with paid.opened("training set") as (texts, asked):
        if dry_run:
            shared.print_estimate(estimate_training_data(count, seed=seed, exact=exact, texts=texts, raters=asked))
            return
        with _quiet_if(texts, "training set") as progress:
            result = generate_training_data(
                count, output, seed=seed, exact=exact, labels=labels, texts=texts, raters=asked, progress=progress
            )
    _say(result)


@app.command("combine")
def command_combine_datasets(
    synthetic: Annotated[Path, typer.Option(help="Simulated rows: a dataset of 38 columns.")],
    real: Annotated[Path, typer.Option(help="Real rows: a dataset of 38 columns, labels as far as there are any.")],
    output: Output,
    *,
    real_share: Annotated[
        float | None, typer.Option(help="Share of real rows, such as 0.2; rows of the fuller side are left out for it.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Which rows are left out.")] = 42,
) -> None:
    """One training set from simulated and real rows; no text may stand in both."""
    from skillscope.datasets.combine import combine_datasets

    _say(combine_datasets(synthetic, real, output, real_share=real_share, seed=seed))


@app.command("import-ratings")
def command_import_ratings(
    source: Annotated[
        Path, typer.Option("--input", help="CSV: student,scenario,grade,response and one or more <skill>_score.")
    ],
    output: Output,
    *,
    low: Annotated[float, typer.Option(help="Lower end of the rating scale.")] = 0.0,
    high: Annotated[float, typer.Option(help="Upper end of the rating scale.")] = 1.0,
) -> None:
    """A dataset of 38 columns from responses that people rated: texts measured, play unknown, scores put on 0 to 1."""
    from skillscope.datasets.ratings import import_ratings

    _say(import_ratings(source, output, low=low, high=high))


def run_script(command: Callable[..., None]) -> None:
    """Run one command as a script: an error of ours is one line on stderr and its exit code."""
    script = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    script.command()(command)
    guarded(
        script,
        prefix="error",
        interrupted="interrupted; the output was not written, what was paid for is kept for the same command",
    )
