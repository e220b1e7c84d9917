"""`skillscope real-data`: what models are worth on answers that people rated."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from skillscope.evaluation.real.simulated import SimulatedRows
    from skillscope.evaluation.real.tables import Experiment
    from skillscope.modeling.bundle import Bundle

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Measure models on real answers with human ratings.")

Folder = Annotated[Path | None, typer.Option(help="Folder of the real data sets; that of the settings when unset.")]
Rows = Annotated[int | None, typer.Option(min=100, help="Take at most so many answers, for a quick look.")]
Simulated = Annotated[int, typer.Option(min=0, help="Simulated students for the mixed row; 0 leaves it out.")]


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _champion() -> "Bundle | None":
    from skillscope.errors import NotFoundError
    from skillscope.modeling.registry import load_champion

    try:
        return load_champion()
    except NotFoundError:
        _say("no champion bundle is installed: its row is left out")
        return None


def _rows(count: int) -> "SimulatedRows | None":
    from skillscope.evaluation.real.simulated import simulate_rows

    return simulate_rows(count) if count else None


def _print(experiments: "Sequence[Experiment]") -> None:
    typer.echo("\n".join(experiment.markdown() for experiment in experiments))


@app.command("mind-ca")
def command_mind_ca(folder: Folder = None, rows: Rows = None, simulated: Simulated = 2016) -> None:
    """Children's answers about what others think: new children, and a question never seen."""
    from skillscope.evaluation.real.experiments import mind_ca

    _print(mind_ca(folder, rows=rows, champion=_champion(), simulated=_rows(simulated), report=_say))


@app.command("scientsbank")
def command_scientsbank(folder: Folder = None, simulated: Simulated = 2016) -> None:
    """Science answers of grades 3 to 6: is the explanation right?"""
    from skillscope.evaluation.real.experiments import scientsbank

    _print(scientsbank(folder, champion=_champion(), simulated=_rows(simulated), report=_say))


@app.command("empathic-reactions")
def command_empathic_reactions(folder: Folder = None, rows: Rows = None, simulated: Simulated = 2016) -> None:
    """Adults' texts after a news article, and the empathy they report."""
    from skillscope.evaluation.real.experiments import empathic_reactions

    found = empathic_reactions(folder, rows=rows, champion=_champion(), simulated=_rows(simulated), report=_say)
    _print(found)


@app.command("justhink")
def command_justhink(folder: Folder = None, simulated: Simulated = 2016) -> None:
    """Game logs of teams of children, and their test afterwards."""
    from skillscope.evaluation.real.justhink import justhink

    _print(justhink(folder, champion=_champion(), simulated=_rows(simulated), report=_say))


@app.command("report")
def command_report(
    output: Annotated[Path, typer.Option(help="The page to write.")] = Path("docs/real-data.md"),
    folder: Folder = None,
    simulated: Simulated = 2016,
) -> None:
    """Run every experiment and write the page with all tables."""
    from skillscope.evaluation.real.report import write_report

    write_report(output, folder, champion=_champion(), simulated=_rows(simulated), report=_say)
    typer.echo(f"wrote {output}")
