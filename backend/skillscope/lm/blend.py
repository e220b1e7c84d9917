"""The weighted mean of a model and of what fine-tuning made of it.

Fine-tuning on what a model is weak at makes it forget some of the rest; between the two lies one that has both
(Wortsman et al. 2022, Robust fine-tuning of zero-shot models).
"""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from skillscope.errors import InputError
from skillscope.lm.bundle import MANIFEST, LmRecord, library_versions, pack, read_record, read_scope
from skillscope.lm.network import load_weights, need_training_extra, save_weights
from skillscope.lm.tokenizer import load_tokenizer
from skillscope.synthesis.files import file_sha256

__all__ = ["blend"]


def blend(base: Path, tuned: Path, output: Path, share: float = 0.5) -> LmRecord:
    """Writes the bundle with `share` of the tuned model's weights and the rest of its base's.

    Raises:
        InputError: `share` is not in [0, 1], or the second model was not fine-tuned from the first.
        BundleError: a bundle cannot be read.
        ConfigurationError: the extra `lm` is not installed.
    """
    need_training_extra()
    if not 0 <= share <= 1:
        raise InputError("the share must be from 0 to 1", field="share")
    before, after = read_record(base), read_record(tuned)
    origin = file_sha256(base / MANIFEST)
    if after.base != origin:
        raise InputError(f"{tuned} was not fine-tuned from {base}: their weights have nothing in common", field="tuned")
    model = load_weights(tuned / "weights")
    old, new = load_weights(base / "weights").state_dict(), model.state_dict()
    model.load_state_dict({name: (1 - share) * old[name] + share * new[name] for name in new})
    with TemporaryDirectory() as scratch:
        weights = Path(scratch) / "weights"
        save_weights(model, load_tokenizer(base / "tokenizer.json"), weights)
        return pack(
            weights,
            read_scope(base) | read_scope(tuned),
            {
                **after.model_dump(exclude={"files"}),
                "blend": share,
                "trained_on": dict(sorted((Counter(before.trained_on) + Counter(after.trained_on)).items())),
                "epochs": before.epochs,
                "steps": before.steps + after.steps,
                "core_seconds": _both(before.core_seconds, after.core_seconds),
                "versions": library_versions(),
            },
            output,
        )


def _both(one: float | None, other: float | None) -> float | None:
    """The sum of two costs, where both are known."""
    return None if one is None or other is None else round(one + other, 1)
