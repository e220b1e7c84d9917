"""`skillscope evaluate`: a model measured on rated rows, as a report; and on real data sets."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app", "command_evaluate", "command_evaluate_mind_ca", "command_evaluate_pages"]

app = typer.Typer(help="Measure a model on rated rows, and on real data.")


@app.callback(invoke_without_command=True)
def command_evaluate(
    context: typer.Context,
    model: Annotated[str, typer.Option(help="Alias, version number, or a bundle's folder.")] = "champion",
    data: Annotated[Path | None, typer.Option(help="Rated rows: a dataset of 38 columns, CSV or Parquet.")] = None,
    side: Annotated[
        Path | None,
        typer.Option(
            help="CSV with a line for each row of the data: <skill>_score_2 are second ratings, any other column "
            "groups the students (gender, school, ...)."
        ),
    ] = None,
    report: Annotated[Path, typer.Option(help="Page to write; the same as JSON lies beside it.")] = Path("report.html"),
    *,
    probes: Annotated[bool, typer.Option(help="Try to game the scores; measures 2,000 texts.")] = True,
    register: Annotated[bool, typer.Option(help="Log evaluation and page to the model's run in MLflow.")] = True,
) -> None:
    """Measure a model on rated rows: agreement, calibration, fairness, intervals, gaming. Writes a page and JSON."""
    if context.invoked_subcommand is not None:
        return
    if data is None:
        raise typer.BadParameter("name the rated rows: --data FILE", param_hint="--data")
    from rich.console import Console

    from skillscope.evaluation.release import evaluate_and_report

    console = Console(stderr=True)
    with console.status("evaluating") as status:
        done = evaluate_and_report(
            model, data, report, side=side, probes=probes, register=register, progress=status.update
        )
    for skill, item in done.evaluation.skills.items():
        figures = ", ".join(f"{name} {item.figures[name].value:.3f}" for name in ("r", "qwk", "r2", "mae", "smd")
                            if item.figures[name].value is not None)  # fmt: skip
        typer.echo(f"{skill}: {figures} ({item.rows} rows)")
    typer.echo(f"release gate: {done.verdict.outcome}")
    for note in done.evaluation.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"wrote {report} and {done.beside}" + ("; logged to MLflow" if done.logged else ""))


@app.command("mind-ca")
def command_evaluate_mind_ca(
    path: Annotated[Path, typer.Argument(help="CSV of MIND-CA: child_id, answer, score, age, gender, question.")],
) -> None:
    """Real children's answers: the champion as it stands, and a model trained on the human scores."""
    from skillscope.modeling.real import evaluate_mind_ca
    from skillscope.modeling.registry import load_champion
    from skillscope.settings import get_settings

    typer.echo(evaluate_mind_ca(path, load_champion(get_settings())).markdown())


@app.command("pages")
def command_evaluate_pages(
    pages: Annotated[list[Path], typer.Argument(help="Markdown pages with marked places for figures.")],
    only: Annotated[list[str] | None, typer.Option(help="Measure this figure alone; may be repeated.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Folder of the real data sets; that of the settings when unset.")
    ] = None,
) -> None:
    """Measure anew the figures that documents hold, on sets and models made for it, and write them there."""
    from skillscope.evaluation.pages.measure import measure_pages

    filled = measure_pages(pages, only=only or (), real=folder, report=lambda line: typer.echo(line, err=True))
    for page, names in filled.items():
        typer.echo(f"{page}: {', '.join(names) or 'nothing to fill'}")
