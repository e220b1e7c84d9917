"""How much a label counts by who gave it, for training sets that mix label sources."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from skillscope.datasets.manifest import Manifest
from skillscope.errors import ConfigurationError
from skillscope.modeling.boosting import Floats

__all__ = ["DEFAULT_WEIGHTS", "label_sources_of", "parse_weights", "source_weights"]

DEFAULT_WEIGHTS: Final[Mapping[str, float]] = {
    "human": 1.0,
    "openai": 0.5,
    "gemini": 0.5,
    "simulated": 0.25,
    "heuristic": 0.1,
    "unknown": 0.25,
}
"""A person's rating counts as four of a simulated rater: it is what a model is meant to agree with."""


def parse_weights(entries: Sequence[str]) -> dict[str, float]:
    """The default weights with these entries, each `<source>=<weight>`, put in their place.

    Raises:
        ConfigurationError: an entry is of another form, names no label source, or its weight is not above 0.
    """
    weights = dict(DEFAULT_WEIGHTS)
    for entry in entries:
        name, _, number = entry.partition("=")
        if name not in weights:
            raise ConfigurationError(f"there is no label source {name!r}; choose from {', '.join(weights)}")
        try:
            weight = float(number)
        except ValueError:
            weight = float("nan")
        if not 0.0 < weight <= 1000.0:
            raise ConfigurationError(f"label weight {entry!r}: write {name}=1.0, a number above 0 and at most 1000")
        weights[name] = weight
    return weights


def label_sources_of(manifest: Manifest | None, kinds: Sequence[str]) -> list[str]:
    """Who labelled each row. `kinds` are what stands before the colon in each row's `source`.

    A combined dataset's manifest says it for each of its parts, another one for the whole; without a manifest rows of
    the kind `human` were rated by people, and of the others it is unknown.
    """
    if manifest is not None and manifest.parts and sum(part.rows for part in manifest.parts) == len(kinds):
        return [part.label_source or "unknown" for part in manifest.parts for _ in range(part.rows)]
    if manifest is not None and manifest.label_source:
        return [manifest.label_source] * len(kinds)
    return ["human" if kind == "human" else "unknown" for kind in kinds]


def source_weights(sources: Sequence[str], weights: Mapping[str, float]) -> Floats:
    """The weight of each row's label, shape (n,), scaled so that their mean is 1.

    A source `openai:<model>` weighs what `openai` does; one of several raters (`a+b`) what they do on average.
    """

    def weigh(source: str) -> float:
        parts = [weights.get(name.partition(":")[0], weights["unknown"]) for name in source.split("+")]
        return sum(parts) / len(parts)

    known = {source: weigh(source) for source in set(sources)}
    raw = np.array([known[source] for source in sources], dtype=np.float64)
    return raw / raw.mean() if len(raw) else raw
