"""`skillscope models`: train and show the models."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "HoldOutChoice",
    "app",
    "command_learning_curve",
    "command_recovery",
    "command_show",
    "command_train",
]


class HoldOutChoice(StrEnum):
    """What is never split between training and test."""

    both = "both"
    scenario = "scenario"
    student = "student"


app = typer.Typer(no_args_is_help=True, help="Train and show the models.")


@app.command("train")
def command_train(
    data: Annotated[Path, typer.Option(help="Dataset of 38 columns, CSV or Parquet.")],
    models_dir: Annotated[
        Path | None, typer.Option(help="Folder that gets the bundle `skillscope`; SKILLSCOPE_MODELS_DIR by default.")
    ] = None,
    *,
    seed: Annotated[int, typer.Option(min=0, help="The same data and seed give the same models.")] = 42,
    register: Annotated[bool, typer.Option(help="Log to MLflow and register the bundle as challenger.")] = True,
    families: Annotated[
        str, typer.Option(help="Feature families beside the 29: reference_overlap.v1,prompt_text.v1,...")
    ] = "",
    prompts: Annotated[
        Path | None, typer.Option(help="CSV scenario,prompt,reference: what was asked, for families that read it.")
    ] = None,
    hold_out: Annotated[
        HoldOutChoice, typer.Option(help="What is never split between training and test.")
    ] = HoldOutChoice.both,
    tune: Annotated[
        int, typer.Option(min=0, max=1000, help="Parameters that Optuna tries in every training fold; 0 for none.")
    ] = 0,
    smote: Annotated[bool, typer.Option("--smote", help="Even out skill x level in the training folds.")] = False,
    augment_to: Annotated[
        int | None, typer.Option(min=12, max=1_000_000, help="SMOTE until there would be so many rows in all.")
    ] = None,
    label_weight: Annotated[
        list[str] | None, typer.Option(help="What a label counts by its source, as human=1.0; may be repeated.")
    ] = None,
    shuffled_labels: Annotated[
        bool, typer.Option("--shuffled-labels", help="A test of the test: labels dealt out anew must not be learnt.")
    ] = False,
) -> None:
    """Train one regressor a skill, measure it on held-out scenarios, write and register the bundle."""
    from rich.console import Console
    from rich.table import Table

    from skillscope.features.families import FamilySet
    from skillscope.modeling.recipe import Recipe
    from skillscope.modeling.shuffled import train_shuffled
    from skillscope.modeling.training import train_models
    from skillscope.modeling.weights import parse_weights
    from skillscope.settings import get_settings

    recipe = Recipe(
        families=FamilySet.of([key.strip() for key in families.split(",") if key.strip()]),
        smote=smote or augment_to is not None,
        augment_to=augment_to,
        trials=tune,
        weights=parse_weights(label_weight or []),
        seed=seed,
    )
    console = Console(stderr=True)
    if shuffled_labels:
        with console.status("cross-validating on shuffled labels"):
            shuffled = train_shuffled(data, recipe, prompts=prompts, hold_out=hold_out.value, register=register)
        typer.echo(shuffled.text())
        raise typer.Exit(0 if shuffled.passed else 1)
    with console.status("reading the data") as status:
        result = train_models(
            data,
            models_dir or get_settings().models_dir,
            recipe=recipe,
            prompts=prompts,
            hold_out=hold_out.value,
            register=register,
            report=status.update,
        )
    for note in result.notes:
        typer.echo(f"note: {note}", err=True)
    held = result.bundle.record.trained_on["held_out"]
    what = {"both": "scenarios and students", "scenario": "scenarios", "student": "students"}[held]
    table = Table(title=f"on held-out {what} ({result.bundle.label_source} labels)", title_justify="left")
    table.add_column("skill")
    for name in ("R2", "MAE", "RMSE", "r", "R2 of TF-IDF", "noise ceiling"):
        table.add_column(name, justify="right")
    for skill, item in result.bundle.record.skills.items():
        figures = [item.metrics["r2"], item.metrics["mae"], item.metrics["rmse"], item.metrics["r"]]
        figures.append(item.baselines["tfidf"]["r2"])
        ceiling = "" if item.noise_ceiling is None else f"{item.noise_ceiling:.3f}"
        table.add_row(skill, *(f"{value:.3f}" for value in figures), ceiling)
    Console().print(table)
    typer.echo(f"bundle {result.bundle.version} -> {result.bundle.path}")
    if result.registration is not None:
        number, aliases = result.registration.model_version, result.registration.aliases
        typer.echo(f"registered as skillscope version {number}, alias {' and '.join(aliases)}")
        if "champion" in aliases:
            typer.echo("it is champion as a demonstration: no model was released by the gate yet")
        else:
            typer.echo("make it the champion with: skillscope promote")


@app.command("curve")
def command_learning_curve(
    data: Annotated[
        Path | None, typer.Option(help="Generated set of 6,300 rows or more; made anew from the seed by default.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="JSON to write, with a figure beside it; the data folder's reports by default.")
    ] = None,
    *,
    seed: Annotated[int, typer.Option(min=0, help="Of the generated set and of training.")] = 7,
    register: Annotated[bool, typer.Option(help="Log figure and JSON to MLflow.")] = True,
) -> None:
    """R2 and error by rows learnt from, on scenarios that no model has seen."""
    from rich.console import Console
    from rich.table import Table

    from skillscope.modeling.experiments import make_learning_curve
    from skillscope.skills import SKILLS

    with Console(stderr=True).status("learning curve") as status:
        curve, path = make_learning_curve(data, output, seed=seed, register=register, report=status.update)
    table = Table(title="by rows learnt from, scenarios unseen", title_justify="left")
    for name in ("skill", "", *(point.label for point in curve.points), "ceiling", "95%"):
        table.add_column(name, justify="left" if name in {"skill", ""} else "right")
    for skill in SKILLS:
        ceilings = (f"{curve.noise_ceiling[skill]:.3f}", f"{curve.near_ceiling[skill]:.3f}")
        table.add_row(skill, "R2", *(f"{point.r2[skill]:.3f}" for point in curve.points), *ceilings)
        table.add_row("", "MAE", *(f"{point.mae[skill]:.3f}" for point in curve.points))
    Console().print(table)
    for line in curve.missed():
        typer.echo(f"falls short: {line}")
    typer.echo(f"-> {path}")


@app.command("recovery")
def command_recovery(
    data: Annotated[
        Path | None, typer.Option(help="Generated set whose scenarios are kept apart; made anew by default.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="JSON to write, with a figure beside it; the data folder's reports by default.")
    ] = None,
    *,
    champion: Annotated[
        bool, typer.Option("--champion", help="Ask the champion, on scenarios that it may have seen.")
    ] = False,
    students: Annotated[int, typer.Option(min=20, max=5000, help="Simulated students.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Of the students, the generated set and training.")] = 7,
    register: Annotated[bool, typer.Option(help="Log figure and JSON to MLflow.")] = True,
) -> None:
    """Do scores find the known traits of simulated students, and does more evidence help?"""
    from rich.console import Console
    from rich.table import Table

    from skillscope.modeling.experiments import make_recovery

    with Console(stderr=True).status("recovery") as status:
        found, path = make_recovery(
            data, output, champion=champion, students=students, seed=seed, register=register, report=status.update
        )
    skills = list(found.points[0].mae)
    table = Table(title="rank correlation with the trait, and mean error of the score", title_justify="left")
    for name in ("responses", "sessions", "", *skills):
        table.add_column(name, justify="right", overflow="fold")
    for point in found.points:
        ranks = (f"{point.spearman[skill]:.3f}" for skill in skills)
        table.add_row(str(point.responses), str(point.sessions), "rank", *ranks)
        table.add_row("", "", "error", *(f"{point.mae[skill]:.3f}" for skill in skills))
    Console().print(table)
    typer.echo(f"-> {path}")


@app.command("show")
def command_show(
    html: Annotated[Path | None, typer.Option(help="Write it as a page to this file instead.")] = None,
) -> None:
    """Print the champion's model card."""
    from skillscope.datasets.files import replacing
    from skillscope.modeling.bundle import CARD_NAME
    from skillscope.modeling.card_page import card_page
    from skillscope.modeling.registry import load_champion
    from skillscope.settings import get_settings

    bundle = load_champion(get_settings())
    card = (bundle.path / CARD_NAME).read_text(encoding="utf-8")
    if html is None:
        typer.echo(card)
        return
    with replacing(html) as temporary:
        temporary.write_text(card_page(card), encoding="utf-8")
    typer.echo(f"wrote {html}")
