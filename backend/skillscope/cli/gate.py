"""`skillscope gate` and `skillscope promote`: may this model be released, and the one way to make it the champion."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from skillscope.evaluation.gate import Verdict
    from skillscope.evaluation.record import Evaluation

__all__ = ["command_gate", "command_promote"]

Data = Annotated[
    Path | None, typer.Option(help="Rated rows to evaluate on now; without them the last logged evaluation counts.")
]
Side = Annotated[Path | None, typer.Option(help="Side table of the rated rows: second ratings, groups of students.")]


def _evaluated(model: str, data: Path | None, side: Path | None) -> "Evaluation | None":
    if data is None:
        return None
    from skillscope.evaluation.evaluate import evaluate_model
    from skillscope.evaluation.rated import read_rated
    from skillscope.modeling.versions import find_model

    return evaluate_model(find_model(model).bundle, read_rated(data, side=side), probes=False).evaluation


def _shown(verdict: "Verdict") -> None:
    from rich.console import Console
    from rich.table import Table

    from skillscope.evaluation.gate import THRESHOLDS

    table = Table("skill", "figure", "of", "value", "wanted", "", title_justify="left")
    words = {True: "[green]kept[/green]", False: "[red]missed[/red]", None: "unknown"}
    kept = 0
    for item in verdict.criteria:
        if item.figure == "dsm" and item.judged and item.passed:
            kept += 1
            continue
        value = "" if item.value is None else f"{item.value:.3f}"
        told = words[item.passed] if item.judged else "too few rows"
        table.add_row(item.skill, item.figure, item.of, value, item.rule, told)
    if verdict.criteria:
        table.add_row("", "dsm", f"{kept} groups", "", THRESHOLDS["dsm"].rule, words[True])
        Console().print(table)
    typer.echo(f"{verdict.outcome}: model {verdict.model}" + (f", data {verdict.data}" if verdict.data else ""))
    for reason in verdict.reasons:
        typer.echo(f"  - {reason}")


def command_gate(
    model: Annotated[str, typer.Option(help="Alias, version number, or a bundle's folder.")] = "champion",
    data: Data = None,
    side: Side = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
) -> None:
    """May this model be released? Exit code 0: pass, 1: fail, 3: insufficient evidence."""
    from skillscope.evaluation.release import gate

    verdict, _ = gate(model, evaluation=_evaluated(model, data, side))
    if json:
        typer.echo(verdict.model_dump_json(indent=2))
    else:
        _shown(verdict)
    raise typer.Exit(verdict.exit_code)


def command_promote(
    model: Annotated[str, typer.Option(help="Alias or version number.")] = "challenger",
    data: Data = None,
    side: Side = None,
    *,
    force: Annotated[bool, typer.Option(help="Move the alias whatever the gate says; this is recorded.")] = False,
) -> None:
    """Make a model the champion, if the gate passes it. Exit codes as of `skillscope gate`; 0 when forced."""
    from skillscope.evaluation.release import promote

    done = promote(model, force=force, evaluation=_evaluated(model, data, side))
    if done.refused:
        _shown(done.verdict)
        typer.echo(f"version {done.version} is not released; the champion stays {done.before or 'none'}")
        raise typer.Exit(done.verdict.exit_code)
    how = f"forced against the gate's {done.verdict.outcome}, and recorded so" if done.forced else "it passed the gate"
    typer.echo(f"version {done.version} is the champion ({how}); before: {done.before or 'none'}")
