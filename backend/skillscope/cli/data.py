"""`skillscope data`: the four stages from nothing to a training set, and all of them at once.

The scripts in `backend/scripts` are other doors to the same commands.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillscope.errors import InputError, SkillscopeError

if TYPE_CHECKING:
    from skillscope.datasets.pipeline import Progress, StageResult

__all__ = [
    "app",
    "command_auto_label_skills",
    "command_extract_linguistic_features",
    "command_generate_behavioral_features",
    "command_generate_synthetic_responses",
    "command_generate_training_data",
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
    if manifest.label_source:
        typer.echo(f"scores: {manifest.label_source}")


def _labels(*, no_auto_label: bool, no_labels: bool) -> Any:
    if no_auto_label and no_labels:
        raise InputError("--no-auto-label and --no-labels exclude each other; give one of them", field="labels")
    return "none" if no_labels else "heuristic" if no_auto_label else "simulated"


@app.command("generate-responses")
def command_generate_synthetic_responses(
    count: Count, output: Output, *, seed: Seed = 42, exact: Exact = False
) -> None:
    """Stage 1: responses of simulated students, balanced over skills, levels and grades."""
    from skillscope.datasets.pipeline import generate_synthetic_responses

    with _progress("responses") as progress:
        result = generate_synthetic_responses(count, output, seed=seed, exact=exact, progress=progress)
    _say(result)


@app.command("extract-linguistic")
def command_extract_linguistic_features(source: Source, output: Output) -> None:
    """Stage 2: add the 16 linguistic features of every response."""
    from skillscope.datasets.pipeline import extract_linguistic_features

    with _progress("linguistic features") as progress:
        result = extract_linguistic_features(source, output, progress=progress)
    _say(result)


@app.command("generate-behavioral")
def command_generate_behavioral_features(source: Source, output: Output, seed: KnownSeed = None) -> None:
    """Stage 3: simulate one session a row and add its 9 telemetry and 4 derived features."""
    from skillscope.datasets.pipeline import generate_behavioral_features

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
) -> None:
    """Stage 4: add the four scores, from simulated raters unless told otherwise."""
    from skillscope.datasets.pipeline import auto_label_skills

    labels = _labels(no_auto_label=no_auto_label, no_labels=no_labels)
    with _progress("scores") as progress:
        result = auto_label_skills(source, output, labels=labels, seed=seed, progress=progress)
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
) -> None:
    """All four stages: a training set of 38 columns, checked against the contract."""
    from skillscope.datasets.pipeline import generate_training_data

    labels = _labels(no_auto_label=no_auto_label, no_labels=no_labels)
    with _progress("training set") as progress:
        result = generate_training_data(count, output, seed=seed, exact=exact, labels=labels, progress=progress)
    _say(result)


def run_script(command: Callable[..., None]) -> None:
    """Run one command as a script: an error of ours is one line on stderr and its exit code."""
    script = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    script.command()(command)
    try:
        script()
    except SkillscopeError as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; nothing was written\n")
        raise SystemExit(130) from None
