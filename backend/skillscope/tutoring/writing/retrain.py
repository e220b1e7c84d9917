"""Training again, in one call that a scheduler can make: extract, mix by policy, fine-tune, evaluate, promote or keep.

Everything is made in `lm/retrain` of the data folder, each step in whole files: a run that was killed takes up where it
stopped. The model that answers students is touched by the last step alone, by replacing one small file.
"""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from skillscope.errors import InputError
from skillscope.lm.bundle import MANIFEST
from skillscope.lm.finetune import REPLAY, finetune_own
from skillscope.lm.train import Progress, silent
from skillscope.settings import Settings
from skillscope.synthesis.files import file_sha256, lines_of, replacing
from skillscope.synthesis.lock import RunLock
from skillscope.tutoring.extraction import extract_pairs
from skillscope.tutoring.mix import mix_pairs
from skillscope.tutoring.pseudonyms import Pseudonyms
from skillscope.tutoring.retraining import Training, record_training
from skillscope.tutoring.writing.delexicalise import delexicalise_pairs
from skillscope.tutoring.writing.promote import Verdict, promote
from skillscope.tutoring.writing.small_model import champion_path

__all__ = ["Retrained", "retrain"]

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
LEAST: Final = 100


class Retrained(BaseModel):
    """What a retraining did."""

    model_config = ConfigDict(extra="forbid")

    kind: str = "skillscope.lm.retrained.v1"
    at: AwareDatetime
    base: str
    extracted: int
    trainable: int
    left_out: dict[str, int]
    phase: str
    mixed: dict[str, int]
    model: str
    verdict: Verdict


def retrain(
    settings: Settings,
    synthetic: Path,
    holdout: Path,
    *,
    minimum: int = LEAST,
    share: float | None = None,
    epochs: int = 1,
    steps: int | None = None,
    threads: int = 2,
    gsm8k: Path | None = None,
    at_most: int | None = None,
    fresh: bool = False,
    now: datetime | None = None,
    report: Progress = silent,
    tell: Callable[[str], None] = lambda _step: None,
) -> Retrained:
    """One retraining from the champion; the verdict says whether what came out answers from now on.

    `synthetic` are the synthetic pairs to mix in and to replay; `share` overrides the mixing policy; `minimum` is how
    many trainable real pairs are worth a training.

    Raises:
        InputError: there are too few real pairs.
        ConfigurationError, BundleError, FileError, SchemaError: a step cannot be done; the champion stays.
        ConflictError: another retraining is under way.
    """
    work = settings.data_dir / "lm" / "retrain"
    with RunLock(work):
        if fresh:
            shutil.rmtree(work, ignore_errors=True)
        base = champion_path(settings)
        real = work / "real.jsonl"
        if not _made(real):
            tell("extracting")
            names = Pseudonyms.open(settings.data_dir)
            extract_pairs(settings.database, real, since=_BEGINNING, names=names)
        trainable = work / "trainable.jsonl"
        tell("putting numbers back into slots")
        delexed = delexicalise_pairs(real, trainable)
        if delexed.kept < minimum:
            shutil.rmtree(work, ignore_errors=True)
            raise InputError(f"{delexed.kept} real pairs can be trained on, and {minimum} are wanted; the model stays")
        mixed = work / "mixed.jsonl"
        tell("mixing")
        mix = mix_pairs(synthetic, trainable, mixed, share=share)
        challenger = work / "model"
        if not (challenger / MANIFEST).exists():
            tell("training")
            finetune_own(
                base,
                mixed,
                challenger,
                replay=synthetic,
                replay_share=REPLAY,
                epochs=epochs,
                steps=steps,
                threads=threads,
                report=report,
            )
        folder = settings.data_dir / "lm" / f"model-{file_sha256(challenger / MANIFEST)[:12]}"
        if not folder.exists():
            shutil.copytree(challenger, folder.with_suffix(".part"), dirs_exist_ok=True)
            folder.with_suffix(".part").replace(folder)
        tell("comparing with the champion")
        verdict = promote(settings, folder, holdout, real=trainable, gsm8k=gsm8k, at_most=at_most)
        done = Retrained(
            at=now or datetime.now(UTC),
            base=file_sha256(base / MANIFEST),
            extracted=delexed.read,
            trainable=delexed.kept,
            left_out=delexed.left_out,
            phase=mix.phase,
            mixed=mix.by_kind,
            model=folder.name,
            verdict=verdict,
        )
        with replacing(settings.data_dir / "lm" / "retrained.json") as stream:
            stream.write(done.model_dump_json(indent=2) + "\n")
        record_training(settings.data_dir, Training(trained_at=done.at, real_pairs=delexed.read))
        shutil.rmtree(work, ignore_errors=True)
        # a run that was killed after promoting compares the model with itself: it stays, whatever the verdict
        if champion_path(settings).resolve() != folder.resolve():
            shutil.rmtree(folder, ignore_errors=True)
    return done


def _made(pairs: Path) -> bool:
    """Whether an extraction ended: its manifest is written last, and names the sum of what it wrote."""
    manifest = pairs.with_name(f"{pairs.stem}.manifest.json")
    return pairs.exists() and manifest.exists() and file_sha256(pairs) in "".join(lines_of(manifest))
