"""What providers are paid for: texts for a plan, and scores of texts.

The engine keeps every answer in `<output>.paid/` beside the dataset, so a killed run started again asks for no row
twice. The folder may be deleted once the dataset is as it should be.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skillscope.datasets.contract import METADATA, scenario_of
from skillscope.datasets.files import replacing
from skillscope.datasets.manifest import RaterRun, absent_ranges
from skillscope.datasets.stage import rationales_path
from skillscope.labeling.ratings import RatedText, Ratings, estimate_ratings, rate_responses, texts_sha256
from skillscope.simulation.plan import ResponsePlan
from skillscope.simulation.provided import ProvidedResponses, word_range
from skillscope.simulation.scenarios import load_scenarios
from skillscope.skills import SKILLS
from skillscope.synthesis import Estimate, RunManifest, RunOptions, Spend, generate
from skillscope.synthesis.files import canonical_json, lines_of
from skillscope.synthesis.providers.client import Client

__all__ = [
    "PaidRaters",
    "PaidTexts",
    "RatedRows",
    "TextRun",
    "estimate_paid",
    "paid_folder",
    "rate_rows",
    "rated_texts",
    "write_rationales",
    "write_texts",
]

BOOTSTRAP_PAIRS: Final = 2_000_000
"""Texts x resamples of the intervals of agreement; more texts are resampled less often, 100 times at least."""


@dataclass(frozen=True)
class PaidTexts:
    """Who writes the texts, and how. `options` say how the run is done and change nothing in it."""

    client: Client
    temperature: float = 0.9
    options: RunOptions = field(default_factory=RunOptions)


@dataclass(frozen=True)
class PaidRaters:
    """Who rates: every client rates every text `repeats` times."""

    clients: Sequence[Client]
    repeats: int = 1
    options: RunOptions = field(default_factory=RunOptions)


def paid_folder(output: Path) -> Path:
    """Where the answers for a dataset are kept: `<name>.paid` beside it."""
    return output.with_name(f"{output.name}.paid")


@dataclass(frozen=True)
class TextRun:
    """The texts of a finished or stopped run: a JSONL file and its manifest."""

    path: Path
    manifest: RunManifest
    rows: NDArray[np.int64]
    """Planned row number of every kept text, rising."""

    def parts(self, size: int) -> Iterator[pd.DataFrame]:
        """The five metadata columns, `size` rows at a time; the index is the planned row number."""
        values: list[dict[str, Any]] = []
        for line in lines_of(self.path):
            values.append(json.loads(line))
            if len(values) == size:
                yield self._frame(values)
                values = []
        if values:
            yield self._frame(values)

    @staticmethod
    def _frame(values: list[dict[str, Any]]) -> pd.DataFrame:
        frame = pd.DataFrame(values).set_index("row").rename_axis(None)[list(METADATA)]
        return frame.astype({name: "int64" if name == "grade" else "str" for name in METADATA})

    def facts(self) -> dict[str, Any]:
        """What the dataset's manifest takes over."""
        counts = self.manifest.counts
        return {
            "counts": counts,
            "absent": absent_ranges(counts.planned, self.rows),
            "stopped": self.manifest.stopped,
            "spend": self.manifest.spend,
        }


def write_texts(plan: ResponsePlan, output: Path, paid: PaidTexts) -> TextRun:
    """Has the plan's texts written, going on where an earlier run was cut off.

    Raises:
        ProviderError, FileError, ConflictError: as `skillscope.synthesis.generate`.
    """
    path = paid_folder(output) / "responses.jsonl"
    result = generate(ProvidedResponses(plan, paid.client, temperature=paid.temperature), path, paid.options)
    rows = np.fromiter((json.loads(line)["row"] for line in lines_of(path)), dtype=np.int64)
    return TextRun(path, result.manifest, rows)


def rated_texts(frames: Iterable[pd.DataFrame], planned: int | None = None) -> list[RatedText | None]:
    """The texts of frames, each at the place of its row number (the index); None for planned rows without one.

    A text comes with the question of its scenario where that is one of ours.
    """
    texts: list[RatedText | None] = [None] * (planned or 0)
    for frame in frames:
        columns = (frame.index, frame["response"], frame["skill"], frame["grade"], frame["source"])
        for row, text, skill, grade, source in zip(*columns, strict=True):
            scenario = load_scenarios()[skill].get(scenario_of(source)) if skill in SKILLS else None
            texts += [None] * (int(row) + 1 - len(texts))
            texts[int(row)] = RatedText(text, int(grade), scenario.prompt if scenario else None, source)
    return texts


@dataclass(frozen=True)
class RatedRows:
    """Scores (planned rows, 4), NaN where nobody gave one, with what the raters said."""

    scores: NDArray[np.float64]
    ratings: Ratings

    def facts(self, spend: Spend) -> dict[str, Any]:
        """What the dataset's manifest takes over; `spend` is what was spent before."""
        runs = self.ratings.manifests
        return {
            "label_source": self.ratings.label_source,
            "noise_ceiling": None,
            "ratings": [
                RaterRun(rater=rater, counts=run.counts) for rater, run in zip(self.ratings.raters, runs, strict=True)
            ],
            "agreement": self._agreement(),
            "stopped": next((run.stopped for run in runs if run.stopped), None),
            "spend": reduce(Spend.plus, (run.spend for run in runs), spend),
        }

    def _agreement(self) -> dict[str, dict[str, tuple[float | None, ...]]]:
        from skillscope.labeling.agreement import agreement_between

        if len(self.ratings.raters) < 2:
            return {}
        rated = self.ratings.scores[~np.isnan(self.ratings.scores).all(axis=(1, 2))]
        if not len(rated):
            return {}
        resamples = min(500, max(100, BOOTSTRAP_PAIRS // len(rated)))

        def known(value: float) -> float | None:
            return None if math.isnan(value) else round(value, 4)

        return {
            item.skill: {
                name: (known(figure.value), known(figure.low), known(figure.high))
                for name, figure in (("alpha", item.alpha), ("r", item.r), ("qwk", item.qwk))
            }
            for item in agreement_between(rated, resamples=resamples)
        }

    def of(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """The scores (rows, 4) of a frame whose index is the planned row number."""
        return np.asarray(self.scores[frame.index.to_numpy()], dtype=np.float64)

    def notes(self) -> list[str]:
        """Which texts a rater did not score, and why; how far several raters agree."""
        notes = []
        for rater, run in zip(self.ratings.raters, self.ratings.manifests, strict=True):
            notes += [f"{rater} failed on {number}: {reason}" for reason, number in run.counts.failed.items()]
            if run.stopped:
                notes.append(f"{rater} stopped: {run.stopped}; {run.counts.pending} rows are still to be asked for")
        if any(run.counts.failed for run in self.ratings.manifests):
            notes.append("--retry-failed asks again for the failed scores")
        return notes


def rate_rows(
    texts: Sequence[RatedText | None], output: Path, paid: PaidRaters, *, seed: int, spent: Spend | None = None
) -> RatedRows:
    """Has the texts rated, going on where an earlier run was cut off; `spent` counts towards the bound on the cost.

    Raises:
        InputError: there is no text.
        ConfigurationError: student text may not be sent to one of the raters.
        ProviderError, FileError, ConflictError: as `skillscope.synthesis.generate`.
    """
    for client in paid.clients:
        client.ledger.earlier = (spent.cost_usd or 0.0) if spent else 0.0
    # other texts are another run: an unfinished one of before must not be in their way
    work = paid_folder(output) / f"ratings-{texts_sha256(texts)[:12]}"
    ratings = rate_responses(texts, paid.clients, work, seed=seed, repeats=paid.repeats, options=paid.options)
    return RatedRows(ratings.mean(), ratings)


def write_rationales(rows: RatedRows, numbers: NDArray[np.int64], output: Path) -> None:
    """One line for every rater of every row of the dataset, whose place in it is counted from 1.

    Raises:
        FileError: the file cannot be written.
    """
    ratings = rows.ratings
    with replacing(rationales_path(output)) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        for place, number in enumerate(numbers, start=1):
            for rater, scores, said in zip(
                ratings.raters, ratings.scores[number], ratings.rationales[number], strict=True
            ):
                if said:
                    given = dict(zip(SKILLS, scores.tolist(), strict=True))
                    line = {"row": place, "rater": rater, "scores": given, "rationales": said}
                    stream.write(canonical_json(line) + "\n")


def estimate_paid(plan: ResponsePlan, texts: PaidTexts | None, raters: PaidRaters | None) -> Estimate:
    """What texts and ratings for a plan will cost, before there is a text: its length is that which is asked for."""
    made = Estimate(rows=plan.rows)
    if texts is not None:
        made = made.plus(ProvidedResponses(plan, texts.client, temperature=texts.temperature).estimate())
    if raters is not None:
        expected: list[RatedText | None] = []
        for spec in plan:
            words = sum(word_range(spec.grade)) // 2
            prompt = load_scenarios()[spec.skill][spec.scenario].prompt
            expected.append(RatedText("words " * words, spec.grade, prompt, "template:"))
        made = made.plus(estimate_ratings(expected, raters.clients, repeats=raters.repeats))
    return made
