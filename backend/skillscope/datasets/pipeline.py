"""The four stages from nothing to a training set, and all of them at once.

    plan -> responses.csv -> + 16 linguistic -> + 13 behavioral -> + 4 scores = training.csv

A stage reads and writes part by part, in bounded memory. What it writes is whole and has a manifest, or is not there.
Running the stages one by one gives the same bytes as `generate_training_data`. Texts and scores may be paid for
(`datasets.paid`): then what was answered is kept, and taken up again. Texts from templates are not: one core renders
more than 5,000 a second, so a killed run that starts over has lost seconds and ends with the same bytes, and a work
file would only write every row twice.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from skillscope.datasets.contract import COLUMNS, FEATURE_COLUMNS, LINGUISTIC_COLUMNS, RESPONSE_COLUMNS
from skillscope.datasets.io import iter_frames
from skillscope.datasets.manifest import Counts, Manifest, measured_versions
from skillscope.datasets.paid import PaidRaters, PaidTexts, estimate_paid, rated_texts
from skillscope.datasets.paid_stages import generate_stages, rate_stage, text_stage
from skillscope.datasets.parts import (
    Labels,
    TextPart,
    add_linguistic,
    behavioral_part,
    complete_part,
    distinct_texts,
    label_part,
    render_part,
    split_rows,
)
from skillscope.datasets.pool import WorkerPool
from skillscope.datasets.stage import (
    DEFAULT_SEED,
    PART_ROWS,
    Progress,
    StageResult,
    label_facts,
    next_manifest,
    open_input,
    refuse_same,
    seed_of,
    worker_count,
    write_stage,
)
from skillscope.errors import InputError
from skillscope.labeling.ratings import estimate_ratings
from skillscope.simulation.plan import ResponsePlan
from skillscope.synthesis import Estimate

__all__ = [
    "DEFAULT_SEED",
    "StageResult",
    "auto_label_skills",
    "estimate_labels",
    "estimate_sessions",
    "estimate_training_data",
    "extract_linguistic_features",
    "generate_behavioral_features",
    "generate_synthetic_responses",
    "generate_training_data",
]


ROWS_FOR_ONE_RENDERER: Final = 30_240
"""Texts alone are made so quickly that up to here starting another process takes longer."""


def _plan(count: int, seed: int, *, exact: bool) -> tuple[ResponsePlan, list[str]]:
    if seed < 0:
        raise InputError(f"seed must be 0 or more, not {seed}", field="seed")
    plan = ResponsePlan(count, seed, exact)
    notes = []
    if plan.rounded:
        notes.append(
            f"{count} rounded up to {plan.rows}: whole grids of 4 skills x 3 levels x 7 grades (--exact gives {count})"
        )
    return plan, notes


def _texts(plan: ResponsePlan, pool: WorkerPool, again: list[int]) -> Iterator[TextPart]:
    """The plan's parts with texts, no text twice; `again` collects how many had to be rendered again."""
    seen: set[bytes] = set()
    empty = (TextPart(plan, start, stop) for start, stop in split_rows(plan.rows, PART_ROWS))
    for rendered in pool.map(render_part, empty):
        part, count = distinct_texts(rendered, seen)
        again.append(count)
        yield part


def generate_synthetic_responses(
    count: int,
    output: Path,
    *,
    seed: int = DEFAULT_SEED,
    exact: bool = False,
    texts: PaidTexts | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> StageResult:
    """Stage 1: responses of simulated students, balanced over skills, levels and grades, no text twice.

    `count` is rounded up to whole grids of 84 unless `exact`. Same count and seed: the same bytes. With `texts` a
    language model writes them; rows that it or the checks lose are counted and named in the manifest.

    Raises:
        InputError: count or seed is out of range.
        FileError: the output cannot be written.
        ProviderError, ConflictError: as `skillscope.synthesis.generate`, for paid texts.
    """
    plan, notes = _plan(count, seed, exact=exact)
    if texts is not None:
        made = text_stage(plan, output, texts, progress=progress)
        return StageResult(output, made.manifest, notes + made.notes)
    again: list[int] = []
    with WorkerPool(1 if plan.rows <= ROWS_FOR_ONE_RENDERER else worker_count(plan.rows, workers)) as pool:
        manifest = write_stage(
            output,
            RESPONSE_COLUMNS,
            (part.frame() for part in _texts(plan, pool, again)),
            lambda writer: Manifest(
                command="generate_synthetic_responses",
                stage="responses",
                seed=seed,
                requested=count,
                balanced=True,
                counts=Counts(planned=plan.rows, kept=writer.rows),
                rerendered=sum(again),
                sha256=writer.sha256,
            ),
            total=plan.rows,
            progress=progress,
            balanced=True,
        )
    return StageResult(output, manifest, notes)


def extract_linguistic_features(
    source: Path, output: Path, *, workers: int | None = None, progress: Progress | None = None
) -> StageResult:
    """Stage 2: the 16 linguistic features of every response, added to the five columns of stage 1.

    Works on any file with those columns, generated or real.

    Raises:
        FileError, SchemaError: the input cannot be used; rows and columns are named.
    """
    refuse_same(source, output)
    given = open_input(source)
    parts = iter_frames(source, RESPONSE_COLUMNS, part_rows=PART_ROWS)
    with WorkerPool(worker_count(given.about, workers)) as pool:
        manifest = write_stage(
            output,
            LINGUISTIC_COLUMNS,
            pool.map(add_linguistic, parts),
            lambda writer: next_manifest(
                given,
                writer,
                {
                    "command": "extract_linguistic_features",
                    "stage": "linguistic",
                    "versions": measured_versions(given.prompts),
                },
            ),
            total=given.rows,
            progress=progress,
            balanced=given.balanced,
        )
    return StageResult(output, manifest, [])


def generate_behavioral_features(
    source: Path,
    output: Path,
    *,
    seed: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> StageResult:
    """Stage 3: one simulated session per row, measured: 9 telemetry and 4 derived features.

    Who a row's student is, the manifest's seed and the row number say. Without a manifest (or with one that does not
    fit the file) students are drawn from skill, level and grade with `seed`, and a note says so.

    Raises:
        FileError, SchemaError: the input cannot be used; rows and columns are named.
        InputError: `seed` contradicts the manifest.
    """
    refuse_same(source, output)
    given = open_input(source)
    students, notes = seed_of(given, seed)
    jobs = ((part, students) for part in given.parts(LINGUISTIC_COLUMNS))
    with WorkerPool(worker_count(given.about, workers)) as pool:
        manifest = write_stage(
            output,
            FEATURE_COLUMNS,
            pool.map(behavioral_part, jobs),
            lambda writer: next_manifest(
                given, writer, {"command": "generate_behavioral_features", "stage": "features", "seed": students}
            ),
            total=given.rows,
            progress=progress,
            balanced=given.balanced,
        )
    return StageResult(output, manifest, notes)


def auto_label_skills(
    source: Path,
    output: Path,
    *,
    labels: Labels = "simulated",
    raters: PaidRaters | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> StageResult:
    """Stage 4: the four scores, by simulated raters, by the heuristic rater, by language models, or left empty.

    With `raters` the scores are theirs, whatever `labels` says: the mean of those that gave one, empty where none did.
    Their sentences lie beside the output in `<stem>.rationales.jsonl`.

    Raises:
        FileError, SchemaError: the input cannot be used, or (generated data) scores do not rise with the level.
        InputError: `seed` contradicts the manifest.
        ConfigurationError: student text may not be sent to one of the raters.
        ProviderError, ConflictError: as `skillscope.synthesis.generate`, for paid scores.
    """
    refuse_same(source, output)
    given = open_input(source)
    if raters is not None:
        return rate_stage(given, output, raters, seed=seed, progress=progress)
    students, notes = seed_of(given, seed) if labels == "simulated" else (DEFAULT_SEED, [])
    jobs = ((part, students, labels) for part in given.parts(FEATURE_COLUMNS))
    with WorkerPool(1) as pool:  # raters are quicker than sending the rows to another process
        manifest = write_stage(
            output,
            COLUMNS,
            pool.map(label_part, jobs),
            lambda writer: next_manifest(given, writer, {"command": "auto_label_skills", **label_facts(labels)}),
            total=given.rows,
            progress=progress,
            balanced=given.balanced,
        )
    return StageResult(output, manifest, notes)


def generate_training_data(
    count: int,
    output: Path,
    *,
    seed: int = DEFAULT_SEED,
    exact: bool = False,
    labels: Labels = "simulated",
    texts: PaidTexts | None = None,
    raters: PaidRaters | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> StageResult:
    """All four stages: a training set of 38 columns that fulfils the contract, with its manifest.

    Language models write the texts where `texts` is given, and score them where `raters` are too. One bound on the
    cost holds for both; where the texts use it up, nothing is scored until the same command goes on with a higher one.

    Raises:
        InputError: count or seed is out of range, or there are raters without paid texts.
        FileError: the output cannot be written.
        SchemaError: what was made breaks the contract; nothing is written.
        ProviderError, ConflictError: as `skillscope.synthesis.generate`, for what is paid.
    """
    plan, notes = _plan(count, seed, exact=exact)
    if texts is not None:
        made = generate_stages(plan, output, texts, raters, labels=labels, workers=workers, progress=progress)
        return StageResult(output, made.manifest, notes + made.notes)
    if raters is not None:
        raise InputError("raters score paid texts here; auto_label_skills has them score any file", field="raters")
    again: list[int] = []
    with WorkerPool(worker_count(plan.rows, workers)) as pool:
        jobs = ((part, labels) for part in _texts(plan, pool, again))
        manifest = write_stage(
            output,
            COLUMNS,
            pool.map(complete_part, jobs),
            lambda writer: Manifest(
                command="generate_training_data",
                seed=seed,
                requested=count,
                balanced=True,
                counts=Counts(planned=plan.rows, kept=writer.rows),
                rerendered=sum(again),
                versions=measured_versions(),
                sha256=writer.sha256,
                **label_facts(labels),
            ),
            total=plan.rows,
            progress=progress,
            balanced=True,
        )
    return StageResult(output, manifest, notes)


def estimate_training_data(
    count: int,
    *,
    seed: int = DEFAULT_SEED,
    exact: bool = False,
    texts: PaidTexts | None = None,
    raters: PaidRaters | None = None,
) -> Estimate:
    """What `generate_training_data`, or without raters `generate_synthetic_responses`, would ask for and cost.

    Raises:
        InputError: count or seed is out of range.
    """
    return estimate_paid(_plan(count, seed, exact=exact)[0], texts, raters)


def estimate_sessions(source: Path) -> Estimate:
    """What `generate_behavioral_features` would make: as many sessions as there are rows, free.

    Raises:
        FileError, SchemaError: the input cannot be used.
    """
    given = open_input(source)
    return Estimate(rows=sum(len(part) for part in given.parts(LINGUISTIC_COLUMNS)))


def estimate_labels(source: Path, raters: PaidRaters | None = None) -> Estimate:
    """What `auto_label_skills` would ask for and cost.

    Raises:
        FileError, SchemaError: the input cannot be used.
    """
    given = open_input(source)
    if raters is None:
        return Estimate(rows=sum(len(part) for part in given.parts(FEATURE_COLUMNS)))
    texts = rated_texts(given.parts(FEATURE_COLUMNS), given.planned)
    return estimate_ratings(texts, raters.clients, repeats=raters.repeats)
