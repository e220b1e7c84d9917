"""The learning curve and recovery: what they measure, what they write, what they log."""

import json

import pytest

from skillscope.errors import InputError, NotFoundError, SchemaError
from skillscope.modeling.curve import LearningCurve, Size, learning_curve, read_curve
from skillscope.modeling.experiments import make_recovery, report_path
from skillscope.modeling.figures import learning_curve_figure
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.recovery import Recovery, recover
from skillscope.modeling.tracking import mlflow_client
from skillscope.skills import SKILLS


@pytest.fixture(scope="module")
def curve(training_set, quick) -> LearningCurve:
    sizes = (Size(40, draws=2), Size(40, augment_to=120), Size(130))
    return learning_curve(training_set, sizes=sizes, recipe=Recipe(params=quick), threads=2)


def test_more_rows_are_worth_more(curve):
    assert [point.label for point in curve.points] == ["40", "40 + SMOTE", "130"]
    few, _, many = curve.points
    assert sum(many.r2.values()) > sum(few.r2.values()) + 0.1
    assert sum(many.mae.values()) < sum(few.mae.values())
    for skill in SKILLS:
        low, high = few.r2_draws[skill]
        assert low <= few.r2[skill] <= high
        assert many.r2[skill] < curve.noise_ceiling[skill]
        assert curve.near_ceiling[skill] == pytest.approx(0.95 * curve.noise_ceiling[skill])
    assert curve.metrics()["empathy_r2_at_40_smote"] == curve.points[1].r2["empathy"]


def test_a_curve_is_drawn_written_and_read(curve, tmp_path):
    curve.write(tmp_path / "curve.json")
    assert read_curve(tmp_path / "curve.json") == curve
    assert read_curve(tmp_path / "none.json") is None
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(SchemaError, match="is no learning curve"):
        read_curve(tmp_path / "bad.json")
    figure = learning_curve_figure(curve)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "Empathy", "Problem solving", "Self-regulation", "Resilience"
    ]  # fmt: skip


def test_a_pool_that_will_not_do_is_refused(training_set, curve, tmp_path):
    with pytest.raises(InputError, match="generate a larger pool"):
        learning_curve(training_set, sizes=(Size(100, draws=2),))
    bare = tmp_path / "bare.csv"
    bare.write_bytes(training_set.read_bytes())
    with pytest.raises(SchemaError, match="so that the noise ceiling is known"):
        learning_curve(bare, sizes=(Size(40),))


def test_known_traits_are_found_and_more_evidence_helps(trained, home):
    found, path = make_recovery(champion=True, students=60, seed=3, settings=home)
    assert path == report_path("recovery", home)
    assert Recovery.model_validate_json(path.read_text()) == found
    assert path.with_suffix(".png").read_bytes()[1:4] == b"PNG"
    assert not found.unseen_scenarios
    assert found.model_version == trained.bundle.version
    assert {(point.responses, point.sessions) for point in found.points} == {
        (1, 0), (1, 1), (3, 0), (3, 1), (3, 3), (10, 0), (10, 1), (10, 10)
    }  # fmt: skip

    def error(responses: int, sessions: int) -> float:
        return sum(found.point(responses, sessions=sessions).mae.values()) / len(SKILLS)

    assert min(found.point(3, sessions=1).spearman.values()) >= 0.8
    assert error(1, 1) > error(3, 3) > error(10, 10)
    assert error(1, 0) > error(3, 0) > error(10, 0) > error(10, 1)
    run = mlflow_client(home).search_runs(
        [mlflow_client(home).get_experiment_by_name("skillscope").experiment_id],
        filter_string="tags.`skillscope.kind` = 'recovery'",
    )[0]
    assert run.data.metrics["empathy_spearman_3_responses_1_sessions"] == found.point(3, sessions=1).spearman["empathy"]
    files = {file.path for file in mlflow_client(home).list_artifacts(run.info.run_id)}
    assert files >= {"figures", "recovery.json"}


def test_recovery_needs_students_scenarios_and_a_model(trained, home, tmp_path):
    with pytest.raises(InputError, match="at least 20 students"):
        recover(trained.bundle, students=5)
    with pytest.raises(InputError, match="no scenario of empathy"):
        recover(trained.bundle, students=20, scenarios={"none"})
    empty = home.model_copy(update={"data_dir": tmp_path / "data", "models_dir": tmp_path, "model_source": "bundle"})
    with pytest.raises(NotFoundError, match="no trained model"):
        make_recovery(champion=True, settings=empty)
    assert not (tmp_path / "data").exists()
    assert json.loads(trained.bundle.record.model_dump_json())["params"]["pooled"] == 0.5
