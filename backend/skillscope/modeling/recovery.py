"""Recovery: do scores find the traits of simulated students that are known, and does more evidence help?

Students are drawn from the whole population, answer prompts of all skills in turn and play sessions. Their scores
are computed by the aggregator that serves real students, and compared with the traits that nobody but the simulation
knows: by rank (Spearman) and by the distance from the score that a rater without error would give.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.stats import spearmanr

from skillscope.datasets.contract import COLUMNS, scenario_of
from skillscope.datasets.files import replacing
from skillscope.datasets.io import read_dataset, write_frame
from skillscope.errors import InputError
from skillscope.features import StoredRow, aggregate
from skillscope.features.schema import LINGUISTIC, TELEMETRY
from skillscope.modeling.bundle import Bundle
from skillscope.modeling.folds import FOLDS, group_folds
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.training import train_models
from skillscope.settings import Settings
from skillscope.simulation import (
    ResponseSpec,
    SimulatedStudent,
    draw_student_free,
    load_scenarios,
    render_response,
    simulate_sessions,
)
from skillscope.simulation.raters import true_score
from skillscope.simulation.seeds import row_random
from skillscope.skills import GRADES, LEVELS, SKILLS, Skill

__all__ = ["RECOVERY_NAME", "RESPONSES", "Recovery", "RecoveryPoint", "recover", "recover_unseen"]

RECOVERY_NAME: Final = "recovery"
RESPONSES: Final = (1, 3, 10)
_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ROWS: Final = 10_000_000
"""Rows of students in recovery begin here, far from those of any training set."""

Floats = NDArray[np.float64]


class RecoveryPoint(BaseModel):
    """So many responses and sessions of each student: how well ranks and values of the traits are found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    responses: int
    sessions: int
    spearman: dict[Skill, float] = Field(description="rank correlation of score and trait")
    mae: dict[Skill, float] = Field(description="mean distance from the score of a rater without error")


class Recovery(BaseModel):
    """What was found, and of whom."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    points: list[RecoveryPoint]
    students: int
    seed: int
    unseen_scenarios: bool = Field(description="whether the students answered scenarios that no training row is about")
    model_version: str

    def point(self, responses: int, *, sessions: int) -> RecoveryPoint:
        """The point of so many responses and sessions."""
        return next(item for item in self.points if (item.responses, item.sessions) == (responses, sessions))

    def metrics(self) -> dict[str, float]:
        """The figures by the names under which they are logged."""
        out: dict[str, float] = {}
        for point in self.points:
            name = f"{point.responses}_responses_{point.sessions}_sessions"
            out |= {f"{skill}_spearman_{name}": value for skill, value in point.spearman.items()}
            out |= {f"{skill}_mae_{name}": value for skill, value in point.mae.items()}
        return out

    def write(self, path: Path) -> None:
        """Write it as JSON, whole or not at all."""
        with replacing(path) as temporary:
            temporary.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class _Evidence:
    """Everything that the students said and did: texts and scenarios by student, and the features of each response
    (students, responses, 16) and session (students, sessions, 9)."""

    students: list[SimulatedStudent]
    texts: list[list[str]]
    scenarios: list[list[str]]
    spoken: Floats
    played: Floats

    def features(self, count: int, sessions: int) -> Floats:
        """The 29 features of each student from the first so many responses and sessions."""
        rows = []
        for number in range(len(self.students)):
            said = [StoredRow(_AT - timedelta(days=turn), self.spoken[number, turn]) for turn in range(count)]
            done = [StoredRow(_AT - timedelta(days=turn), self.played[number, turn]) for turn in range(sessions)]
            rows.append(aggregate(said, done, at=_AT))
        return np.array(rows)


def _said(
    student: SimulatedStudent, number: int, seed: int, most: int, names: dict[Skill, list[str]]
) -> tuple[list[str], list[str]]:
    random = row_random(seed, "recovery", number)
    skills = random.sample(SKILLS, len(SKILLS))
    texts, scenarios = [], []
    for turn in range(most):
        skill = skills[turn % len(SKILLS)]
        scenario = random.choice(names[skill])
        level = LEVELS[min(int(student.trait(skill) * len(LEVELS)), len(LEVELS) - 1)]
        spec = ResponseSpec(_ROWS + number * most + turn, skill, level, student.grade, scenario)
        texts.append(render_response(spec, student, seed))
        scenarios.append(scenario)
    return texts, scenarios


def _gather(count: int, seed: int, most: int, scenarios: Collection[str] | None) -> _Evidence:
    from skillscope.features.behavioral import extract_telemetry
    from skillscope.features.linguistic import extract_linguistic

    names = {
        skill: sorted(name for name in of_skill if scenarios is None or name in scenarios)
        for skill, of_skill in load_scenarios().items()
    }
    empty = [skill for skill in SKILLS if not names[skill]]
    if empty:
        raise InputError(f"no scenario of {', '.join(empty)} is left for the students to answer", field="scenarios")
    students = [draw_student_free(seed, _ROWS + number, GRADES[number % len(GRADES)]) for number in range(count)]
    said = [_said(student, number, seed, most, names) for number, student in enumerate(students)]
    spoken = extract_linguistic([text for texts, _ in said for text in texts])
    rows = [_ROWS + number for number in range(count)]
    played = []
    for turn in range(most):
        measured = extract_telemetry(simulate_sessions(students, seed, rows, session=turn))
        order = np.argsort([int(name.removeprefix("row-")) for name in measured["student_id"]])
        played.append(measured.select([item.name for item in TELEMETRY]).to_numpy().astype(np.float64)[order])
    return _Evidence(
        students,
        [texts for texts, _ in said],
        [names for _, names in said],
        spoken.reshape(count, most, len(LINGUISTIC)),
        np.stack(played, axis=1),
    )


def _families(bundle: Bundle, evidence: _Evidence) -> Floats:
    """The families' columns of every response, shape (students, responses, k)."""
    shape = evidence.spoken.shape[:2]
    if not bundle.families.columns:
        return np.empty((*shape, 0))
    answers = bundle.families.book.answers(
        [text for texts in evidence.texts for text in texts],
        sources=[f"template:{name}" for names in evidence.scenarios for name in names],
        linguistic=evidence.spoken.reshape(-1, len(LINGUISTIC)),
    )
    return bundle.families.transform(answers).reshape(*shape, len(bundle.families.columns))


def _mean(table: Floats) -> Floats:
    """The mean over the second axis where it is known, NaN where nothing is."""
    known = ~np.isnan(table)
    counts = known.sum(axis=1)
    total = np.where(known, table, 0.0).sum(axis=1)
    return np.asarray(np.where(counts > 0, total / np.maximum(counts, 1), np.nan))


def recover(
    bundle: Bundle,
    *,
    students: int = 300,
    seed: int = 42,
    responses: Sequence[int] = RESPONSES,
    scenarios: Collection[str] | None = None,
) -> Recovery:
    """Score simulated students of known traits from 1, 3 and 10 responses: with no session, with one, with as many.

    `scenarios` are those that they are asked about, all by default; only with these is it known that the model has
    seen none of them.

    Raises:
        InputError: too few students to rank, or no scenario of some skill is left.
    """
    if students < 20:
        raise InputError(f"at least 20 students are needed to speak of ranks, not {students}", field="students")
    most = max(responses)
    evidence = _gather(students, seed, most, scenarios)
    columns = _families(bundle, evidence)
    traits = np.array([student.traits for student in evidence.students])
    wanted = true_score(traits)
    points = []
    for count, sessions in sorted({(said, done) for said in responses for done in (0, 1, said)}):
        features = evidence.features(count, sessions)
        scores = bundle.predict(np.hstack([features, _mean(columns[:, :count])]))
        ranks, errors = {}, {}
        for number, skill in enumerate(SKILLS):
            if skill not in bundle.models:
                continue
            ranks[skill] = round(float(spearmanr(scores[:, number], traits[:, number]).statistic), 4)
            errors[skill] = round(float(np.abs(scores[:, number] - wanted[:, number]).mean()), 4)
        points.append(RecoveryPoint(responses=count, sessions=sessions, spearman=ranks, mae=errors))
    return Recovery(
        points=points,
        students=students,
        seed=seed,
        unseen_scenarios=scenarios is not None,
        model_version=bundle.version,
    )


def recover_unseen(
    data: Path, *, recipe: Recipe | None = None, students: int = 300, seed: int = 42, settings: Settings | None = None
) -> Recovery:
    """Train on the rows of four fifths of a generated set's scenarios; students answer the other fifth.

    Raises:
        FileError, SchemaError, BundleError, InputError: the set cannot be used, or holds too few scenarios.
    """
    recipe = recipe or Recipe()
    frame = read_dataset(data)
    names = frame["source"].map(scenario_of)
    folds = group_folds(names.tolist(), frame["skill"].tolist(), folds=FOLDS, seed=recipe.seed)
    with TemporaryDirectory(prefix="skillscope-") as folder:
        part = Path(folder) / "training.parquet"
        write_frame(frame[folds != 0].reset_index(drop=True), part, COLUMNS)
        bundle = train_models(part, Path(folder), recipe=recipe, register=False, settings=settings).bundle
        return recover(bundle, students=students, seed=seed, scenarios=set(names[folds == 0]))
