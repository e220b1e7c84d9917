"""Whether quotes say the truth: on simulated students, every quoted span is cut out, and the student assessed anew.

A quote's direction comes from features of the text without it that are computed from the parse of the whole text. Here
the shortened text goes through the whole language pipeline, as if it had been given that way. So the rate is no
tautology: it falls where a new parse reads the rest otherwise, and where models made of steps hang on a hair.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.assessment.quotes import Quote, Said, find_quotes
from skillscope.features import TELEMETRY, StoredRow, aggregate, extract_linguistic, extract_telemetry
from skillscope.features.annotate import annotate
from skillscope.features.segments import segments_of
from skillscope.modeling.bundle import Bundle
from skillscope.simulation import ResponseSpec, SimulatedStudent, draw_student_free, load_scenarios, render_response
from skillscope.simulation.seeds import row_random
from skillscope.simulation.telemetry import simulate_sessions
from skillscope.skills import GRADES, LEVELS, SKILLS, Skill

__all__ = ["QuoteCheck", "check_quotes"]

_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class QuoteCheck:
    """How many quotes were given, and how many did what they say. `quoted_scores` is the share of scores with one."""

    students: int
    quotes: dict[Skill, int]
    agreed: dict[Skill, int]
    quoted_scores: float
    median_effect: float

    @property
    def rate(self) -> float:
        """Share of quotes whose removal moved the score in the stated direction; NaN without quotes."""
        total = sum(self.quotes.values())
        return sum(self.agreed.values()) / total if total else float("nan")


@dataclass(frozen=True, slots=True)
class _History:
    said: list[Said]
    texts: list[str]
    played: list[StoredRow]
    features: Floats


def _texts(student: SimulatedStudent, number: int, seed: int, responses: int) -> list[str]:
    made = []
    for turn in range(responses):
        skill = SKILLS[(number + turn) % len(SKILLS)]
        scenario = row_random(seed, "quoted", number, turn).choice(sorted(load_scenarios()[skill]))
        level = LEVELS[min(int(student.trait(skill) * len(LEVELS)), len(LEVELS) - 1)]
        spec = ResponseSpec(number * responses + turn, skill, level, student.grade, scenario)
        made.append(render_response(spec, student, seed))
    return made


def _histories(students: int, seed: int, *, responses: int, play: bool) -> list[_History]:
    drawn = [draw_student_free(seed, number, GRADES[number % len(GRADES)]) for number in range(students)]
    texts = [_texts(student, number, seed, responses) for number, student in enumerate(drawn)]
    parsed = iter(annotate([text for of_student in texts for text in of_student]))
    rows = iter(extract_linguistic([text for of_student in texts for text in of_student]).tolist())
    played: dict[str, list[StoredRow]] = {}
    if play:
        names = [item.name for item in TELEMETRY]
        for row in extract_telemetry(simulate_sessions(drawn, seed, range(students))).iter_rows(named=True):
            played[row["student_id"]] = [StoredRow(_AT, [row[name] for name in names])]
    found = []
    for number, of_student in enumerate(texts):
        said = [
            Said(f"{number}-{turn}", turn, next(rows), segments_of(next(parsed))) for turn in range(len(of_student))
        ]
        sessions = played.get(f"row-{number}", [])
        features = aggregate([StoredRow(_AT, row.values) for row in said], sessions, at=_AT)
        found.append(_History(said, of_student, sessions, features))
    return found


def check_quotes(
    bundle: Bundle, *, students: int = 500, seed: int = 777, responses: int = 3, play: bool = True
) -> QuoteCheck:
    """Quote simulated students as a teacher would be shown them, then cut every quote out and score them again.

    Each has that many responses on different skills, and one session unless `play` is off. Same bundle and arguments:
    the same figures.
    """
    histories = _histories(students, seed, responses=responses, play=play)
    given: list[tuple[int, Skill, Quote]] = []
    scores_with: set[tuple[int, Skill]] = set()
    for number, history in enumerate(histories):
        for skill, quotes in find_quotes(bundle, history.said, history.features).items():
            given += [(number, skill, quote) for quote in quotes]
            scores_with |= {(number, skill) for _ in quotes}
    cut = [_without(histories[number].texts[quote.said.key], quote) for number, _, quote in given]
    measured = extract_linguistic(cut)
    before = np.array([histories[number].features for number, _, _ in given]).reshape(len(given), -1)
    after = np.array(
        [_again(histories[number], quote, row) for (number, _, quote), row in zip(given, measured, strict=True)]
    ).reshape(len(given), -1)
    moved = bundle.predict(before) - bundle.predict(after) if given else np.empty((0, len(SKILLS)))
    counts = dict.fromkeys(bundle.models, 0)
    agreed = dict.fromkeys(bundle.models, 0)
    for row, (_, skill, quote) in enumerate(given):
        counts[skill] += 1
        agreed[skill] += bool(moved[row, SKILLS.index(skill)] * quote.effect > 0)
    return QuoteCheck(
        students=students,
        quotes=counts,
        agreed=agreed,
        quoted_scores=len(scores_with) / (students * len(bundle.models)),
        median_effect=float(np.median([abs(quote.effect) for _, _, quote in given])) if given else float("nan"),
    )


def _without(text: str, quote: Quote) -> str:
    return f"{text[: quote.segment.start]} {text[quote.segment.end :]}".strip()


def _again(history: _History, quote: Quote, measured: Floats) -> Floats:
    rows = [
        StoredRow(_AT, measured if said is quote.said else np.asarray(said.values, dtype=np.float64))
        for said in history.said
    ]
    return aggregate(rows, history.played, at=_AT)
