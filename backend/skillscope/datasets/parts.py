"""What the four stages do to one part of a dataset. Each function depends on its arguments alone."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skillscope.errors import SchemaError
from skillscope.features.schema import DERIVED, LINGUISTIC, TELEMETRY
from skillscope.simulation.plan import ResponsePlan, ResponseSpec
from skillscope.simulation.students import SimulatedStudent, draw_student, draw_student_free
from skillscope.skills import SCORE_COLUMNS

__all__ = [
    "Labels",
    "TextPart",
    "add_behavioral",
    "add_labels",
    "add_linguistic",
    "behavioral_part",
    "complete_part",
    "complete_rows",
    "distinct_texts",
    "label_part",
    "render_part",
    "render_row",
    "split_rows",
    "students_of",
]

Labels = Literal["simulated", "heuristic", "none"]
"""Who labels: simulated raters, the heuristic rater, or nobody."""

LINGUISTIC_NAMES: Final = [item.name for item in LINGUISTIC]
TELEMETRY_NAMES: Final = [item.name for item in TELEMETRY]
DERIVED_NAMES: Final = [item.name for item in DERIVED]


@dataclass(frozen=True)
class TextPart:
    """Consecutive rows of a plan with their texts (none yet before rendering)."""

    plan: ResponsePlan
    start: int
    stop: int
    texts: tuple[str, ...] = ()

    def specs(self) -> list[ResponseSpec]:
        """The specs of the part's rows."""
        return [self.plan.spec(row) for row in range(self.start, self.stop)]

    def frame(self) -> pd.DataFrame:
        """The rows with the five metadata columns; the index is the row number."""
        specs = self.specs()
        return pd.DataFrame(
            {
                "response": pd.Series(self.texts, dtype="str"),
                "skill": pd.Series([spec.skill for spec in specs], dtype="str"),
                "skill_level": pd.Series([spec.level for spec in specs], dtype="str"),
                "grade": pd.Series([spec.grade for spec in specs], dtype="int64"),
                "source": pd.Series([f"template:{spec.scenario}" for spec in specs], dtype="str"),
            }
        ).set_index(pd.RangeIndex(self.start, self.stop))


def render_row(spec: ResponseSpec, seed: int, attempt: int = 0) -> str:
    """The text of one row; another `attempt` words the same student's response anew."""
    from skillscope.simulation.responses import render_response

    student = draw_student(seed, spec.row, spec.skill, spec.level, spec.grade)
    return render_response(spec, student, seed, attempt)


def render_part(part: TextPart) -> TextPart:
    """The part with a first text for every row."""
    texts = tuple(render_row(spec, part.plan.seed) for spec in part.specs())
    return TextPart(part.plan, part.start, part.stop, texts)


def students_of(frame: pd.DataFrame, seed: int) -> list[SimulatedStudent]:
    """The simulated student behind every row, from seed, row number (the index), skill, level and grade.

    A row without skill or level gets a student drawn from the whole population of its grade.
    """
    columns = (frame.index, frame["skill"], frame["skill_level"], frame["grade"])
    return [
        draw_student(seed, row, skill, level, grade) if skill and level else draw_student_free(seed, row, grade)
        for row, skill, level, grade in zip(*columns, strict=True)
    ]


def _check_length(frame: pd.DataFrame) -> None:
    from skillscope.features.linguistic import MAX_RESPONSE_CHARS

    lengths = frame["response"].str.len()
    if (lengths > MAX_RESPONSE_CHARS).any():
        row = int(lengths.to_numpy().argmax())
        raise SchemaError(
            f"response in row {int(frame.index[row]) + 1} has {int(lengths.iloc[row]):,} characters; "
            f"at most {MAX_RESPONSE_CHARS:,} can be measured: shorten it or split it into several responses",
            field="response",
        )


def add_linguistic(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with the 16 linguistic features added.

    Raises:
        SchemaError: a response is longer than can be measured; its row is named.
    """
    from skillscope.features.linguistic import extract_linguistic

    _check_length(frame)
    values = extract_linguistic(frame["response"].tolist())
    return pd.concat([frame, pd.DataFrame(values, columns=LINGUISTIC_NAMES, index=frame.index)], axis=1)


def add_behavioral(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The rows with 9 telemetry features of one simulated session each and the 4 derived features added."""
    from skillscope.features.behavioral import extract_telemetry
    from skillscope.features.derived import derive
    from skillscope.simulation.telemetry import simulate_sessions

    rows = [int(row) for row in frame.index]
    measured = extract_telemetry(simulate_sessions(students_of(frame, seed), seed, rows))
    # The extractor sorts by student id as text ("row-10" before "row-2"): put the rows back in order.
    place = np.array([int(name.removeprefix("row-")) for name in measured["student_id"]]).argsort(kind="stable")
    telemetry = measured.select(TELEMETRY_NAMES).to_numpy().astype(np.float64)[place]
    derived = derive(frame[LINGUISTIC_NAMES].to_numpy(dtype=np.float64), telemetry)
    added = pd.DataFrame(np.hstack([telemetry, derived]), columns=TELEMETRY_NAMES + DERIVED_NAMES, index=frame.index)
    return pd.concat([frame, added], axis=1)


def add_labels(frame: pd.DataFrame, seed: int, labels: Labels | NDArray[np.float64]) -> pd.DataFrame:
    """The rows with the 4 scores added: by simulated raters, by the heuristic rater, or empty, or those given.

    Given scores are (rows, 4), in the order of SKILLS.
    """
    if not isinstance(labels, str):
        scores = labels
    elif labels == "simulated":
        from skillscope.simulation.raters import rate_students

        scores = rate_students(students_of(frame, seed), seed, [int(row) for row in frame.index])
    elif labels == "heuristic":
        from skillscope.labeling.heuristic import rate_heuristic

        scores = np.asarray(rate_heuristic(frame), dtype=np.float64)
    else:
        scores = np.full((len(frame), len(SCORE_COLUMNS)), np.nan)
    return pd.concat([frame, pd.DataFrame(scores, columns=list(SCORE_COLUMNS), index=frame.index)], axis=1)


def complete_part(job: tuple[TextPart, Labels]) -> pd.DataFrame:
    """The last three stages at once, for a part of a plan."""
    part, labels = job
    return complete_rows((part.frame(), part.plan.seed, labels))


def complete_rows(job: tuple[pd.DataFrame, int, Labels | NDArray[np.float64]]) -> pd.DataFrame:
    """The last three stages at once, for (rows, seed, labels)."""
    frame, seed, labels = job
    return add_labels(add_behavioral(add_linguistic(frame), seed), seed, labels)


def behavioral_part(job: tuple[pd.DataFrame, int]) -> pd.DataFrame:
    """`add_behavioral` of (rows, seed)."""
    return add_behavioral(*job)


def label_part(job: tuple[pd.DataFrame, int, Labels | NDArray[np.float64]]) -> pd.DataFrame:
    """`add_labels` of (rows, seed, labels)."""
    return add_labels(*job)


def distinct_texts(part: TextPart, seen: set[bytes], *, attempts: int = 100) -> tuple[TextPart, int]:
    """The part with every text that occurred before rendered again until it is new, and how many were.

    `seen` holds digests of the texts of all earlier rows and is added to, so the result does not depend on how rows
    are cut into parts.

    Raises:
        SchemaError: a scenario has no new text left for such a student.
    """
    texts: list[str] = []
    again = 0
    for spec, first in zip(part.specs(), part.texts, strict=True):
        text, attempt = first, 0
        while (digest := _digest(text)) in seen:
            attempt += 1
            if attempt > attempts:
                raise SchemaError(
                    f"row {spec.row + 1}: scenario {spec.scenario} has no new text left for grade {spec.grade}, "
                    f"level {spec.level} after {attempts} tries; ask for fewer rows"
                )
            text = render_row(spec, part.plan.seed, attempt)
        seen.add(digest)
        again += attempt > 0
        texts.append(text)
    return TextPart(part.plan, part.start, part.stop, tuple(texts)), again


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=12).digest()


def split_rows(rows: int, size: int) -> Sequence[tuple[int, int]]:
    """Half-open ranges of at most `size` rows that cover `rows`."""
    return [(start, min(start + size, rows)) for start in range(0, rows, size)]
