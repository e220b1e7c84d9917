"""Every way through the release gate, and promotion through a real MLflow store."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillscope.datasets.io import read_dataset
from skillscope.errors import ConflictError, NotFoundError
from skillscope.evaluation.evaluate import Evaluated, evaluate_model
from skillscope.evaluation.gate import THRESHOLDS, Outcome, judge_release
from skillscope.evaluation.rated import read_rated
from skillscope.evaluation.record import Evaluation, Figure
from skillscope.evaluation.release import VERDICT_FILE, gate, last_evaluation, log_evaluation, promote
from skillscope.modeling.bundle import BUNDLE_NAME, Bundle, write_bundle
from skillscope.modeling.tracking import Registration, log_training, mlflow_client
from skillscope.modeling.training import TrainingResult
from skillscope.modeling.versions import find_model
from skillscope.settings import Settings


@pytest.fixture(scope="session")
def evaluated(made: TrainingResult, rated_file: Path) -> Evaluated:
    return evaluate_model(made.bundle, read_rated(rated_file), probes=False)


@pytest.fixture
def own(shop: Settings, tmp_path: Path, made: TrainingResult, rated_file: Path) -> Settings:
    """A store of the test's own with the one model."""
    settings = shop.model_copy(update={"data_dir": tmp_path / "data"})
    settings.data_dir.mkdir()
    shutil.copy(shop.data_dir / "mlflow.db", settings.data_dir)  # its tables made, nothing in it
    assert register(made.bundle, settings, rated_file).model_version == "1"
    return settings


def as_if_human(found: Evaluation, **changes: float) -> Evaluation:
    """The evaluation as people's ratings might have made it: every figure good but those that are given."""
    good = {"r": 0.85, "qwk": 0.8, "smd": 0.05, **changes}
    skills = {}
    for skill, item in found.skills.items():
        figures = item.figures | {name: Figure(value=good[name]) for name in ("r", "qwk", "smd")}
        worse = {name: Figure(value=changes.get("degradation", -0.02)) for name in ("r", "qwk")}
        groupings = [
            grouping.model_copy(
                update={
                    "groups": [
                        group.model_copy(update={"dsm": changes.get("dsm", 0.01), "few": False, "rows": 40})
                        for group in grouping.groups
                    ]
                }
            )
            for grouping in item.groupings
        ]
        skills[skill] = item.model_copy(
            update={
                "figures": figures,
                "degradation": worse,
                "rows": int(changes.get("rows", 150)),
                "groupings": groupings,
            }
        )
    return found.model_copy(
        update={
            "skills": skills,
            "data": found.data.model_copy(update={"human": True, "label_sources": ["human"]}),
            "model": found.model.model_copy(update={"demonstration": False, "label_source": "human"}),
        }
    )


def judged(evaluation: Evaluation) -> Outcome:
    return judge_release(evaluation, model="m", label_source="human").outcome


def test_good_figures_from_people_pass(evaluated):
    verdict = judge_release(as_if_human(evaluated.evaluation), model="m", label_source="human")
    assert (verdict.outcome, verdict.exit_code, verdict.reasons) == (Outcome.PASSED, 0, [])
    assert {item.figure for item in verdict.criteria} == set(THRESHOLDS)
    assert all("Williamson" in item.source for item in verdict.criteria)


@pytest.mark.parametrize(
    ("figure", "kept", "missed"),
    [
        ("r", 0.70, 0.699), ("qwk", 0.70, 0.699), ("degradation", -0.099, -0.10), ("smd", -0.149, -0.15),
        ("dsm", 0.099, 0.10),
    ],
)  # fmt: skip
def test_each_bound(evaluated, figure, kept, missed):
    assert judged(as_if_human(evaluated.evaluation, **{figure: kept})) is Outcome.PASSED
    failed = judge_release(as_if_human(evaluated.evaluation, **{figure: missed}), model="m", label_source="human")
    assert (failed.outcome, failed.exit_code) == (Outcome.FAILED, 1)
    assert any(figure in reason for reason in failed.reasons)


def test_what_cannot_be_known_is_no_pass(evaluated):
    good = as_if_human(evaluated.evaluation)
    once = {skill: item.model_copy(update={"degradation": None}) for skill, item in good.skills.items()}
    assert judged(good.model_copy(update={"skills": once})) is Outcome.INSUFFICIENT
    part = {skill: item for skill, item in good.skills.items() if skill != "resilience"}
    assert judged(good.model_copy(update={"skills": part})) is Outcome.INSUFFICIENT
    assert judged(as_if_human(evaluated.evaluation, rows=99)) is Outcome.INSUFFICIENT
    seen = good.model_copy(update={"data": good.data.model_copy(update={"seen": True})})
    assert judged(seen) is Outcome.INSUFFICIENT
    verdict = judge_release(None, model="m", label_source="human")
    assert (verdict.outcome, verdict.exit_code) == (Outcome.INSUFFICIENT, 3)


def test_simulated_ratings_neither_pass_nor_fail(evaluated):
    assert judged(evaluated.evaluation) is Outcome.INSUFFICIENT
    for changes in ({}, {"r": 0.1}):
        found = as_if_human(evaluated.evaluation, **changes)
        simulated = found.model_copy(
            update={"data": found.data.model_copy(update={"human": False, "label_sources": ["simulated"]})}
        )
        assert judged(simulated) is Outcome.INSUFFICIENT


def test_a_model_of_simulated_labels_never_passes_and_fails_on_people(evaluated):
    for changes, outcome in (({}, Outcome.INSUFFICIENT), ({"r": 0.0}, Outcome.FAILED)):
        found = as_if_human(evaluated.evaluation, **changes)
        taught = found.model_copy(
            update={"model": found.model.model_copy(update={"demonstration": True, "label_source": "simulated"})}
        )
        assert judged(taught) is outcome


def test_a_small_group_is_shown_and_not_judged(evaluated):
    good = as_if_human(evaluated.evaluation)
    item = good.skills["empathy"]
    groups = [item.groupings[0].groups[0].model_copy(update={"dsm": 0.9, "few": True}), *item.groupings[0].groups[1:]]
    changed = item.model_copy(update={"groupings": [item.groupings[0].model_copy(update={"groups": groups})]})
    verdict = judge_release(
        good.model_copy(update={"skills": good.skills | {"empathy": changed}}), model="m", label_source="human"
    )
    assert verdict.outcome is Outcome.PASSED
    assert any(criterion.value == 0.9 and not criterion.judged for criterion in verdict.criteria)


def test_the_first_model_is_champion_as_a_demonstration(made, own):
    found = find_model("champion", own)
    assert (found.version, found.tags["release"]) == ("1", "demonstration")
    assert found.bundle.version == made.bundle.version


def test_the_verdict_is_logged_and_not_evaluated_is_insufficient(made, own):
    verdict, found = gate("champion", settings=own)
    assert verdict.outcome is Outcome.INSUFFICIENT
    assert "never evaluated" in verdict.reasons[0]
    client = mlflow_client(own)
    path = client.download_artifacts(found.run_id, VERDICT_FILE)
    assert json.loads(Path(path).read_text(encoding="utf-8"))["outcome"] == "insufficient evidence"
    assert client.get_model_version(BUNDLE_NAME, "1").tags["gate"] == "insufficient evidence"


def test_the_last_logged_evaluation_counts(made, own, evaluated):
    found = find_model("champion", own)
    assert last_evaluation(found, own) is None
    assert log_evaluation(found, evaluated.evaluation, settings=own)
    assert last_evaluation(found, own) == evaluated.evaluation
    assert gate("1", settings=own)[0].data == "fresh.csv"
    log_evaluation(found, as_if_human(evaluated.evaluation), settings=own)
    assert gate("1", settings=own)[0].outcome is Outcome.PASSED


def human_copy(made: TrainingResult, folder: Path) -> Bundle:
    """The bundle as if people had rated its training rows."""
    record = made.bundle.record.model_copy(update={"label_sources": ("human",)})
    return write_bundle(record, made.bundle.models, "# A card\n", folder / BUNDLE_NAME)


def register(bundle: Bundle, own: Settings, rated_file: Path) -> Registration:
    frame = read_dataset(rated_file)
    return log_training(bundle, frame, source=rated_file, metrics={}, figures={}, settings=own)


def test_promotion_goes_through_the_gate(made, own, evaluated, rated_file, tmp_path):
    bundle = human_copy(made, tmp_path)
    assert register(bundle, own, rated_file).aliases == ("challenger",)
    client = mlflow_client(own)
    assert str(client.get_model_version_by_alias(BUNDLE_NAME, "champion").version) == "1"  # a challenger alone
    held = promote(settings=own)
    assert (held.moved, held.refused, held.verdict.outcome) == (False, True, Outcome.INSUFFICIENT)
    found = as_if_human(evaluated.evaluation)
    good = found.model_copy(update={"model": found.model.model_copy(update={"version": bundle.version})})
    bad = good.model_copy(update={"skills": as_if_human(evaluated.evaluation, smd=0.4).skills})
    assert promote(evaluation=bad, settings=own).verdict.outcome is Outcome.FAILED
    assert str(client.get_model_version_by_alias(BUNDLE_NAME, "champion").version) == "1"
    done = promote(evaluation=good, settings=own)
    assert (done.moved, done.forced, done.before, done.version) == (True, False, "1", "2")
    champion = client.get_model_version_by_alias(BUNDLE_NAME, "champion")
    assert (str(champion.version), champion.tags["release"], champion.tags["gate"]) == ("2", "gate", "pass")
    # what was released is not replaced by training a demonstration
    assert register(made.bundle, own, rated_file).aliases == ("challenger",)
    assert str(client.get_model_version_by_alias(BUNDLE_NAME, "champion").version) == "2"


def test_a_demonstration_replaces_a_demonstration(made, own, rated_file):
    assert register(made.bundle, own, rated_file).aliases == ("challenger", "champion")
    assert find_model("champion", own).version == "2"


def test_force_is_recorded(made, own, rated_file, tmp_path):
    register(human_copy(made, tmp_path), own, rated_file)
    done = promote("2", force=True, settings=own)
    assert (done.moved, done.forced) == (True, True)
    client = mlflow_client(own)
    champion = client.get_model_version_by_alias(BUNDLE_NAME, "champion")
    wanted = {"release": "forced", "gate": "insufficient evidence", "replaced": "1"}
    assert {name: champion.tags[name] for name in wanted} == wanted
    assert client.get_run(champion.run_id).data.tags["skillscope.release"] == "forced"


def test_an_evaluation_of_another_model_is_refused(made, own, evaluated):
    other = evaluated.evaluation.model_copy(
        update={"model": evaluated.evaluation.model.model_copy(update={"version": "0"})}
    )
    with pytest.raises(ConflictError, match="evaluate it"):
        gate("champion", evaluation=other, settings=own)
    with pytest.raises(NotFoundError, match="there is no model 17"):
        gate("17", settings=own)
    with pytest.raises(NotFoundError, match="no registered model"):
        promote(str(made.bundle.path), settings=own)


def test_the_commands_and_their_exit_codes(made, own, rated_file, monkeypatch):
    import typer

    from skillscope.cli.gate import command_gate, command_promote
    from skillscope.settings import get_settings

    monkeypatch.setenv("SKILLSCOPE_DATA_DIR", str(own.data_dir))
    monkeypatch.setenv("SKILLSCOPE_MODELS_DIR", str(own.models_dir))
    get_settings.cache_clear()
    app = typer.Typer()
    app.command("gate")(command_gate)
    app.command("promote")(command_promote)
    try:
        told = CliRunner().invoke(app, ["gate", "--json"])
        assert told.exit_code == 3
        assert json.loads(told.stdout)["exit_code"] == 3
        shown = CliRunner().invoke(app, ["gate", "--data", str(rated_file)])
        assert shown.exit_code == 3
        assert "insufficient evidence: model" in shown.stdout
        assert "simulated" in shown.stdout
        # a demonstration that is champion already is not released by being asked for
        refused = CliRunner().invoke(app, ["promote", "--model", "1"])
        assert refused.exit_code == 3
        assert "version 1 is not released" in refused.stdout
        forced = CliRunner().invoke(app, ["promote", "--model", "1", "--force"])
        assert forced.exit_code == 0
        assert "forced against the gate's insufficient evidence" in forced.stdout
    finally:
        get_settings.cache_clear()
