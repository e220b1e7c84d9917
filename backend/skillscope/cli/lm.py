"""`skillscope lm`: train, measure, compare and promote the small language model."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from skillscope.settings import PROJECT_ROOT, get_settings

if TYPE_CHECKING:
    from skillscope.lm.train import Progress as Report
    from skillscope.tutoring.writing.evaluate import Evaluation
    from skillscope.tutoring.writing.promote import Verdict

__all__ = [
    "app",
    "command_blend",
    "command_card",
    "command_delexicalise",
    "command_evaluate",
    "command_finetune",
    "command_holdout",
    "command_prefer",
    "command_promote",
    "command_retrain",
    "command_train",
]

app = typer.Typer(no_args_is_help=True, help="The small language model that words feedback, explanations and plans.")

_HOLDOUT = PROJECT_ROOT / "models" / "lm" / "holdout.jsonl.gz"
_PAIRS = Path("data/synthetic_sat_data.jsonl")

Data = Annotated[Path, typer.Option("--data", help="Delexicalised pairs (JSONL), as `tutoring pairs generate` writes.")]
Output = Annotated[Path, typer.Option("--output", help="Folder to write.")]
Epochs = Annotated[int, typer.Option(min=1, help="How often every pair is seen.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Stop after so many steps.")]
Seed = Annotated[int, typer.Option(min=0, help="Same data, seed and threads: the same weights.")]
Threads = Annotated[int, typer.Option(min=1, help="Processor threads.")]
Every = Annotated[int, typer.Option("--checkpoint-every", min=1, help="Steps between checkpoints.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget an unfinished training of this output.")]
Holdout = Annotated[Path, typer.Option("--holdout", help="Frozen prompts.")]
Trained = Annotated[Path | None, typer.Option("--data", help="Training pairs, to measure what is memorised.")]
Real = Annotated[Path | None, typer.Option("--real", help="Delexicalised real pairs; the reserved ones count.")]
Words = Annotated[Path | None, typer.Option("--gsm8k", help="Word problems (GSM8K) that the model must decline.")]
Log = Annotated[bool, typer.Option("--mlflow/--no-mlflow", help="Log to MLflow.")]


@contextmanager
def _shown() -> "Iterator[Report]":
    """Loss, steps and time left: a bar on a terminal, now and then a line elsewhere."""
    if not sys.stderr.isatty():
        yield _line
        return
    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("training", total=None, loss="-")

        def tell(*, step: int, steps: int, loss: float, seconds_left: float) -> None:
            bar.update(task, completed=step, total=steps, loss=f"{loss:.3f}")

        yield tell


def _line(*, step: int, steps: int, loss: float, seconds_left: float) -> None:
    if step % 100 == 0 or step == steps:
        typer.echo(f"step {step} of {steps}, loss {loss:.3f}, about {seconds_left:.0f} s left", err=True)


@app.command("train")
def command_train(
    *,
    output: Output,
    data: Data = _PAIRS,
    preset: Annotated[str, typer.Option(help="tiny (0.95M weights), small (3.5M) or base (29M, for a GPU).")] = "tiny",
    epochs: Epochs = 2,
    steps: Steps = None,
    seed: Seed = 42,
    threads: Threads = 2,
    every: Every = 100,
    fresh: Fresh = False,
    mlflow: Log = True,
) -> None:
    """Train a model from nothing. Killed and started again, it goes on and ends with the same weights."""
    from skillscope.lm.train import train

    with _shown() as report:
        trained = train(
            data,
            output,
            preset=preset,
            epochs=epochs,
            steps=steps,
            seed=seed,
            threads=threads,
            every=every,
            fresh=fresh,
            report=report,
        )
    record = trained.record
    typer.echo(f"{record.parameters:,} weights, {record.steps} steps, loss {record.final_loss:.3f} -> {output}")
    if mlflow:
        from skillscope.tutoring.writing.tracking import log_trained

        typer.echo(f"MLflow run {log_trained(trained)}")


@app.command("finetune")
def command_finetune(
    *,
    base: Annotated[str, typer.Option(help="A bundle of ours, a folder in the hub's layout, or a name on the hub.")],
    data: Data,
    output: Output,
    epochs: Epochs = 1,
    steps: Steps = None,
    seed: Seed = 42,
    threads: Threads = 2,
    every: Every = 100,
    replay: Annotated[Path | None, typer.Option(help="Synthetic pairs to replay (our own model).")] = None,
    share: Annotated[float, typer.Option("--replay-share", min=0, max=0.99, help="Their part of the whole.")] = 0.25,
    rank: Annotated[int, typer.Option("--lora-rank", min=1, help="Rank of the adapter.")] = 16,
    lora: Annotated[bool, typer.Option("--lora", help="Train an adapter, not the model (not ours).")] = False,
    download: Annotated[bool, typer.Option("--download", help="Fetch the model from the hub if need be.")] = False,
    fresh: Fresh = False,
    mlflow: Log = True,
) -> None:
    """Train an existing model further: our own in full with synthetic replay, any other one in full or by LoRA."""
    from skillscope.errors import InputError
    from skillscope.lm.finetune import finetune_hub, finetune_own, is_own
    from skillscope.tutoring.writing.tracking import log_trained, log_tuned

    common: dict[str, Any] = {
        "epochs": epochs,
        "steps": steps,
        "seed": seed,
        "threads": threads,
        "every": every,
        "fresh": fresh,
    }
    with _shown() as report:
        if is_own(base):
            if lora:
                raise InputError("the project's own model is trained in full: leave --lora out", field="lora")
            trained = finetune_own(Path(base), data, output, replay=replay, replay_share=share, report=report, **common)
            told = f"{trained.record.steps} steps, loss {trained.record.final_loss:.3f} -> {output}"
            run = log_trained(trained) if mlflow else None
        else:
            tuned = finetune_hub(base, data, output, lora=lora, rank=rank, download=download, report=report, **common)
            told = (
                f"{tuned.trained_weights:,} of {tuned.all_weights:,} weights trained, {tuned.steps} steps; loss on "
                f"reserved pairs {tuned.loss_before} before, {tuned.loss_after} after -> {output}"
            )
            run = log_tuned(tuned) if mlflow else None
    typer.echo(told)
    if run:
        typer.echo(f"MLflow run {run}")


@app.command("blend")
def command_blend(
    base: Annotated[Path, typer.Option(help="A bundle of ours.")],
    tuned: Annotated[Path, typer.Option(help="What `lm finetune` made of it.")],
    output: Output,
    share: Annotated[float, typer.Option(min=0, max=1, help="Part of the tuned model's weights.")] = 0.5,
) -> None:
    """Average a model with what fine-tuning made of it, so that it keeps what it knew."""
    from skillscope.lm.blend import blend

    blend(base, tuned, output, share)
    typer.echo(f"{share:g} of {tuned}, {1 - share:g} of {base} -> {output}")


@app.command("holdout")
def command_holdout(
    output: Annotated[Path, typer.Option(help="Gzipped JSON lines to write.")],
    count: Annotated[int, typer.Option(min=1, help="Prompts of each set.")] = 600,
    seed: Annotated[int, typer.Option(min=0)] = 2026,
) -> None:
    """Write held-out prompts of keys that no training sees: feedback, explanations, plans, wide coefficients."""
    from skillscope.tutoring.writing.holdout import freeze_holdout

    digest = freeze_holdout(output, count, seed=seed)
    typer.echo(f"{count} prompts of each set -> {output}\nsha256 {digest}")


def _print(found: "Evaluation") -> None:
    for name, row in found.sets.items():
        typer.echo(f"{name} ({row.prompts} prompts)")
        for what in ("faithful", "right", "passes", "passes_of_three", "fallback"):
            typer.echo(f"  {what:<16} {getattr(row, what)}")
        typer.echo(f"  {'cpu':<16} {row.cpu_ms} ms")
    typer.echo(f"slots shown {found.slots_shown}; bits per character {found.bits_per_character}")
    typer.echo(f"perplexity {found.perplexity}. {found.perplexity_note}")
    if found.probe is not None:
        typer.echo(f"word problems declined {found.probe.declined}, shown {found.probe.shown}")


@app.command("evaluate")
def command_evaluate(
    *,
    model: Annotated[Path, typer.Option(help="A bundle.")],
    holdout: Holdout = _HOLDOUT,
    data: Trained = None,
    real: Real = None,
    gsm8k: Words = None,
    output: Annotated[Path | None, typer.Option(help="JSON to write.")] = None,
    mlflow: Log = True,
) -> None:
    """Measure a model as it serves, on frozen prompts."""
    from skillscope.synthesis.files import replacing
    from skillscope.tutoring.writing.evaluate import evaluate
    from skillscope.tutoring.writing.tracking import log_evaluation

    found = evaluate(model, holdout, data=data, real=real, gsm8k=gsm8k)
    _print(found)
    if output is not None:
        with replacing(output) as stream:
            stream.write(found.model_dump_json(indent=2) + "\n")
        typer.echo(f"-> {output}")
    if mlflow:
        typer.echo(f"MLflow run {log_evaluation(found)}")


def _decide(verdict: "Verdict", output: Path | None) -> None:
    """Print a verdict, keep it as JSON, and end with exit code 1 where the champion stays."""
    from skillscope.synthesis.files import replacing

    for bound in verdict.bounds:
        value = "unknown" if bound.value is None else f"{bound.value:.4g}"
        typer.echo(f"{bound.passed:<12} {bound.name}: {value} (wanted: {bound.wanted})")
    if output is not None:
        with replacing(output) as stream:
            stream.write(verdict.model_dump_json(indent=2) + "\n")
        typer.echo(f"-> {output}")
    typer.echo("the challenger answers from now on" if verdict.promoted else "the champion stays")
    if not verdict.promoted:
        raise typer.Exit(1)


@app.command("promote")
def command_promote(
    *,
    model: Annotated[Path, typer.Option(help="The challenger's bundle.")],
    holdout: Holdout = _HOLDOUT,
    data: Trained = None,
    real: Real = None,
    gsm8k: Words = None,
    output: Annotated[Path | None, typer.Option(help="JSON to write the verdict to.")] = None,
    mlflow: Log = True,
) -> None:
    """Compare a challenger with the champion on the same prompts; it takes over where every bound is met."""
    from skillscope.tutoring.writing.promote import promote
    from skillscope.tutoring.writing.tracking import log_verdict

    settings = get_settings()
    verdict = promote(settings, model, holdout, data=data, real=real, gsm8k=gsm8k)
    if mlflow:
        typer.echo(f"MLflow run {log_verdict(verdict, settings)}")
    _decide(verdict, output)


@app.command("retrain")
def command_retrain(
    *,
    synthetic: Annotated[Path, typer.Option(help="Synthetic pairs to mix in and to replay.")] = _PAIRS,
    holdout: Holdout = _HOLDOUT,
    minimum: Annotated[int, typer.Option(min=1, help="Trainable real pairs that are worth a training.")] = 100,
    share: Annotated[float | None, typer.Option(min=0, max=0.99, help="Synthetic share, not the policy's.")] = None,
    epochs: Epochs = 1,
    steps: Steps = None,
    threads: Threads = 2,
    gsm8k: Words = None,
    output: Annotated[Path | None, typer.Option(help="JSON to write the verdict to.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget an unfinished retraining.")] = False,
    mlflow: Log = True,
) -> None:
    """Extract, mix by policy, fine-tune, evaluate, promote or keep; the old model answers until then."""
    from skillscope.tutoring.writing.retrain import retrain
    from skillscope.tutoring.writing.tracking import log_verdict

    settings = get_settings()
    with _shown() as report:
        done = retrain(
            settings,
            synthetic,
            holdout,
            minimum=minimum,
            share=share,
            epochs=epochs,
            steps=steps,
            threads=threads,
            gsm8k=gsm8k,
            fresh=fresh,
            report=report,
            tell=lambda step: typer.echo(f"{step} ...", err=True),
        )
    typer.echo(f"{done.trainable} of {done.extracted} real pairs trained on ({done.phase})")
    if mlflow:
        typer.echo(f"MLflow run {log_verdict(done.verdict, settings)}")
    _decide(done.verdict, output)


@app.command("prefer")
def command_prefer(
    *,
    base: Annotated[Path, typer.Option(help="A bundle of ours.")],
    output: Output,
    good: Annotated[Path | None, typer.Option(help="Delexicalised pairs that students rated high.")] = None,
    rejected: Annotated[
        Path | None, typer.Option(help="The same, rated low; without both, raters are simulated.")
    ] = None,
    holdout: Holdout = _HOLDOUT,
    count: Annotated[int, typer.Option(min=1, help="Profiles to draw simulated preferences for.")] = 2000,
    epochs: Epochs = 1,
    rate: Annotated[float, typer.Option(min=0, help="Learning rate.")] = 5e-5,
    seed: Seed = 42,
    threads: Threads = 2,
    report: Annotated[Path | None, typer.Option(help="JSON to write (simulated raters).")] = None,
) -> None:
    """Optimise a model on which texts were liked better (DPO); with simulated raters, say whether it helps."""
    from skillscope.errors import InputError
    from skillscope.lm.prefer import prefer
    from skillscope.synthesis.files import replacing
    from skillscope.tutoring.writing.preferences import prefer_simulated, real_preferences

    if (good is None) != (rejected is None):
        raise InputError("--good and --rejected belong together", field="good")
    if good is not None and rejected is not None:
        found = real_preferences(good, rejected)
        record = prefer(base, found, output, seed=seed, epochs=epochs, rate=rate, threads=threads)
        typer.echo(f"{len(found)} preferences, {record.steps} steps -> {output}")
        return
    told = prefer_simulated(base, output, holdout, count=count, seed=seed, epochs=epochs, rate=rate, threads=threads)
    typer.echo(f"{told.preferences} simulated preferences, {told.record.steps} steps -> {output}")
    typer.echo(f"held-out raters: {told.stars_before} stars before, {told.stars_after} after, gain {told.gain}")
    typer.echo(f"right at the first draw: {told.right_before} before, {told.right_after} after")
    typer.echo("it helps" if told.helps else "it does not help")
    if report is not None:
        with replacing(report) as stream:
            stream.write(told.model_dump_json(indent=2) + "\n")


@app.command("card")
def command_card(
    model: Annotated[Path, typer.Option(help="A bundle.")],
    evaluation: Annotated[Path, typer.Option(help="The JSON of its evaluation.")],
    output: Annotated[Path, typer.Option(help="Markdown to write.")],
) -> None:
    """Write the page beside a shipped model: what it is, and its figures."""
    from skillscope.tutoring.writing.card import write_card

    write_card(model, evaluation, output)
    typer.echo(f"-> {output}")


@app.command("delexicalise")
def command_delexicalise(
    source: Annotated[Path, typer.Option("--input", help="Pairs that `tutoring extract` wrote.")],
    output: Annotated[Path, typer.Option(help="JSONL to write; its manifest beside it.")],
) -> None:
    """Put numbers and names of real feedback and plans back into slots, so that a model can be trained on them."""
    from skillscope.tutoring.writing.delexicalise import delexicalise_pairs

    made = delexicalise_pairs(source, output)
    typer.echo(f"{made.kept} of {made.read} pairs -> {output}")
    for reason, number in made.left_out.items():
        typer.echo(f"left out: {number} ({reason})", err=True)
