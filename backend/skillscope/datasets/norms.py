"""How simulated students talk, grade by grade, and how varied their texts are: the figures of `docs/simulation.md`."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skillscope.features import LINGUISTIC, extract_linguistic
from skillscope.simulation import ResponsePlan, draw_student, rate_students, render_response
from skillscope.simulation.plan import ResponseSpec
from skillscope.simulation.scenarios import load_scenarios, load_wording
from skillscope.skills import GRADES, SKILLS, Skill
from skillscope.synthesis.filters import english_share, words_of
from skillscope.synthesis.variety import distinct, near_duplicates, self_bleu

__all__ = ["GradeRow", "SimulationFigures", "Variety", "grade_row", "measure_simulation", "measure_variety"]

Floats = NDArray[np.float64]

_COLUMN: Final = {item.name: number for number, item in enumerate(LINGUISTIC)}
_END: Final = re.compile(r"[.!?](?=\s|$)")


@dataclass(frozen=True, slots=True)
class GradeRow:
    """Means over the responses of a grade. Fillers, restarts and misspelt words are counts in 100 words; the last
    three are shares of responses: begun in lower case, without a mark at the end, and long (20 words or more) without
    a single mark between sentences.
    """

    label: str
    responses: int
    words: float
    sentence: float
    flesch_kincaid: float
    letters: float
    depth: float
    filler: float
    restart: float
    misspelt: float
    lower_case: float
    unmarked: float
    run_on: float


@dataclass(frozen=True, slots=True)
class Variety:
    """Of all texts: exact and near duplicates (shares), distinct 2-grams over all 2-grams, and self-BLEU-4."""

    texts: int
    exact: int
    near: float
    distinct_2: float
    self_bleu: float


@dataclass(frozen=True, slots=True)
class SimulationFigures:
    """Everything on the page."""

    seed: int
    scenarios: dict[Skill, int]
    grades: list[GradeRow]
    variety: Variety
    trait_correlations: Floats
    score_correlations: Floats


@dataclass(frozen=True, slots=True)
class _Slips:
    fillers: re.Pattern[str]
    restarts: re.Pattern[str]
    misspelt: frozenset[str]


@cache
def _slips() -> _Slips:
    wording: dict[str, Any] = load_wording()

    def opening(phrases: Sequence[str]) -> re.Pattern[str]:
        return re.compile("|".join(rf"\b{re.escape(phrase.rstrip(','))}," for phrase in phrases), re.IGNORECASE)

    spellings = {wrong.lower() for wrongs in wording["misspelled"].values() for wrong in wrongs}
    misspelt = {word for word in spellings if not english_share(word)}  # "there" for "their" cannot be told
    restarts = re.compile("|".join(rf"\bi {re.escape(phrase)}" for phrase in wording["restarts"]), re.IGNORECASE)
    return _Slips(opening(wording["fillers"]), restarts, frozenset(misspelt))


def grade_row(label: str, texts: Sequence[str], linguistic: Floats) -> GradeRow:
    """The figures of these texts, measured with the features (n, 16) that serve students too.

    Fillers, restarts and misspellings are those of the simulator's own lists.
    """
    slips = _slips()
    words = [words_of(text) for text in texts]

    def mean(name: str) -> float:
        return float(np.nanmean(linguistic[:, _COLUMN[name]]))

    def share(found: Sequence[bool]) -> float:
        return float(np.mean(found))

    total = sum(map(len, words))

    def rate(count: int) -> float:
        return 100.0 * count / total

    return GradeRow(
        label=label,
        responses=len(texts),
        words=mean("word_count"),
        sentence=mean("avg_sentence_length"),
        flesch_kincaid=mean("readability_score"),
        letters=float(np.mean([len(word) for said in words for word in said])),
        depth=mean("syntactic_complexity"),
        filler=rate(sum(len(slips.fillers.findall(text)) for text in texts)),
        restart=rate(sum(len(slips.restarts.findall(text)) for text in texts)),
        misspelt=rate(sum(word in slips.misspelt for said in words for word in said)),
        lower_case=share([text[:1].islower() for text in texts]),
        unmarked=share([not text.endswith((".", "!", "?")) for text in texts]),
        run_on=share([len(said) >= 20 and not _END.search(text[:-1]) for said, text in zip(words, texts, strict=True)]),
    )


def measure_variety(texts: Sequence[str]) -> Variety:
    """Duplicates and likeness among the texts. Exact ones are told after taking out case and marks."""
    said = [words_of(text) for text in texts]
    counts = Counter(" ".join(words) for words in said)
    return Variety(
        texts=len(texts),
        exact=len(texts) - len(counts),
        near=near_duplicates(texts),
        distinct_2=distinct(said, 2),
        self_bleu=self_bleu(said, sample=200, references=100),
    )


def measure_simulation(count: int = 10_000, *, seed: int = 42, processes: int = 1) -> SimulationFigures:
    """Make `count` responses as the generator does, and measure them. Same count and seed: the same figures.

    Raises:
        InputError: `count` is below 1.
    """
    plan = ResponsePlan(count, seed, exact=True)
    specs: list[ResponseSpec] = list(plan)
    students = [draw_student(seed, spec.row, spec.skill, spec.level, spec.grade) for spec in specs]
    texts = [render_response(spec, student, seed) for spec, student in zip(specs, students, strict=True)]
    linguistic = extract_linguistic(texts, processes=processes)
    grade = np.array([spec.grade for spec in specs])
    rows = [
        grade_row(
            str(wanted),
            [texts[row] for row in np.flatnonzero(grade == wanted)],
            linguistic[np.flatnonzero(grade == wanted)],
        )
        for wanted in GRADES
        if (grade == wanted).any()
    ]
    traits = np.array([student.traits for student in students])
    scores = rate_students(students, seed, range(count))
    return SimulationFigures(
        seed=seed,
        scenarios={skill: len(load_scenarios()[skill]) for skill in SKILLS},
        grades=rows,
        variety=measure_variety(texts),
        trait_correlations=np.asarray(np.corrcoef(traits.T)),
        score_correlations=np.asarray(np.corrcoef(scores.T)),
    )
