"""`skillscope import`: bring data sets of others in."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from skillscope.settings import get_settings

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Bring in data sets of others, through the same path as the API.")


@app.command("mind-ca")
def command_import_mind_ca(
    path: Annotated[Path, typer.Argument(help="a CSV file with child_id, answer, score, age, gender, question")],
) -> None:
    """Bring in answers of MIND-CA: children become students mind-ca-<id>. A second import changes nothing."""
    from skillscope.assessment.importers import import_mind_ca
    from skillscope.store import open_database

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("children", total=None)
        result = import_mind_ca(
            open_database(get_settings().database),
            path,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    typer.echo(
        f"new: {result.students} students, {result.responses} responses; there before: {result.unchanged} responses; "
        f"rows without an answer: {result.blank}"
    )


@app.command("oneroster")
def command_import_oneroster(
    folder: Annotated[Path, typer.Argument(help="a folder with users.csv, classes.csv and enrollments.csv")],
    *,
    names: Annotated[bool, typer.Option("--names", help="also keep students' names, in a table of their own")] = False,
) -> None:
    """Bring in a roster in OneRoster 1.2 CSV: students, teachers, classes, enrollments; all of it or nothing."""
    from skillscope.assessment.names import names_cipher
    from skillscope.assessment.rostering import import_oneroster
    from skillscope.store import open_database

    settings = get_settings()
    sessions = open_database(settings.database)
    done = import_oneroster(sessions, folder, names=names, cipher=names_cipher(settings))
    typer.echo(
        f"new: {done.students} students, {done.teachers} teachers, {done.classes} classes; "
        f"put into classes: {done.enrolled}, taken out: {done.withdrawn}; "
        f"students without a grade of 2 to 8: {done.ungraded}"
    )
