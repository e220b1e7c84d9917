"""Trainings and verdicts of the small model as runs in MLflow, beside those of the scoring models."""

from typing import Any

from skillscope.lm.bundle import LmRecord
from skillscope.lm.finetune import Tuned
from skillscope.lm.train import Trained
from skillscope.modeling.tracking import log_experiment
from skillscope.settings import Settings
from skillscope.tutoring.writing.evaluate import Evaluation
from skillscope.tutoring.writing.promote import Verdict

__all__ = ["log_evaluation", "log_trained", "log_tuned", "log_verdict"]


def _params(record: LmRecord) -> dict[str, Any]:
    named = ("preset", "parameters", "vocabulary", "context", "base", "data_sha256", "steps", "epochs", "seed")
    found = record.model_dump()
    return {name: found[name] for name in named} | {f"pairs.{key}": n for key, n in record.trained_on.items()}


def log_trained(trained: Trained, settings: Settings | None = None) -> str:
    """One training: its settings, the curve of its loss, and what it cost. Gives the run's id."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(list(trained.losses), list(trained.losses.values()))
    axes.set(xlabel="step", ylabel="loss, nats per token", title="Loss on the targets, running mean")
    record = trained.record
    return log_experiment(
        "small model: training" if record.base is None else "small model: fine-tuning",
        params=_params(record),
        metrics={"loss": record.final_loss}
        | ({} if record.core_seconds is None else {"core_seconds": record.core_seconds}),
        figures={"loss": figure},
        tables={"losses": {str(step): loss for step, loss in trained.losses.items()}, "record": record.model_dump()},
        settings=settings,
    )


def log_tuned(tuned: Tuned, settings: Settings | None = None) -> str:
    """One fine-tuning of a model from elsewhere."""
    losses = {"loss_before": tuned.loss_before, "loss_after": tuned.loss_after}
    return log_experiment(
        "external model: fine-tuning",
        params={name: getattr(tuned, name) for name in ("base", "lora", "data_sha256", "steps", "trained_weights")},
        metrics={"core_seconds": tuned.core_seconds}
        | {key: value for key, value in losses.items() if value is not None},
        tables={"record": tuned.model_dump()},
        settings=settings,
    )


def _metrics(found: Evaluation) -> dict[str, float]:
    metrics = {
        "bits_per_character": found.bits_per_character.value,
        "perplexity": found.perplexity.value,
        "slots_shown": float(found.slots_shown),
    }
    if found.real_bits_per_character is not None:
        metrics["real_bits_per_character"] = found.real_bits_per_character.value
    for name, figures in found.sets.items():
        for figure in ("faithful", "right", "passes", "fallback", "bleu", "chrf", "distinct_2"):
            if (known := getattr(figures, figure)) is not None:
                metrics[f"{name}.{figure}"] = known.value
        metrics[f"{name}.cpu_ms"] = figures.cpu_ms
    if found.probe is not None:
        metrics |= {"probe.declined": found.probe.declined.value, "probe.shown": found.probe.shown.value}
    return metrics


def log_evaluation(found: Evaluation, settings: Settings | None = None) -> str:
    """One evaluation."""
    return log_experiment(
        "small model: evaluation",
        params={"model_sha256": found.model_sha256, "holdout_sha256": found.holdout_sha256, "draw_seed": found.seed},
        metrics=_metrics(found),
        tables={"evaluation": found.model_dump()},
        settings=settings,
    )


def log_verdict(verdict: Verdict, settings: Settings | None = None) -> str:
    """One comparison of champion and challenger."""
    champion = verdict.champion.model_sha256 if verdict.champion else None
    return log_experiment(
        "small model: promotion",
        params={"promoted": verdict.promoted, "challenger": verdict.challenger.model_sha256, "champion": champion},
        metrics=_metrics(verdict.challenger),
        tables={"verdict": verdict.model_dump()},
        settings=settings,
    )
