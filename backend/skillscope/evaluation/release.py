"""Evaluations and verdicts in MLflow, and the one way by which a model becomes the champion."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from skillscope.errors import ConfigurationError, ConflictError, NotFoundError
from skillscope.evaluation.gate import Outcome, Verdict, judge_release
from skillscope.evaluation.record import Evaluation
from skillscope.modeling.bundle import BUNDLE_NAME
from skillscope.modeling.tracking import CHAMPION, mlflow_client, quiet
from skillscope.modeling.versions import CHALLENGER, FoundModel, find_model, release_of, set_champion
from skillscope.settings import Settings, get_settings

__all__ = [
    "EVALUATION_FILE",
    "Promotion",
    "Reported",
    "evaluate_and_report",
    "gate",
    "last_evaluation",
    "log_evaluation",
    "promote",
]

EVALUATION_FILE: Final = "evaluation/evaluation.json"
VERDICT_FILE: Final = "gate/verdict.json"


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a promotion did. `refused`: the gate held it back. `moved` is False then, and for one that was champion."""

    verdict: Verdict
    version: str
    before: str | None
    moved: bool
    forced: bool
    refused: bool = False


def log_evaluation(
    found: FoundModel, evaluation: Evaluation, *, report: Path | None = None, settings: Settings | None = None
) -> bool:
    """Keep an evaluation, and its report, with the run that made the model; False where MLflow does not know the model.

    The gate judges a version by the last one that was logged.
    """
    if found.run_id is None:
        return False
    client = mlflow_client(settings)
    with quiet():
        client.log_dict(found.run_id, json.loads(evaluation.model_dump_json()), EVALUATION_FILE)
        if report is not None:
            client.log_artifact(found.run_id, str(report), "evaluation")
        for skill, item in evaluation.skills.items():
            for name, figure in item.figures.items():
                if figure.value is not None:
                    client.log_metric(found.run_id, f"evaluation_{skill}_{name}", figure.value)
    return True


def last_evaluation(found: FoundModel, settings: Settings | None = None) -> Evaluation | None:
    """The evaluation that was logged last with the model's run, if there is one.

    Raises:
        ConfigurationError: it cannot be read.
    """
    if found.run_id is None:
        return None
    client: Any = mlflow_client(settings)
    with quiet(), tempfile.TemporaryDirectory() as folder:
        listed = [item.path for item in client.list_artifacts(found.run_id, "evaluation")]
        if EVALUATION_FILE not in listed:
            return None
        path = Path(client.download_artifacts(found.run_id, EVALUATION_FILE, folder))
        try:
            return Evaluation.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise ConfigurationError(
                "the evaluation logged with this model is of another form; evaluate it again: skillscope evaluate"
            ) from error


@dataclass(frozen=True, slots=True)
class Reported:
    """An evaluation that was written: the JSON beside the page, and whether MLflow keeps it with the model."""

    evaluation: Evaluation
    verdict: Verdict
    beside: Path
    logged: bool


def evaluate_and_report(
    model: str,
    data: Path,
    report: Path,
    *,
    side: Path | None = None,
    probes: bool = True,
    register: bool = True,
    settings: Settings | None = None,
    progress: Callable[[str], None] | None = None,
) -> Reported:
    """Evaluate a model on rated rows, judge it, write the page and its JSON, and log both with the model's run.

    The learning curve of the data folder's reports is shown where there is one. `side`: see `read_rated`.

    Raises:
        FileError, SchemaError: a file cannot be used or written.
        NotFoundError, BundleError, ConfigurationError: the model cannot be had.
    """
    from skillscope.evaluation.evaluate import evaluate_model
    from skillscope.evaluation.rated import read_rated
    from skillscope.evaluation.report import write_report
    from skillscope.modeling.curve import CURVE_NAME, read_curve
    from skillscope.modeling.experiments import report_path

    settings = settings or get_settings()
    rated = read_rated(data, side=side)
    found = find_model(model, settings)
    evaluated = evaluate_model(found.bundle, rated, probes=probes, report=progress)
    verdict = judge_release(
        evaluated.evaluation, model=found.bundle.version, label_source=found.bundle.label_source
    ).model_copy(update={"model_version": found.version})
    _, beside = write_report(evaluated, verdict, report, curve=read_curve(report_path(CURVE_NAME, settings)))
    logged = register and log_evaluation(found, evaluated.evaluation, report=report, settings=settings)
    return Reported(evaluated.evaluation, verdict, beside, logged)


def gate(
    model: str = CHAMPION, *, evaluation: Evaluation | None = None, settings: Settings | None = None
) -> tuple[Verdict, FoundModel]:
    """Judge a model by this evaluation, or by the last that was logged with it, and log the verdict with its run.

    Raises:
        NotFoundError: there is no such model.
        ConflictError: the evaluation is of another model.
    """
    settings = settings or get_settings()
    found = find_model(model, settings)
    if evaluation is None:
        evaluation = last_evaluation(found, settings)
    elif evaluation.model.version != found.bundle.version:
        raise ConflictError(
            f"the evaluation is of model {evaluation.model.version}, and {model} is {found.bundle.version}; evaluate it"
        )
    verdict = judge_release(evaluation, model=found.bundle.version, label_source=found.bundle.label_source)
    verdict = verdict.model_copy(update={"model_version": found.version})
    if found.run_id is not None and found.version is not None:
        client = mlflow_client(settings)
        with quiet():
            client.log_dict(found.run_id, json.loads(verdict.model_dump_json()), VERDICT_FILE)
            client.set_model_version_tag(BUNDLE_NAME, found.version, "gate", str(verdict.outcome))
    return verdict, found


def promote(
    model: str = CHALLENGER,
    *,
    force: bool = False,
    evaluation: Evaluation | None = None,
    settings: Settings | None = None,
) -> Promotion:
    """Make a registered model the champion if the gate passes it. With `force` it is made so all the same, and that is
    recorded on the version and its run: `release = forced`, with the gate's outcome beside it.

    Raises:
        NotFoundError: there is no such model, or it is not registered in MLflow.
    """
    settings = settings or get_settings()
    verdict, found = gate(model, evaluation=evaluation, settings=settings)
    if found.version is None or found.run_id is None:
        raise NotFoundError(f"{model} is no registered model; train it with MLflow, or name an alias or version number")
    client = mlflow_client(settings)
    with quiet():
        before, release = release_of(client)
        passed = verdict.outcome is Outcome.PASSED
        if not passed and not force:
            return Promotion(verdict, found.version, before, moved=False, forced=False, refused=True)
        how = "gate" if passed else "forced"
        if before == found.version and release == how:
            return Promotion(verdict, found.version, before, moved=False, forced=not passed)
        client.set_tag(found.run_id, "skillscope.release", how)
        set_champion(client, found.version, how, gate=str(verdict.outcome), replaced=before or "none")
    return Promotion(verdict, found.version, before, moved=before != found.version, forced=not passed)
