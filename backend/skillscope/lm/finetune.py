"""Trains an existing model further: the project's own, or any causal model in the hub's layout.

The project's own model is trained in full, beside synthetic pairs (25% of the whole by default) so that it forgets
nothing; what comes out is a bundle that serves. At a million weights LoRA saves nothing. Any other causal model is
named by its folder or by its name on the hub, trained in full or with LoRA (Hu et al. 2021, through peft), and written
in the hub's layout with the adapter merged.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from skillscope.errors import BundleError, ConfigurationError, InputError
from skillscope.lm.batches import collate
from skillscope.lm.bundle import MANIFEST, library_versions, pack, read_record, read_scope
from skillscope.lm.checkpoint import Checkpoint
from skillscope.lm.network import load_weights, need_training_extra, quiet, save_weights, target_loss
from skillscope.lm.rows import Example, read_examples
from skillscope.lm.scope import Scope
from skillscope.lm.tokenizer import encode_pair, load_tokenizer
from skillscope.lm.train import Progress, Schedule, Trained, counts_of, facts_of, fit, fitting, silent
from skillscope.synthesis.files import file_sha256, replacing
from skillscope.synthesis.lock import RunLock

__all__ = ["REPLAY", "Tuned", "finetune_hub", "finetune_own", "held_out_loss", "is_own", "with_replay"]

REPLAY: Final = 0.25
OWN_RATE: Final = 1e-3
HUB_RATE: Final = 2e-4
_ANSWER: Final = "\n### Answer:\n"
_MOST_MEASURED: Final = 200


class Tuned(BaseModel):
    """What a fine-tuning of a hub model did; `loss` is in nats per token on reserved pairs, before and after."""

    model_config = ConfigDict(extra="forbid")

    kind: str = "skillscope.lm.tuned.v1"
    base: str
    lora: bool
    data_sha256: str
    trained_on: dict[str, int]
    trained_weights: int
    all_weights: int
    steps: int
    core_seconds: float
    loss_before: float | None
    loss_after: float | None
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: Any
    tokenizer: Any


def is_own(base: str) -> bool:
    """Whether a base is a bundle of the project's own model."""
    return (Path(base) / MANIFEST).is_file()


def with_replay(examples: Sequence[Example], synthetic: Sequence[Example], share: float, seed: int) -> list[Example]:
    """The examples and, where fewer than `share` of them are synthetic, as many synthetic ones as make up the share.

    A hash orders the synthetic pairs, so the choice depends on the seed alone.

    Raises:
        InputError: `share` is not in [0, 1).
    """
    if not 0 <= share < 1:
        raise InputError("the share of replayed pairs must be at least 0 and below 1", field="replay_share")
    real = sum(example.origin == "real" for example in examples)
    wanted = round(real * share / (1 - share)) - (len(examples) - real)
    known = {(example.prompt, example.target) for example in examples}
    fresh = [example for example in synthetic if (example.prompt, example.target) not in known]

    def mark(example: Example) -> str:
        return hashlib.sha256(f"{seed}\x1f{example.prompt}\x1f{example.target}".encode()).hexdigest()

    return [*examples, *sorted(fresh, key=mark)[: max(wanted, 0)]]


def held_out_loss(model: Any, rows: Sequence[tuple[list[int], int]], batch: int = 8) -> float | None:
    """Mean loss per token of at most 200 rows, in nats; None without rows."""
    import torch

    rows = rows[:_MOST_MEASURED]
    total, tokens = 0.0, 0
    model.eval()
    with torch.no_grad():
        for at in range(0, len(rows), batch):
            given, wanted = collate(rows[at : at + batch])
            counted = int((wanted >= 0).sum())
            total += float(target_loss(model, given, wanted)) * counted
            tokens += counted
    return total / tokens if tokens else None


def finetune_own(
    base: Path,
    data: Path,
    output: Path,
    *,
    replay: Path | None = None,
    replay_share: float = REPLAY,
    epochs: int = 2,
    steps: int | None = None,
    batch: int = 16,
    rate: float = OWN_RATE,
    seed: int = 42,
    threads: int = 2,
    every: int = 100,
    fresh: bool = False,
    report: Progress = silent,
) -> Trained:
    """Trains a bundle further on a mixed file, in full, and writes another bundle. Goes on after a kill, like `train`.

    Raises:
        BundleError: the base cannot be read.
        ConfigurationError: the extra `lm` is not installed.
        FileError, SchemaError, InputError: the data cannot be used.
        ConflictError: another training is under way at this output.
    """
    need_training_extra()
    before = read_record(base)
    with RunLock(output):
        examples = read_examples(data)
        synthetic = read_examples(replay).train if replay else ()
        chosen = with_replay(examples.train, synthetic, replay_share, seed)
        schedule = Schedule(batch, epochs, rate, seed, threads, steps, every)
        sums = {"data": file_sha256(data), "replay": file_sha256(replay) if replay else None}
        origin = file_sha256(base / MANIFEST)
        plan = {**sums, "share": replay_share, "schedule": asdict(replace(schedule, every=0)), "base": origin}
        checkpoint = Checkpoint(output, plan)
        checkpoint.open(fresh=fresh)
        tokenizer = load_tokenizer(base / "tokenizer.json")
        rows = fitting(encode_pair(tokenizer, [(row.prompt, row.target) for row in chosen]), before.context)
        model = load_weights(base / "weights")
        made = fit(model, rows, schedule, checkpoint, report=report)
        weights = checkpoint.folder / "weights"
        save_weights(model, tokenizer, weights)
        record = pack(
            weights,
            read_scope(base) | Scope.of(example.prompt for example in chosen),
            {
                "preset": before.preset,
                "parameters": before.parameters,
                "vocabulary": before.vocabulary,
                "context": before.context,
                "base": origin,
                "data_sha256": sums["data"],
                **facts_of(made, chosen, epochs=epochs, seed=seed),
            },
            output,
        )
        checkpoint.remove()
    return Trained(output, record, made["losses"])


def _load_hub(base: str, *, download: bool) -> _Loaded:
    """A causal model and its tokenizer, from a folder, from the cache, or (where allowed) from the hub."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    local = Path(base).is_dir()
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=local or not download)
            model = AutoModelForCausalLM.from_pretrained(base, dtype="float32", local_files_only=local or not download)
    except (OSError, ValueError) as error:
        if local:
            raise BundleError(f"{base} holds no causal model in the hub's layout: {_first_line(error)}") from error
        raise ConfigurationError(
            f"the model {base} is not on this machine: start again with --download, or fetch it with "
            f"`hf download {base} --local-dir FOLDER` and give that folder"
        ) from error
    if tokenizer.eos_token_id is None:
        raise BundleError(f"the tokenizer of {base} has no end-of-text token")
    return _Loaded(model, tokenizer)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__


def _hub_rows(tokenizer: Any, examples: Sequence[Example], context: int) -> list[tuple[list[int], int]]:
    begin = [tokenizer.bos_token_id] if tokenizer.bos_token_id is not None else []
    rows = []
    for example in examples:
        prompt = begin + tokenizer.encode(example.prompt + _ANSWER, add_special_tokens=False)
        target = [*tokenizer.encode(example.target, add_special_tokens=False), tokenizer.eos_token_id]
        rows.append((prompt + target, len(prompt)))
    return fitting(rows, context) if rows else rows


def finetune_hub(
    base: str,
    data: Path,
    output: Path,
    *,
    lora: bool = False,
    rank: int = 16,
    download: bool = False,
    context: int = 1024,
    epochs: int = 1,
    steps: int | None = None,
    batch: int = 8,
    rate: float = HUB_RATE,
    seed: int = 42,
    threads: int = 2,
    every: int = 100,
    fresh: bool = False,
    report: Progress = silent,
) -> Tuned:
    """Trains any causal model on the delexicalised pairs of a file; writes it in the hub's layout, adapter merged.

    Raises:
        ConfigurationError: the extra `lm` is not installed, or the model is not on this machine.
        BundleError: the folder holds no causal model.
        FileError, SchemaError, InputError: the data cannot be used.
        ConflictError: another training is under way at this output.
    """
    need_training_extra()
    import torch

    torch.manual_seed(seed)
    with RunLock(output):
        examples = read_examples(data)
        loaded = _load_hub(base, download=download)
        schedule = Schedule(batch, epochs, rate, seed, threads, steps, every)
        digest = file_sha256(data)
        named = Path(base).name if Path(base).is_dir() else base
        plan = {
            "data": digest,
            "base": named,
            "lora": rank if lora else 0,
            "schedule": asdict(replace(schedule, every=0)),
        }
        checkpoint = Checkpoint(output, plan)
        checkpoint.open(fresh=fresh)
        room = min(context, getattr(loaded.model.config, "max_position_embeddings", None) or context)
        rows = _hub_rows(loaded.tokenizer, examples.train, room)
        held = _hub_rows(loaded.tokenizer, examples.reserved, room)
        before = held_out_loss(loaded.model, held)
        model = _with_adapter(loaded.model, rank) if lora else loaded.model
        made = fit(model, rows, schedule, checkpoint, report=report)
        after = held_out_loss(model, held)
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        tuned = Tuned(
            base=named,
            lora=lora,
            data_sha256=digest,
            trained_on=counts_of(examples.train),
            trained_weights=sum(weight.numel() for weight in weights),
            all_weights=sum(weight.numel() for weight in model.parameters()),
            steps=made["steps"],
            core_seconds=round(made["seconds"], 1),
            loss_before=_rounded(before),
            loss_after=_rounded(after),
            versions=library_versions(),
        )
        with quiet():
            merged = model.merge_and_unload() if lora else model
            merged.save_pretrained(output)
            loaded.tokenizer.save_pretrained(output)
        with replacing(output / "tuned.json") as stream:
            stream.write(tuned.model_dump_json(indent=2) + "\n")
        checkpoint.remove()
    return tuned


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 6)


def _with_adapter(model: Any, rank: int) -> Any:
    from peft import LoraConfig, get_peft_model

    settings = LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    with quiet():
        return get_peft_model(model, settings)
