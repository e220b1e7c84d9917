"""Preferences between feedback texts, real or simulated, and whether learning from them helps.

Real ones pair a text rated four stars or more with one rated two or less for the same performance profile. Simulated
ones are drawn from the model itself and rated by a made-up panel; another panel, on prompts kept apart, says whether
the optimised model pleases more, and the checks of serving say what that cost.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from skillscope.errors import InputError
from skillscope.lm.bundle import LmRecord
from skillscope.lm.prefer import Preference, prefer
from skillscope.lm.rows import is_reserved
from skillscope.lm.writer import Writer
from skillscope.synthesis import row_random
from skillscope.synthesis.files import lines_of
from skillscope.tutoring.answerer import Request, feedback_request
from skillscope.tutoring.pairs.feedback import draw_performance
from skillscope.tutoring.taxonomy import load_taxonomy
from skillscope.tutoring.writing.compose import compose
from skillscope.tutoring.writing.evaluate import judge
from skillscope.tutoring.writing.figures import Figure, mean_of
from skillscope.tutoring.writing.holdout import of_set, read_holdout
from skillscope.tutoring.writing.raters import SimulatedRaters

__all__ = ["PreferenceReport", "prefer_simulated", "real_preferences", "simulated_preferences"]

TRAINING_PANEL = 1
JUDGING_PANEL = 2
_DRAWS = 4
_APART = 0.6


class PreferenceReport(BaseModel):
    """Mean stars (1 to 5) of held-out raters on held-out prompts, and the share of first draws that may be shown.

    `gain` and `right_gain` are paired differences; it helps where the gain is surely positive and no text was lost
    beyond a point.
    """

    model_config = ConfigDict(extra="forbid")

    kind: str = "skillscope.lm.preferences.v1"
    preferences: int
    prompts: int
    stars_before: Figure
    stars_after: Figure
    gain: Figure
    right_before: Figure
    right_after: Figure
    right_gain: Figure
    helps: bool
    record: LmRecord


def _shown(writer: Writer, requests: Sequence[Request]) -> list[tuple[str | None, str | None]]:
    """(delexicalised, filled where it may be shown) of one draw for each request."""
    drawn = compose(writer, [request.prompt for request in requests])
    return [(delex, judge(request, delex)[0]) for delex, request in zip(drawn, requests, strict=True)]


def simulated_preferences(base: Path, count: int, *, seed: int = 42) -> list[Preference]:
    """Draws four texts for each of `count` profiles that may be trained on, and pairs the best with the worst rated.

    Profiles whose texts are rated about alike give none.

    Raises:
        InputError: `count` is below 1.
        BundleError: the base cannot be read.
    """
    if count < 1:
        raise InputError("at least one profile is needed", field="count")
    writer = Writer(base, seed=seed)
    panel = SimulatedRaters(TRAINING_PANEL)
    skills = load_taxonomy().skills
    requests: list[Request] = []
    number = 0
    while len(requests) < count:
        rows = draw_performance(row_random(seed, "writing.preferences", number), skills[number % len(skills)])
        request = feedback_request(rows)
        number += 1
        if not is_reserved("feedback", request.prompt.delex):
            requests.append(request)
    rated: list[list[tuple[float, str]]] = [[] for _ in requests]
    for draw in range(_DRAWS):
        for index, (delex, text) in enumerate(_shown(writer, requests)):
            if delex is not None and text is not None:
                rated[index].append((panel.mean(text, index * _DRAWS + draw), delex))
    found = []
    for request, texts in zip(requests, rated, strict=True):
        if len(texts) > 1 and max(texts)[0] - min(texts)[0] >= _APART:
            found.append(Preference(request.prompt.delex, max(texts)[1], min(texts)[1]))
    return found


def real_preferences(good: Path, rejected: Path) -> list[Preference]:
    """Pairs of delexicalised texts (`delexicalise_pairs`) of one profile, the liked one first.

    Raises:
        FileError: a file cannot be read.
    """
    worse: dict[str, list[str]] = {}
    for line in lines_of(rejected):
        row = json.loads(line)
        worse.setdefault(row["input_delex"], []).append(row["output_delex"])
    found = []
    for line in lines_of(good):
        row = json.loads(line)
        if is_reserved(row["kind"], row["key"]):
            continue
        others = worse.get(row["input_delex"], [])
        if others and others[-1] != row["output_delex"]:
            found.append(Preference(row["input_delex"], row["output_delex"], others.pop()))
    return found


def prefer_simulated(
    base: Path,
    output: Path,
    holdout: Path,
    *,
    count: int = 2000,
    seed: int = 42,
    epochs: int = 1,
    rate: float = 5e-5,
    threads: int = 2,
    at_most: int | None = None,
) -> PreferenceReport:
    """Optimises a model on simulated preferences, and measures on held-out prompts and raters whether that helps.

    Raises:
        BundleError, FileError, SchemaError: the base or the holdout cannot be read.
        InputError: no preference came up.
        ConfigurationError: the extra `lm` is not installed.
        ConflictError: another training is under way at this output.
    """
    preferences = simulated_preferences(base, count, seed=seed)
    record = prefer(base, preferences, output, seed=seed, epochs=epochs, rate=rate, threads=threads)
    requests = [item.request for item in of_set(read_holdout(holdout, at_most=at_most), "feedback")]
    panel = SimulatedRaters(JUDGING_PANEL)
    stars: list[list[float]] = []
    right: list[list[float]] = []
    for folder in (base, output):
        writer = Writer(folder, seed=seed + 1)
        draws = [_shown(writer, requests) for _ in range(3)]
        right.append([fmean(float(draw[index][1] is not None) for draw in draws) for index in range(len(requests))])
        texts = [[draw[index][1] for draw in draws if draw[index][1]] for index in range(len(requests))]
        stars.append([_mean(panel, index, found) for index, found in enumerate(texts)])
    gain = mean_of([after - before for before, after in zip(*stars, strict=True)])
    lost = mean_of([after - before for before, after in zip(*right, strict=True)])
    return PreferenceReport(
        preferences=len(preferences),
        prompts=len(requests),
        stars_before=mean_of(stars[0]),
        stars_after=mean_of(stars[1]),
        gain=gain,
        right_before=mean_of(right[0]),
        right_after=mean_of(right[1]),
        right_gain=lost,
        helps=gain.low > 0 and lost.low >= -0.01,
        record=record,
    )


def _mean(panel: SimulatedRaters, index: int, texts: Sequence[str | None]) -> float:
    """Mean stars over the texts that may be shown; one star where none may (the student would see the template)."""
    found = [panel.mean(text, 3 * index + draw) for draw, text in enumerate(texts) if text]
    return fmean(found) if found else 1.0
