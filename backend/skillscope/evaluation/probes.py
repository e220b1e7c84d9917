"""Gaming probes: texts that try for a score without earning it, and by how much the score rises with them.

Each probe takes a student's honest text and gives another. `keyword list` and `empty praise` stand in for a student who
knows what the machine counts; `stuffed` adds the list to the honest text. Their words come from two halves: one may be
learned from in training, figures are reported on the other.
"""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from skillscope.features import LINGUISTIC, TELEMETRY, derive, extract_linguistic
from skillscope.features.lexicon import load_lexicons
from skillscope.skills import SKILLS

__all__ = ["PROBES", "Half", "ProbeResult", "probe_features", "probe_rises", "probe_text"]

Floats = NDArray[np.float64]
Half = Literal["training", "report"]

PROBES: Final = (
    "empty praise",
    "keyword list",
    "stuffed",
    "copied prompt",
    "gibberish",
    "said three times",
    "off topic",
)
"""In the order in which they are reported."""

_LETTERS: Final = "aaabcdeeefghiiijklmnooopqrstuuuvwxyz"
_WORDS_OF_LIST: Final = (15, 40)
_PRAISE: Final[dict[Half, tuple[str, ...]]] = {
    "training": (
        "This is the best app ever and I love it so much!",
        "You are so kind and so smart and so helpful.",
        "Everybody is nice and everything is wonderful!",
        "I am a very good and very caring person.",
        "Thank you, you are amazing and I am so happy!",
        "What a great question, it is really awesome!",
        "I always do everything great and I am the best.",
        "My teacher is super cool and my class is perfect.",
    ),
    "report": (
        "I like this game a lot, it is fantastic!",
        "You did such a good job making this, well done!",
        "I am always nice to all people and they all love me.",
        "That was a beautiful story and I enjoyed it very much.",
        "Everyone should be happy and friendly all day long!",
        "I am excellent at this and I deserve a great score.",
        "It is so lovely and sweet and good and fun.",
        "Best thing ever, thanks a million, you rock!",
    ),
}  # fmt: skip
_OFF_TOPIC: Final[dict[Half, tuple[str, ...]]] = {
    "training": (
        "Volcanoes are mountains that can shoot out hot lava and ash.",
        "The moon goes around the earth in about a month.",
        "My cereal has marshmallows shaped like stars and boats.",
        "Penguins cannot fly but they swim very fast in cold water.",
        "On Sunday we drove to the lake and it rained all day.",
        "A triangle has three sides and a square has four.",
        "The bus is yellow and it stops next to the bakery.",
        "Some sharks have more than two hundred teeth.",
    ),
    "report": (
        "Dinosaurs lived a long time ago and some had long necks.",
        "My bike is blue and it has a bell and two mirrors.",
        "Water freezes in winter and then the pond turns white.",
        "There are eight planets and Jupiter is the biggest of them.",
        "For lunch there was soup with carrots and a piece of bread.",
        "Bees make honey in a hive and they have black stripes.",
        "The library opens at nine and closes at five in the afternoon.",
        "A train has many cars and it runs on long metal rails.",
    ),
}  # fmt: skip


def _random(seed: int, row: int, probe: str) -> random.Random:
    return random.Random(int.from_bytes(hashlib.sha256(f"{seed}:probe:{probe}:{row}".encode()).digest()[:8]))


@cache
def _keywords(half: Half) -> tuple[str, ...]:
    """The lists' own entries, the halves parted by a hash of the entry."""
    plain = (entry for entry in load_lexicons().entries if entry.kind == "plain" and "*" not in entry.pattern)
    kept = 0 if half == "training" else 1
    texts = sorted({entry.text for entry in plain})
    return tuple(text for text in texts if hashlib.sha256(text.encode()).digest()[0] % 2 == kept)


def _keyword_list(chance: random.Random, half: Half) -> str:
    words = chance.sample(_keywords(half), chance.randint(*_WORDS_OF_LIST))
    return chance.choice((" ", ", ")).join(words)


def _sentences(chance: random.Random, pool: Sequence[str]) -> str:
    return " ".join(chance.sample(pool, chance.randint(3, 6)))


def _gibberish(chance: random.Random, text: str) -> str:
    count = max(8, len(text.split()))
    return " ".join("".join(chance.choices(_LETTERS, k=chance.randint(2, 9))) for _ in range(count))


def probe_text(probe: str, text: str, prompt: str, *, row: int, seed: int = 0, half: Half = "report") -> str | None:
    """What this probe makes of an honest text; None where it cannot be made (the prompt is not known).

    The same arguments give the same text.

    Raises:
        KeyError: there is no such probe.
    """
    chance = _random(seed, row, f"{half}:{probe}")
    makers: dict[str, Callable[[], str | None]] = {
        "empty praise": lambda: _sentences(chance, _PRAISE[half]),
        "keyword list": lambda: _keyword_list(chance, half),
        "stuffed": lambda: f"{text} {_keyword_list(chance, half)}",
        "copied prompt": lambda: prompt or None,
        "gibberish": lambda: _gibberish(chance, text),
        "said three times": lambda: " ".join([text] * 3),
        "off topic": lambda: _sentences(chance, _OFF_TOPIC[half]),
    }
    return makers[probe]()


def probe_features(features: Floats, texts: Sequence[str], *, processes: int = 1) -> Floats:
    """Rows (n, 29) with the text's features those of `texts` (n,), and the play as it was."""
    count = len(LINGUISTIC)
    linguistic = extract_linguistic(texts, processes=processes)
    telemetry = features[:, count : count + len(TELEMETRY)]
    return np.hstack([linguistic, telemetry, derive(linguistic, telemetry)])


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one probe did to one skill's scores: mean rises over the honest text, and the share of rows that the model
    marks as extrapolated, or as so far out that the interval is the whole scale.
    """

    probe: str
    skill: str
    evidence: str
    rows: int
    rise: float
    rise_of_low: float
    extrapolating: float
    beyond: float


def probe_rises(
    probe: str,
    evidence: str,
    honest: Floats,
    gamed: Floats,
    *,
    beyond: NDArray[np.bool_],
    extrapolating: NDArray[np.bool_],
) -> list[ProbeResult]:
    """Mean rises by skill, from honest and gamed scores, each (n, 4) in the order of `SKILLS`.

    `rise_of_low` is the mean over the third of rows whose honest score is lowest: those that have most to gain.
    `extrapolating` and `beyond` (n,) say which gamed rows the model marks as novel, and gives the whole scale.
    """
    found = []
    for column, skill in enumerate(SKILLS):
        known = np.isfinite(honest[:, column]) & np.isfinite(gamed[:, column])
        if not known.any():
            continue
        before = honest[known, column]
        rises = gamed[known, column] - before
        low = before <= np.quantile(before, 1 / 3)
        found.append(
            ProbeResult(
                probe=probe,
                skill=skill,
                evidence=evidence,
                rows=int(known.sum()),
                rise=float(rises.mean()),
                rise_of_low=float(rises[low].mean()),
                extrapolating=float(extrapolating[known].mean()),
                beyond=float(beyond[known].mean()),
            )
        )
    return found
