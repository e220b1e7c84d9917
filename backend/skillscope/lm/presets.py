"""Sizes of the small language model, and how each is trained."""

from dataclasses import dataclass
from typing import Final

from skillscope.errors import InputError

__all__ = ["DEFAULT_PRESET", "PRESETS", "Preset", "preset_named"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A Llama architecture (Touvron et al. 2023) with tied embeddings, and the settings that it learns with.

    `vocabulary` is the most tokens that the tokenizer learns; `context` the most tokens of an input and its output.
    """

    name: str
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    ffn: int
    context: int
    vocabulary: int
    batch: int
    rate: float

    @property
    def parameters(self) -> int:
        """Weights when the vocabulary is full."""
        head = self.hidden // self.heads
        attention = 2 * self.hidden * self.hidden + 2 * self.hidden * head * self.kv_heads
        layer = attention + 3 * self.hidden * self.ffn + 2 * self.hidden
        return self.vocabulary * self.hidden + self.layers * layer + self.hidden


DEFAULT_PRESET: Final = "tiny"
PRESETS: Final = {
    preset.name: preset
    for preset in (
        Preset("tiny", 128, 4, 4, 2, 320, 384, 2048, 32, 3e-3),
        Preset("small", 256, 4, 4, 2, 704, 384, 2048, 32, 2e-3),
        Preset("base", 512, 8, 8, 4, 1536, 512, 8192, 64, 1e-3),
    )
}
"""tiny: 0.95M weights, the default; small: 3.5M; base: 29M, for a GPU."""


def preset_named(name: str) -> Preset:
    """The preset with this name.

    Raises:
        InputError: there is none.
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise InputError(f"no preset {name!r}: choose {', '.join(PRESETS)}", field="preset") from None
