"""A model of a few thousand weights, and pairs to train it on, for the tests of several folders."""

import json
from pathlib import Path

from skillscope.lm.presets import Preset
from skillscope.lm.train import train
from skillscope.tutoring.pairs.generate import render_pair

MINUTE = Preset(
    "minute", hidden=16, layers=1, heads=2, kv_heads=1, ffn=32, context=384, vocabulary=700, batch=8, rate=1e-2
)


def write_pairs(path: Path, each: int = 60) -> Path:
    """So many pairs of each kind, as `tutoring pairs generate` would make them."""
    with path.open("w", encoding="utf-8") as stream:
        for kind in ("feedback", "explanation", "plan"):
            for number in range(each):
                stream.write(json.dumps(render_pair(kind, number, 11), ensure_ascii=False) + "\n")
    return path


def train_minute(pairs: Path, folder: Path, steps: int = 20) -> Path:
    """A bundle of a model that has learned next to nothing."""
    return train(pairs, folder, preset=MINUTE, steps=steps, epochs=20, threads=1).output
