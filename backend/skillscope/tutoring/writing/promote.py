"""Champion against challenger on the same frozen prompts: a verdict in three states, and what serving reads.

| bound | pass |
|---|---|
| faithful, explanations right (both sets), plans right, fallback, slots shown | floors below, on the first draws |
| synthetic bits per character | at most 1.05 of the champion's |
| real bits per character | below the champion's; nothing is known where no real pair is held out |
| every share of right texts | no worse than the champion's by more than a point: upper end of the paired interval |
| processor time | feedback under 10 ms, explanations under 15 ms |

A bound without data is `insufficient`: it does not pass, and does not stop the first champion.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from skillscope.lm.rows import Example, read_examples
from skillscope.settings import Settings
from skillscope.tutoring.writing.evaluate import Evaluation, Measured, measure
from skillscope.tutoring.writing.figures import RESAMPLES
from skillscope.tutoring.writing.small_model import champion_path, make_champion

__all__ = ["Bound", "Verdict", "compare", "promote"]

Passed = Literal["pass", "fail", "insufficient"]

FAITHFUL: Final = 0.995
RIGHT: Final = 0.98
PLANS: Final = 0.99
FALLBACK: Final = 0.02
WORSE_BITS: Final = 1.05
WORSE_POINT: Final = 0.01
FEEDBACK_MS: Final = 10.0
EXPLANATION_MS: Final = 15.0
LEAST_PROMPTS: Final = 500


class Bound(BaseModel):
    """One thing asked for: what was found, what is wanted, and whether it is met."""

    model_config = ConfigDict(extra="forbid")

    name: str
    value: float | None
    wanted: str
    passed: Passed


class Verdict(BaseModel):
    """Whether the challenger takes over, and why."""

    model_config = ConfigDict(extra="forbid")

    kind: str = "skillscope.lm.verdict.v1"
    promoted: bool
    first: bool
    """There was no champion to compare with."""
    bounds: list[Bound]
    challenger: Evaluation
    champion: Evaluation | None

    @property
    def unmet(self) -> list[Bound]:
        """What keeps the challenger from taking over."""
        return [bound for bound in self.bounds if bound.passed != "pass"]


def _bound(name: str, value: float, wanted: str, *, met: bool, enough: bool = True) -> Bound:
    passed: Passed = "insufficient" if not enough else "pass" if met else "fail"
    return Bound(name=name, value=round(value, 6), wanted=wanted, passed=passed)


def _floors(found: Evaluation) -> list[Bound]:
    bounds = []
    for name, figures in found.sets.items():
        enough = figures.prompts >= LEAST_PROMPTS
        least = PLANS if name == "plan" else FAITHFUL if name == "feedback" else RIGHT
        wanted = f"at least {least:.1%} of {LEAST_PROMPTS} prompts or more"
        right = figures.right.value
        bounds.append(_bound(f"{name}: right", right, wanted, met=right >= least, enough=enough))
        value = figures.faithful.value
        wanted = f"at least {FAITHFUL:.1%}"
        bounds.append(_bound(f"{name}: numbers faithful", value, wanted, met=value >= FAITHFUL, enough=enough))
        value = figures.fallback.value
        wanted = f"at most {FALLBACK:.0%}"
        bounds.append(_bound(f"{name}: fallback", value, wanted, met=value <= FALLBACK, enough=enough))
        limit = FEEDBACK_MS if name == "feedback" else EXPLANATION_MS
        bounds.append(
            _bound(f"{name}: processor time", figures.cpu_ms, f"under {limit:g} ms", met=figures.cpu_ms < limit)
        )
    bounds.append(_bound("slots shown", found.slots_shown, "none", met=found.slots_shown == 0))
    return bounds


def _drop(before: Sequence[float], after: Sequence[float]) -> float:
    """The lower end of the 95% interval of (before - after), resampled in pairs: what is surely lost."""
    difference = np.asarray(before) - np.asarray(after)
    draw = np.random.default_rng(0)
    means = [float(difference[draw.integers(0, len(difference), len(difference))].mean()) for _ in range(RESAMPLES)]
    return float(np.quantile(means, 0.975))


def _rate(bits: Sequence[tuple[float, int]]) -> float:
    return sum(value for value, _ in bits) / sum(length for _, length in bits)


def compare(challenger: Measured, champion: Measured | None) -> Verdict:
    """The verdict on two models measured on the same prompts; without a champion, the floors alone decide."""
    bounds = _floors(challenger.evaluation)
    if champion is not None:
        ratio = _rate(challenger.bits) / _rate(champion.bits)
        wanted = f"at most {WORSE_BITS} of the champion's"
        bounds.append(_bound("synthetic bits per character", ratio, wanted, met=ratio <= WORSE_BITS))
        if challenger.real_bits:
            ratio = _rate(challenger.real_bits) / _rate(champion.real_bits)
            wanted = "below the champion's (under 1)"
            bounds.append(_bound("real bits per character", ratio, wanted, met=ratio < 1))
        else:
            bounds.append(
                Bound(name="real bits per character", value=None, wanted="held-out real pairs", passed="insufficient")
            )
        for name, right in challenger.right.items():
            lost = _drop(champion.right[name], right)
            wanted = f"at most {WORSE_POINT:.0%} of texts lost, upper end of the paired interval"
            bounds.append(_bound(f"{name}: right texts lost", lost, wanted, met=lost <= WORSE_POINT))
    return Verdict(
        promoted=all(bound.passed == "pass" for bound in bounds),
        first=champion is None,
        bounds=bounds,
        challenger=challenger.evaluation,
        champion=champion.evaluation if champion else None,
    )


def promote(
    settings: Settings,
    challenger: Path,
    holdout: Path,
    *,
    data: Path | None = None,
    real: Path | None = None,
    gsm8k: Path | None = None,
    at_most: int | None = None,
    progress: Callable[[str], None] = lambda _name: None,
) -> Verdict:
    """Measures challenger and champion on the same prompts, and lets the challenger answer where it passes.

    Raises:
        BundleError, FileError, SchemaError: a model or a file cannot be read; the champion stays.
        ConfigurationError: an extra is not installed.
    """
    training: tuple[Example, ...] = read_examples(data).train if data else ()
    held = read_examples(real).reserved if real else ()
    options: dict[str, Any] = {"at_most": at_most, "progress": progress, "real": held}
    measured = measure(challenger, holdout, training=training, gsm8k=gsm8k, **options)
    present = champion_path(settings)
    champion = measure(present, holdout, **options) if (present / "manifest.json").exists() else None
    verdict = compare(measured, champion)
    if verdict.promoted:
        make_champion(settings, challenger)
    return verdict
