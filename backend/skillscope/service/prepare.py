"""From nothing to something to serve: a training set, a registered champion, a demo class, a token."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from skillscope.errors import SkillscopeError
from skillscope.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["DEMO_CLASS", "DEMO_TEACHER", "TRAINING_ROWS", "Prepared", "Steps", "prepare"]

DEMO_CLASS: Final = "demo"
DEMO_TEACHER: Final = "demo-teacher"
TRAINING_ROWS: Final = 1008
TRAINING_SEED: Final = 42
TOKEN_LIFE: Final = timedelta(days=30)

Progress = Callable[[int, int | None], None]


class Steps(Protocol):
    """Shows the work: a bar for what is counted, a line for what is already there."""

    def bar(self, label: str) -> AbstractContextManager[Progress]:
        """A progress bar, called with what is done and, where known, how much there is."""
        ...

    def status(self, label: str) -> AbstractContextManager[Callable[[str], None]]:
        """Something that works for a while, called with what it is doing."""
        ...

    def done(self, line: str) -> None:
        """One finished step in a sentence."""
        ...


@dataclass(frozen=True)
class Prepared:
    """What a new user needs to ask for an assessment."""

    student_id: str
    token: str


def prepare(settings: Settings, steps: Steps) -> Prepared:
    """Make what is missing and reuse what is there; it may be interrupted anywhere and started again.

    Raises:
        SkillscopeError: a step cannot be done; what earlier steps made stays and is reused.
    """
    from skillscope.assessment.demo import load_demo_class
    from skillscope.service.tokens import Role, create_token
    from skillscope.store import open_database, writing
    from skillscope.tutoring.bank import load_demo_tutoring

    _champion(settings, steps)
    sessions = open_database(settings.database)
    with steps.status("loading the demo class"):
        loaded = load_demo_class(sessions)
    steps.done(f"demo class: {loaded.students} students, {loaded.responses} responses, {loaded.events} events")
    with steps.status("filling the question bank"):
        practice = load_demo_tutoring(sessions, loaded.student_ids)
    steps.done(f"practice: {practice.questions} questions, {practice.lessons} lessons, {practice.plans} study plans")
    with sessions.begin() as session:
        _taught(writing(session), loaded.student_ids)
    token = create_token(settings, Role.TEACHER, teacher_id=DEMO_TEACHER, ttl=TOKEN_LIFE)
    return Prepared(loaded.student_ids[0], token)


def _taught(session: "Session", student_ids: Sequence[str]) -> None:
    """The demo class as a class, with a teacher."""
    from skillscope.store import records, rosters

    rosters.put_class(session, DEMO_CLASS, title="Demo class")
    taught = rosters.require_class(session, DEMO_CLASS)
    students = records.student_keys(session, student_ids).values()
    rosters.enrol(session, taught.key, student_keys=students, teacher_keys=[rosters.put_teacher(session, DEMO_TEACHER)])


def _champion(settings: Settings, steps: Steps) -> None:
    from skillscope.modeling.registry import load_champion

    try:
        with steps.status("looking for a model"):
            bundle = load_champion(settings)
    except SkillscopeError:
        data = _training_set(settings, steps)
        from skillscope.modeling.training import train_models

        with steps.status("training the four models") as say:
            bundle = train_models(data, settings.models_dir, settings=settings, report=say).bundle
    figures = ", ".join(f"{skill} {item.metrics['r2']:.2f}" for skill, item in bundle.record.skills.items())
    steps.done(f"model {bundle.version}, R2 on held-out scenarios of simulated students: {figures}")


def _training_set(settings: Settings, steps: Steps) -> Path:
    from skillscope.datasets.manifest import measured_versions, read_manifest
    from skillscope.datasets.pipeline import generate_training_data

    path = settings.data_dir / f"training_{TRAINING_ROWS}.csv"
    manifest = read_manifest(path) if path.exists() else None
    if manifest is not None and manifest.versions == measured_versions():
        steps.done(f"training set: {path}")
        return path
    with steps.bar("simulating students") as progress:
        result = generate_training_data(TRAINING_ROWS, path, seed=TRAINING_SEED, progress=progress)
    steps.done(f"training set: {result.rows} simulated students -> {path}")
    return path
