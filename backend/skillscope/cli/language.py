"""`skillscope language`: train and measure the language pipeline."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

app = typer.Typer(no_args_is_help=True, help="Train and measure the language pipeline.")

Treebanks = Annotated[Path | None, typer.Option(help="Folder of the .conllu.xz treebanks.")]


def _treebanks(folder: Path | None) -> Path:
    from skillscope.settings import get_settings

    return folder or get_settings().shared_data / "treebanks"


@app.command()
def train(
    output: Annotated[Path, typer.Option(help="Folder to write the pipeline to.")],
    treebanks: Treebanks = None,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 5_400,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
) -> None:
    """Train the pipeline from treebanks, write it, and print its accuracy table."""
    from skillscope.language.evaluate import markdown_table
    from skillscope.language.publish import train_language_pipeline

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("training", total=steps)
        rows = train_language_pipeline(
            _treebanks(treebanks),
            output,
            steps=steps,
            seed=seed,
            report=lambda step, _nlp, _losses: progress.update(task, completed=step),
        )
    typer.echo(markdown_table(rows))


@app.command()
def evaluate(treebanks: Treebanks = None) -> None:
    """Print the accuracy table of the pipeline that ships with the project."""
    from skillscope.language.evaluate import evaluate_pipeline, markdown_table

    typer.echo(markdown_table(evaluate_pipeline(_treebanks(treebanks))))
