"""The stages whose texts or scores are paid for."""

from pathlib import Path
from typing import Any

from skillscope.datasets.contract import COLUMNS, FEATURE_COLUMNS, RESPONSE_COLUMNS
from skillscope.datasets.manifest import Manifest, Versions, measured_versions
from skillscope.datasets.paid import (
    PaidRaters,
    PaidTexts,
    RatedRows,
    rate_rows,
    rated_texts,
    write_rationales,
    write_texts,
)
from skillscope.datasets.parts import Labels, add_labels, complete_rows
from skillscope.datasets.pool import WorkerPool
from skillscope.datasets.stage import (
    PART_ROWS,
    Progress,
    StageInput,
    StageResult,
    label_facts,
    next_manifest,
    seed_of,
    worker_count,
    write_stage,
)
from skillscope.simulation.plan import ResponsePlan
from skillscope.synthesis import Spend

__all__ = ["generate_stages", "rate_stage", "text_stage"]


def text_stage(plan: ResponsePlan, output: Path, texts: PaidTexts, *, progress: Progress | None) -> StageResult:
    """`generate_synthetic_responses` by a language model."""
    run = write_texts(plan, output, texts)
    manifest = write_stage(
        output,
        RESPONSE_COLUMNS,
        run.parts(PART_ROWS),
        lambda writer: Manifest(
            command="generate_synthetic_responses",
            stage="responses",
            seed=plan.seed,
            requested=plan.requested,
            versions=Versions(prompts=run.manifest.versions["prompts"]),
            sha256=writer.sha256,
            **run.facts(),
        ),
        total=len(run.rows),
        progress=progress,
        balanced=False,
    )
    return StageResult(output, manifest)


def _labelled_facts(given: RatedRows | Labels, spend: Spend, prompts: str | None) -> dict[str, Any]:
    """What stage 4 puts into the manifest, whoever labelled."""
    if isinstance(given, str):
        return label_facts(given)
    every = [prompts] if prompts else []
    return {
        "stage": "training",
        **given.facts(spend),
        "versions": measured_versions("+".join([*every, given.ratings.manifests[0].versions["prompts"]])),
    }


def rate_stage(
    given: StageInput, output: Path, raters: PaidRaters, *, seed: int | None, progress: Progress | None
) -> StageResult:
    """`auto_label_skills` by language models."""
    known, _ = seed_of(given, seed)
    rated = rate_rows(rated_texts(given.parts(FEATURE_COLUMNS), given.planned), output, raters, seed=known)
    before = given.manifest.spend if given.manifest else Spend()
    manifest = write_stage(
        output,
        COLUMNS,
        (add_labels(part, known, rated.of(part)) for part in given.parts(FEATURE_COLUMNS)),
        lambda writer: next_manifest(
            given, writer, {"command": "auto_label_skills", **_labelled_facts(rated, before, given.prompts)}
        ),
        total=given.rows,
        progress=progress,
        balanced=False,
    )
    write_rationales(rated, given.row_numbers(manifest.counts.kept), output)
    return StageResult(output, manifest, given.notes + rated.notes())


def generate_stages(
    plan: ResponsePlan,
    output: Path,
    texts: PaidTexts,
    raters: PaidRaters | None,
    *,
    labels: Labels,
    workers: int | None,
    progress: Progress | None,
) -> StageResult:
    """`generate_training_data` with paid texts, and paid scores where there are raters."""
    run = write_texts(plan, output, texts)
    prompts, notes = run.manifest.versions["prompts"], list[str]()
    given: RatedRows | Labels = labels
    if raters is not None and run.manifest.stopped:
        given = "none"
        notes.append("not all texts are there yet: the scores are left empty until they are")
    elif raters is not None:
        given = rate_rows(
            rated_texts(run.parts(PART_ROWS), plan.rows), output, raters, seed=plan.seed, spent=run.manifest.spend
        )
        notes += given.notes()
    jobs = (
        (part, plan.seed, given.of(part) if isinstance(given, RatedRows) else given) for part in run.parts(PART_ROWS)
    )
    with WorkerPool(worker_count(len(run.rows), workers)) as pool:
        manifest = write_stage(
            output,
            COLUMNS,
            pool.map(complete_rows, jobs),
            lambda writer: Manifest.model_validate(
                {
                    "command": "generate_training_data",
                    "seed": plan.seed,
                    "requested": plan.requested,
                    "versions": measured_versions(prompts),
                    "sha256": writer.sha256,
                    **run.facts(),
                    **_labelled_facts(given, run.manifest.spend, prompts),
                }
            ),
            total=len(run.rows),
            progress=progress,
            balanced=False,
        )
    if isinstance(given, RatedRows):
        write_rationales(given, run.rows, output)
    return StageResult(output, manifest, notes)
