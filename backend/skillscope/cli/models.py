"""`skillscope models`: train and show the models. `skillscope evaluate`: measure them on real data."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app", "command_evaluate_mind_ca", "command_show", "command_train", "evaluate_app"]

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
) -> None:
    """Train one regressor a skill, measure it on held-out scenarios, write and register the bundle."""
    from rich.console import Console
    from rich.table import Table

    from skillscope.modeling.training import train_models
    from skillscope.settings import get_settings

    console = Console(stderr=True)
    with console.status("reading the data") as status:
        result = train_models(
            data,
            models_dir or get_settings().models_dir,
            seed=seed,
            register=register,
            report=status.update,
        )
    for note in result.notes:
        typer.echo(f"note: {note}", err=True)
    table = Table(title=f"on held-out scenarios ({result.bundle.label_source} labels)", title_justify="left")
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
