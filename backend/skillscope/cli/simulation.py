"""`skillscope simulation`: how good the simulated students are, and what is said about them."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Look at the simulated students.")


@app.command("quotes")
def command_quotes(
    students: Annotated[int, typer.Option(min=1, help="Simulated students.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Which students.")] = 777,
    responses: Annotated[int, typer.Option(min=1, max=20, help="Responses of each.")] = 3,
    play: Annotated[bool, typer.Option(help="Give each a session too.")] = True,
) -> None:
    """Cut out every span that the champion's evidence quotes, and see whether the score moves as it says."""
    from skillscope.assessment.removal import check_quotes
    from skillscope.modeling.registry import load_champion

    found = check_quotes(load_champion(), students=students, seed=seed, responses=responses, play=play)
    typer.echo(
        f"{sum(found.quotes.values())} quotes for {found.students} students ({found.quoted_scores:.1%} of the scores "
        f"have one), median effect {found.median_effect:.3f}"
    )
    for skill, count in found.quotes.items():
        share = f"{found.agreed[skill] / count:.1%}" if count else "no quotes"
        typer.echo(f"  {skill}: {share} of {count}")
    typer.echo(f"removal moved the score in the stated direction: {found.rate:.1%}")


@app.command("report")
def command_report(
    output: Annotated[Path, typer.Option(help="The page to write.")] = Path("docs/simulation.md"),
    count: Annotated[int, typer.Option(min=100, help="Responses to measure.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Which responses.")] = 42,
    children: Annotated[bool, typer.Option(help="Put real children's answers beside them.")] = True,
) -> None:
    """Write the page on how simulated students talk: growth with the grade, slips, variety."""
    from skillscope.datasets.norms import measure_simulation
    from skillscope.datasets.simulation_page import write_page
    from skillscope.errors import FileError
    from skillscope.evaluation.real.norms import children_by_age
    from skillscope.settings import get_settings

    figures = measure_simulation(count, seed=seed, processes=get_settings().workers)
    rows = []
    if children:
        try:
            rows = children_by_age()
        except FileError as error:
            typer.echo(f"without real children: {error}", err=True)
    write_page(output, figures, rows)
    typer.echo(f"wrote {output}: {figures.variety.exact} exact and {figures.variety.near:.2%} near duplicates")
