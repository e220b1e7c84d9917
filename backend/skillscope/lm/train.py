"""Trains the small language model from nothing; a killed training goes on from its last checkpoint."""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from skillscope.errors import InputError
from skillscope.lm.batches import collate, epoch_batches, steps_in
from skillscope.lm.bundle import LmRecord, library_versions, pack
from skillscope.lm.checkpoint import Checkpoint
from skillscope.lm.network import build, need_training_extra, save_weights, target_loss
from skillscope.lm.presets import DEFAULT_PRESET, Preset, preset_named
from skillscope.lm.rows import Example, read_examples, texts_of
from skillscope.lm.scope import Scope
from skillscope.lm.tokenizer import encode_pair, load_tokenizer, train_tokenizer
from skillscope.synthesis.files import file_sha256, replacing
from skillscope.synthesis.lock import RunLock

__all__ = ["Progress", "Schedule", "Trained", "counts_of", "facts_of", "fit", "fitting", "silent", "train"]

_WARMUP: Final = 100
_DECAY: Final = 0.1
_CLIP: Final = 1.0
_SMOOTH: Final = 0.98


class Progress(Protocol):
    """Told after every step."""

    def __call__(self, *, step: int, steps: int, loss: float, seconds_left: float) -> None:
        """`loss` is a running mean in nats per token of the targets."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast a training goes; `every` is the number of steps between checkpoints."""

    batch: int
    epochs: int
    rate: float
    seed: int
    threads: int
    steps: int | None = None
    every: int = 100


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training: the bundle, its record, and the running mean of the loss by step."""

    output: Path
    record: LmRecord
    losses: dict[int, float]


def silent(*, step: int, steps: int, loss: float, seconds_left: float) -> None:
    """Says nothing."""


def counts_of(examples: Sequence[Example]) -> dict[str, int]:
    """Examples by origin and kind."""
    return dict(sorted(Counter(f"{example.origin}:{example.kind}" for example in examples).items()))


def facts_of(made: dict[str, Any], examples: Sequence[Example], *, epochs: int, seed: int) -> dict[str, Any]:
    """What a bundle's record says of a training: `made` is what `fit` gave, `examples` are what it learnt."""
    return {
        "trained_on": counts_of(examples),
        "steps": made["steps"],
        "epochs": epochs,
        "seed": seed,
        "final_loss": round(made["loss"], 6),
        "core_seconds": round(made["seconds"], 1),
        "versions": library_versions(),
    }


def fitting(rows: list[tuple[list[int], int]], context: int) -> list[tuple[list[int], int]]:
    """The rows that fit into the context.

    Raises:
        InputError: none does.
    """
    kept = [row for row in rows if len(row[0]) <= context]
    if not kept:
        raise InputError(f"no pair fits into a context of {context} tokens", field="data")
    return kept


def fit(
    model: Any,
    rows: Sequence[tuple[list[int], int]],
    schedule: Schedule,
    checkpoint: Checkpoint,
    *,
    report: Progress = silent,
) -> dict[str, Any]:
    """Trains a network on rows of (ids, number before the target), by AdamW with warm-up and a cosine, from the last
    checkpoint on. Gives `{steps, loss, losses, seconds}`; `seconds` are of processor time, over all resumptions.

    The order of the rows, the rate of each step and the first weights follow from the schedule alone, so the final
    weights are the same whether the training was killed or not.
    """
    import torch

    torch.set_num_threads(schedule.threads)
    total = min(schedule.steps or math.inf, steps_in(len(rows), schedule.batch, schedule.epochs))
    steps = int(total)
    optimizer = _optimizer(model, schedule.rate)
    done, loss_mean, spent, losses = 0, math.nan, 0.0, dict[int, float]()
    state = checkpoint.load()
    if state is not None:
        model.load_state_dict(state["model"], strict=False)  # frozen weights are not kept
        optimizer.load_state_dict(state["optimizer"])
        done, loss_mean, spent, losses = state["step"], state["loss"], state["seconds"], state["losses"]
    model.train()
    began, cpu, first = time.monotonic(), time.process_time(), done
    per_epoch = steps_in(len(rows), schedule.batch, 1)
    lengths = [len(ids) for ids, _ in rows]
    batches: list[list[int]] = []
    while done < steps:
        epoch, place = divmod(done, per_epoch)
        if not batches or place == 0:
            batches = epoch_batches(lengths, schedule.batch, schedule.seed, epoch)
        given, wanted = collate([rows[index] for index in batches[place]])
        for group in optimizer.param_groups:
            group["lr"] = _rate(done, steps, schedule.rate)
        loss = target_loss(model, given, wanted)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        done += 1
        now = float(loss.detach())
        loss_mean = now if math.isnan(loss_mean) else _SMOOTH * loss_mean + (1 - _SMOOTH) * now
        report(
            step=done,
            steps=steps,
            loss=loss_mean,
            seconds_left=(time.monotonic() - began) / (done - first) * (steps - done),
        )
        if done % schedule.every == 0 or done == steps:
            losses[done] = round(loss_mean, 6)
            seconds = spent + time.process_time() - cpu
            checkpoint.save(
                {
                    "model": _trained_state(model),
                    "optimizer": optimizer.state_dict(),
                    "step": done,
                    "loss": loss_mean,
                    "losses": losses,
                    "seconds": seconds,
                }
            )
    model.eval()
    return {"steps": steps, "loss": loss_mean, "losses": losses, "seconds": spent + time.process_time() - cpu}


def _trained_state(model: Any) -> dict[str, Any]:
    """The weights that are trained; the frozen ones of a model under LoRA are where they came from."""
    frozen = {name for name, weight in model.named_parameters() if not weight.requires_grad}
    return {name: value for name, value in model.state_dict().items() if name not in frozen}


def _optimizer(model: Any, rate: float) -> Any:
    import torch

    trained = [weight for weight in model.parameters() if weight.requires_grad]
    decayed = [weight for weight in trained if weight.dim() > 1]
    others = [weight for weight in trained if weight.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": _DECAY}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95), fused=True)


def _rate(step: int, steps: int, peak: float) -> float:
    warmup = min(_WARMUP, max(steps // 10, 1))
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(steps - warmup, 1))))


def _tokenizer(path: Path, examples: Sequence[Example], size: int) -> Any:
    """The tokenizer of this training, learned once."""
    if not path.exists():
        tokenizer = train_tokenizer(list(texts_of(examples)), size)
        with replacing(path) as stream:
            stream.write(tokenizer.to_str())
    return load_tokenizer(path)


def train(
    data: Path,
    output: Path,
    *,
    preset: str | Preset = DEFAULT_PRESET,
    epochs: int = 2,
    steps: int | None = None,
    seed: int = 42,
    threads: int = 2,
    every: int = 100,
    fresh: bool = False,
    report: Progress = silent,
) -> Trained:
    """Trains a preset on a pairs file and writes the bundle `output`. Reserved keys (`lm.rows`) are never seen.

    Started again after a kill it goes on from the last checkpoint, and ends with the same weights.

    Raises:
        ConfigurationError: the extra `lm` is not installed.
        FileError, SchemaError: the data cannot be used, or the output not written.
        ConflictError: another process trains into this output, or another training was begun there.
    """
    need_training_extra()
    if epochs < 1 or (steps is not None and steps < 1):
        raise InputError("at least one epoch and one step are needed", field="epochs")
    size = preset_named(preset) if isinstance(preset, str) else preset
    with RunLock(output):
        examples = read_examples(data)
        schedule = Schedule(size.batch, epochs, size.rate, seed, threads, steps, every)
        digest = file_sha256(data)
        plan = {"data": digest, "preset": asdict(size), "schedule": asdict(replace(schedule, every=0)), "base": None}
        checkpoint = Checkpoint(output, plan)
        checkpoint.open(fresh=fresh)
        tokenizer = _tokenizer(checkpoint.folder / "tokenizer.json", examples.train, size.vocabulary)
        rows = fitting(encode_pair(tokenizer, [(row.prompt, row.target) for row in examples.train]), size.context)
        model = build(size, tokenizer.get_vocab_size(), seed)
        made = fit(model, rows, schedule, checkpoint, report=report)
        weights = checkpoint.folder / "weights"
        save_weights(model, tokenizer, weights)
        record = pack(
            weights,
            Scope.of(example.prompt for example in examples.train),
            {
                "preset": size.name,
                "parameters": sum(weight.numel() for weight in model.parameters()),
                "vocabulary": tokenizer.get_vocab_size(),
                "context": size.context,
                "data_sha256": digest,
                **facts_of(made, examples.train, epochs=epochs, seed=seed),
            },
            output,
        )
        checkpoint.remove()
    return Trained(output, record, made["losses"])
