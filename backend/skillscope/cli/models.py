"""`skillscope models`: train and show the models. `skillscope evaluate`: measure them on real data."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["HoldOutChoice", "app", "command_evaluate_mind_ca", "command_show", "command_train", "evaluate_app"]


class HoldOutChoice(StrEnum):
    """What is never split between training and test."""

    both = "both"
    scenario = "scenario"
    student = "student"


app = typer.Typer(no_args_is_help=True, help="Train and show the models.")
evaluate_app = typer.Typer(no_args_is_help=True, help="Measure the models on real data.")


@evaluate_app.callback()
def _evaluate() -> None:
    """Measure the models on real data."""


@app.command("train")
def command_train(
    data: Annotated[Path, typer.Option(help="Dataset of 38 columns, CSV or Parquet.")],
    models_dir: Annotated[
        Path | None, typer.Option(help="Folder that gets the bundle `skillscope`; SKILLSCOPE_MODELS_DIR by default.")
    ] = None,
    *,
    seed: Annotated[int, typer.Option(min=0, help="The same data and seed give the same models.")] = 42,
    register: Annotated[bool, typer.Option(help="Log to MLflow and make the bundle the champion.")] = True,
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
        typer.echo(f"registered as skillscope version {result.registration.model_version}, alias champion")


@app.command("show")
def command_show() -> None:
    """Print the champion's model card."""
    from skillscope.modeling.bundle import CARD_NAME
    from skillscope.modeling.registry import load_champion
    from skillscope.settings import get_settings

    bundle = load_champion(get_settings())
    typer.echo((bundle.path / CARD_NAME).read_text(encoding="utf-8"))


@evaluate_app.command("mind-ca")
def command_evaluate_mind_ca(
    path: Annotated[Path, typer.Argument(help="CSV of MIND-CA: child_id, answer, score, age, gender, question.")],
) -> None:
    """Real children's answers: the champion as it stands, and a model trained on the human scores."""
    from skillscope.modeling.real import evaluate_mind_ca
    from skillscope.modeling.registry import load_champion
    from skillscope.settings import get_settings

    typer.echo(evaluate_mind_ca(path, load_champion(get_settings())).markdown())
