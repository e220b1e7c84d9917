"""Learning from preferences: direct preference optimisation (Rafailov et al. 2023) through TRL, on the local model."""

import io
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any, Final

from skillscope.errors import ConfigurationError, InputError
from skillscope.lm.bundle import MANIFEST, LmRecord, library_versions, pack, read_record, read_scope
from skillscope.lm.network import load_weights, need_training_extra, quiet, save_weights
from skillscope.lm.tokenizer import BEGIN, SEPARATE, load_tokenizer
from skillscope.synthesis.files import file_sha256
from skillscope.synthesis.lock import RunLock

__all__ = ["Preference", "prefer"]

BETA: Final = 0.1
RATE: Final = 5e-5


@dataclass(frozen=True, slots=True)
class Preference:
    """Two delexicalised answers to one delexicalised prompt, the better one first."""

    prompt: str
    chosen: str
    rejected: str


def prefer(
    base: Path,
    preferences: Sequence[Preference],
    output: Path,
    *,
    beta: float = BETA,
    rate: float = RATE,
    batch: int = 16,
    epochs: int = 1,
    seed: int = 42,
    threads: int = 2,
) -> LmRecord:
    """Trains a bundle on preferences and writes another bundle; `beta` holds it near the base.

    Raises:
        BundleError: the base cannot be read.
        ConfigurationError: the extra `lm` is not installed.
        InputError: there is no preference.
        ConflictError: another training is under way at this output.
    """
    need_training_extra()
    if not preferences:
        raise InputError("at least one pair of a better and a worse answer is needed", field="preferences")
    before = read_record(base)
    with RunLock(output):
        began = time.process_time()
        model, steps, loss = _optimised(
            base, preferences, beta=beta, rate=rate, batch=batch, epochs=epochs, seed=seed, threads=threads
        )
        weights = output.with_name(f".{output.name}.weights")
        save_weights(model, load_tokenizer(base / "tokenizer.json"), weights)
        try:
            return pack(
                weights,
                read_scope(base),
                {
                    **before.model_dump(exclude={"files", "base", "trained_on", "steps", "epochs", "versions"}),
                    "base": file_sha256(base / MANIFEST),
                    "trained_on": {"preferences:feedback": len(preferences)},
                    "steps": steps,
                    "epochs": epochs,
                    "seed": seed,
                    "final_loss": round(loss, 6),
                    "core_seconds": round(time.process_time() - began, 1),
                    "versions": library_versions(),
                },
                output,
            )
        finally:
            rmtree(weights, ignore_errors=True)


def _optimised(
    base: Path,
    preferences: Sequence[Preference],
    *,
    beta: float,
    rate: float,
    batch: int,
    epochs: int,
    seed: int,
    threads: int,
) -> tuple[Any, int, float]:
    """The trained network, its steps and the mean loss."""
    try:
        import torch
        from transformers import AutoTokenizer
        from trl import DPOConfig, DPOTrainer

        from datasets import Dataset, disable_progress_bars
    except ImportError as error:
        raise ConfigurationError(f"preferences need the extra `lm` ({error.name} is not installed)") from error
    torch.set_num_threads(threads)
    disable_progress_bars()
    rows = [
        {"prompt": f"{BEGIN}{row.prompt}{SEPARATE}", "chosen": row.chosen, "rejected": row.rejected}
        for row in preferences
    ]
    with quiet(), redirect_stdout(io.StringIO()), TemporaryDirectory() as scratch:
        settings = DPOConfig(
            output_dir=scratch,
            beta=beta,
            learning_rate=rate,
            per_device_train_batch_size=batch,
            num_train_epochs=epochs,
            seed=seed,
            data_seed=seed,
            use_cpu=True,
            bf16=False,
            max_length=None,
            gradient_checkpointing=False,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        trainer = DPOTrainer(
            model=load_weights(base / "weights"),
            ref_model=load_weights(base / "weights"),
            args=settings,
            train_dataset=Dataset.from_list(rows),
            processing_class=AutoTokenizer.from_pretrained(str(base / "weights")),
        )
        done = trainer.train()
        return trainer.model, int(done.global_step), float(done.training_loss)
