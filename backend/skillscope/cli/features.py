"""`skillscope features`: explain a text, write the reference, measure accuracy; and `skillscope import justhink`."""

import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from skillscope.errors import FileError

__all__ = [
    "app",
    "command_accuracy",
    "command_explain",
    "command_justhink",
    "command_lexicons",
    "command_recompute",
    "command_reference",
    "command_train_sentences",
]

app = typer.Typer(no_args_is_help=True, help="What the 29 features are, and what they say of a text.")


@app.command("explain")
def command_explain(
    text: Annotated[str, typer.Argument(help="The text; - reads it from stdin.")],
    html: Annotated[Path | None, typer.Option(help="Also write an HTML page with the trees here.")] = None,
) -> None:
    """Show each word with tag, lemma and hits, and every linguistic feature with formula and value."""
    from skillscope.features.explain import explain, print_explanation

    body = sys.stdin.read() if text == "-" else text
    if html is not None and not html.parent.is_dir():
        raise FileError(f"{html.parent} is no folder; the page cannot be written there")
    print_explanation(explain(body), html)


@app.command("reference")
def command_reference(
    output: Annotated[Path | None, typer.Option(help="Write the page here instead of printing it.")] = None,
) -> None:
    """Print the feature reference (docs/features.md), written from the schema."""
    from skillscope.features.describe import feature_reference

    if output is None:
        typer.echo(feature_reference(), nl=False)
        return
    _write(output, feature_reference())


def _write(output: Path, page: str) -> None:
    try:
        output.write_text(page, encoding="utf-8")
    except OSError as error:
        raise FileError(f"{output} cannot be written: {error.strerror}") from error


@app.command("accuracy")
def command_accuracy(
    treebanks: Annotated[
        Path | None, typer.Option(help="Folder of the treebanks; the shared data's treebanks by default.")
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="Texts of each set at most.")] = 100_000,
    output: Annotated[Path | None, typer.Option(help="Also write the page (docs/feature-accuracy.md) here.")] = None,
) -> None:
    """Compare features with those computed from gold trees: correlation and mean absolute error."""
    from skillscope.features.gold import accuracy_page, measure_accuracy, render_accuracy, render_targets
    from skillscope.settings import get_settings

    folder = treebanks or get_settings().shared_data / "treebanks"
    rows = measure_accuracy(folder, most=most)
    typer.echo(f"{render_accuracy(rows)}\n\n{render_targets(rows)}")
    if output is not None:
        _write(output, accuracy_page(rows))


@app.command("lexicons")
def command_lexicons(
    folder: Annotated[Path, typer.Argument(help="Folder of marked sentences, a file <list>.txt for each list.")],
    errors: Annotated[bool, typer.Option(help="Also show where the development halves differ.")] = False,
    page: Annotated[
        Path | None, typer.Option(help="Also fill the block `word-lists` of this page (docs/lexicon-accuracy.md).")
    ] = None,
) -> None:
    """Measure the word lists on sentences in which [counting] and <negated> words are marked."""
    from skillscope.evaluation.pages.blocks import fill_page
    from skillscope.features.lexicon_scores import (
        development_errors,
        render_scores,
        score_folder,
    )

    table = render_scores(score_folder(folder))
    typer.echo(table)
    if errors:
        for name, text, missed, wrong in development_errors(folder):
            typer.echo(f"{name}: {text} | missed: {', '.join(missed) or '-'} | wrong: {', '.join(wrong) or '-'}")
    if page is not None:
        fill_page(page, {"word-lists": table})


@app.command("train-sentences")
def command_train_sentences(
    output: Annotated[Path, typer.Option(help="JSON file to write.")],
    treebanks: Annotated[
        Path | None, typer.Option(help="Folder of the treebanks; the shared data's treebanks by default.")
    ] = None,
    real: Annotated[
        Path | None, typer.Option(help="Folder of justhink and empathic-reactions; the shared data's by default.")
    ] = None,
) -> None:
    """Train the model that splits unpunctuated speech into sentences (about a minute)."""
    from skillscope.features.train_sentences import train_sentences
    from skillscope.settings import get_settings

    shared = get_settings().shared_data
    gaps = train_sentences(treebanks or shared / "treebanks", real or shared / "real", output)
    typer.echo(f"learned from {gaps} gaps -> {output}")


def command_justhink(
    folder: Annotated[Path, typer.Argument(help="The folder of JUSThink's logs, or the one above it.")],
) -> None:
    """Map the logs of JUSThink onto events and print the behavioral features of every team."""
    from rich.console import Console
    from rich.table import Column, Table

    from skillscope.features.justhink import NOT_TO_BE_HAD, justhink_features, read_justhink
    from skillscope.features.schema import TELEMETRY

    logs = read_justhink(folder)
    features = justhink_features(folder)
    team = Column("team", no_wrap=True)
    table = Table(team, *(item.name.replace("_", " ") for item in TELEMETRY))
    for row in features.iter_rows(named=True):
        values = (row[item.name] for item in TELEMETRY)
        table.add_row(row["student_id"], *("-" if math.isnan(value) else f"{value:g}" for value in values))
    Console().print(table)
    typer.echo(f"{features.height} teams, {len(logs.events)} events; {logs.robot_rows} rows of the robot passed over")
    for name, reason in NOT_TO_BE_HAD.items():
        typer.echo(f"{name} cannot be had: {reason}")


@app.command("recompute")
def command_recompute() -> None:
    """Bring stored features up to the present schema and language pipeline; a stopped run goes on where it was."""
    from rich.console import Console
    from rich.progress import Progress

    from skillscope.assessment.recompute import recompute_features
    from skillscope.settings import get_settings
    from skillscope.store import open_database

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("measuring", total=None)
        done = recompute_features(
            open_database(get_settings().database),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    typer.echo(f"measured anew: {done.responses} responses, {done.sessions} sessions")
