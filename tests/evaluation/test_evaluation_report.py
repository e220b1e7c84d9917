"""An evaluation from rated rows to the page: figures against independent computation, refusals, what the page holds."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from skillscope.datasets.io import read_dataset
from skillscope.errors import SchemaError
from skillscope.evaluation.evaluate import Evaluated, evaluate_model
from skillscope.evaluation.gate import judge_release
from skillscope.evaluation.rated import read_rated
from skillscope.evaluation.record import Evaluation
from skillscope.evaluation.report import render_report, write_report
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.curve import CurvePoint, LearningCurve
from skillscope.modeling.judging import judge
from skillscope.modeling.training import TrainingResult
from skillscope.skills import SCORE_COLUMNS, SKILLS


@pytest.fixture(scope="session")
def side(tmp_path_factory: pytest.TempPathFactory, rated_file: Path) -> Path:
    """Second ratings of empathy, a column of two groups and one with a small group and a name that is markup."""
    frame = read_dataset(rated_file)
    chance = np.random.default_rng(0)
    second = np.clip(frame["empathy_score"] + chance.normal(0, 0.05, len(frame)), 0, 1)
    table = pd.DataFrame(
        {
            "empathy_score_2": second.round(4),
            "gender": np.where(np.arange(len(frame)) % 2, "girl", "boy"),
            "school": np.where(np.arange(len(frame)) < 20, "<b>North</b>", "South"),
            "hours": chance.normal(10, 3, len(frame)).round(3),
        }
    )
    path = tmp_path_factory.mktemp("side") / "side.csv"
    table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def whole(made: TrainingResult, rated_file: Path, side: Path) -> Evaluated:
    return evaluate_model(made.bundle, read_rated(rated_file, side=side))


@pytest.fixture(scope="session")
def page(whole: Evaluated, made: TrainingResult) -> str:
    return render_report(whole, judge_release(whole.evaluation, model="champion", label_source="simulated"))


def test_agreement_is_that_of_the_scores(whole, made, rated_file):
    frame = read_dataset(rated_file)
    features = frame[list(FEATURE_NAMES)].to_numpy(dtype=float)
    predicted = made.bundle.predict(features)
    for column, skill in enumerate(SKILLS):
        human = frame[SCORE_COLUMNS[column]].to_numpy(dtype=float)
        figures = whole.evaluation.skills[skill].figures
        assert figures["r"].value == pytest.approx(np.corrcoef(human, predicted[:, column])[0, 1], abs=1e-6)
        assert figures["mae"].value == pytest.approx(np.abs(human - predicted[:, column]).mean(), abs=1e-6)
        assert figures["r"].low < figures["r"].value < figures["r"].high


def test_two_raters_give_degradation_and_prmse(whole, side, rated_file):
    item = whole.evaluation.skills["empathy"]
    first = read_dataset(rated_file)["empathy_score"].to_numpy(dtype=float)
    second = pd.read_csv(side)["empathy_score_2"].to_numpy(dtype=float)
    between = np.corrcoef(first, second)[0, 1]
    assert item.human_human["r"].value == pytest.approx(between, abs=1e-6)
    assert item.degradation["r"].value == pytest.approx(item.figures["r"].value - between, abs=2e-6)
    assert item.error_variance == pytest.approx(np.square(first - second).mean() / 2, abs=1e-8)
    assert item.figures["prmse"].value > item.figures["r2"].value
    other = whole.evaluation.skills["resilience"]
    assert other.human_human is None
    assert other.error_variance_from == "the noise of the simulated raters"


def test_every_column_groups_and_small_groups_stay(whole):
    item = whole.evaluation.skills["empathy"]
    assert [grouping.column for grouping in item.groupings] == ["grade", "gender", "school", "hours"]
    schools = {group.group: group for group in item.groupings[2].groups}
    assert (schools["<b>North</b>"].rows, schools["<b>North</b>"].few, schools["South"].few) == (20, True, False)
    assert len(item.groupings[3].groups) == 3  # numbers are cut in thirds
    for grouping in item.groupings:
        assert sum(group.rows for group in grouping.groups) == 168


def test_coverage_is_counted_on_the_judged_intervals(whole, made, rated_file):
    frame = read_dataset(rated_file)
    features = frame[list(FEATURE_NAMES)].to_numpy(dtype=float)
    judged = judge(made.bundle, features, grades=frame["grade"].to_numpy(dtype=float), coverage=0.95)
    human = frame["resilience_score"].to_numpy(dtype=float)
    inside = (judged.lows[:, 3] <= human) & (human <= judged.highs[:, 3])
    rows = {
        row.band: row
        for row in whole.evaluation.coverage
        if (row.skill, row.evidence, row.nominal) == ("resilience", "both", 0.95)
    }
    assert rows[""].covered == pytest.approx(inside.mean(), abs=1e-6)
    assert set(rows) == {"", "2-3", "4-5", "6-8"}
    young = frame["grade"].isin([2, 3]).to_numpy()
    assert rows["2-3"].covered == pytest.approx(inside[young].mean(), abs=1e-6)


def test_bins_add_up(whole):
    for item in whole.evaluation.skills.values():
        for bins in (item.calibration, item.by_grade, item.by_length):
            assert sum(found.rows for found in bins) == item.rows
        assert item.shap[0].size >= item.shap[-1].size


def test_the_notes_say_what_the_figures_are_not(whole):
    notes = " ".join(whole.evaluation.notes)
    assert "simulated raters, not by people" in notes
    assert "not for use on children" in notes
    assert whole.evaluation.model.demonstration
    assert not whole.evaluation.data.seen


def test_probes_of_both_kinds_are_reported(whole):
    kinds = {(item.probe, item.evidence) for item in whole.evaluation.probes}
    assert len(kinds) == 14
    rises = [item.rise for item in whole.evaluation.probes if item.evidence == "both"]
    assert np.mean(rises) < 0.05


def test_the_page_needs_nothing_from_outside_and_escapes_names(page):
    assert "http:" not in page
    assert "https:" not in page
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#|data:)', page)
    assert "<b>North</b>" not in page
    assert "&lt;b&gt;North&lt;/b&gt;" in page
    for number in range(1, 13):
        assert f'id="s{number}"' in page
    assert "insufficient evidence" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', page))
    assert used <= set(ids)


def test_no_text_of_a_student_is_on_the_page(page, rated_file):
    for text in read_dataset(rated_file)["response"].head(40):
        assert text[:40] not in page


def test_the_same_evaluation_gives_the_same_bytes(whole, made, page, tmp_path):
    verdict = judge_release(whole.evaluation, model="champion", label_source="simulated")
    report, beside = write_report(whole, verdict, tmp_path / "deep" / "report.html")
    assert report.read_text(encoding="utf-8") == page
    assert Evaluation.model_validate_json(beside.read_bytes()) == whole.evaluation
    assert "NaN" not in beside.read_text(encoding="utf-8")


def test_what_cannot_be_read_is_refused(made, rated_file, tmp_path):
    path = tmp_path / "side.csv"
    path.write_text("gender\ngirl\n", encoding="utf-8")
    with pytest.raises(SchemaError, match="has 1 rows, the dataset 168"):
        read_rated(rated_file, side=path)
    path.write_text("empathy_score_2\n" + "1.5\n" * 168, encoding="utf-8")
    with pytest.raises(SchemaError, match="empathy_score_2 in row 1 must be 0 to 1"):
        read_rated(rated_file, side=path)
    path.write_text("name\n" + "\n".join(f"n{row}" for row in range(168)), encoding="utf-8")
    with pytest.raises(SchemaError, match="168 different values"):
        read_rated(rated_file, side=path)


def test_rows_without_ratings_are_refused_and_few_leave_a_skill_out(made, rated_file, tmp_path):
    frame = read_dataset(rated_file)
    path = tmp_path / "some.csv"
    frame.loc[9:, "empathy_score"] = np.nan
    frame.to_csv(path, index=False)
    found = evaluate_model(made.bundle, read_rated(path), probes=False).evaluation
    assert "empathy" not in found.skills
    assert found.data.label_sources == ["unknown"]
    frame.assign(**dict.fromkeys(SCORE_COLUMNS, np.nan)).to_csv(path, index=False)
    with pytest.raises(SchemaError, match="holds no score"):
        read_rated(path)


def test_training_rows_are_recognised(made, tmp_path_factory):
    training = next(tmp_path_factory.getbasetemp().glob("training*/training.csv"))
    found = evaluate_model(made.bundle, read_rated(training), probes=False).evaluation
    assert found.data.seen
    assert any("flatters" in note for note in found.notes)


def test_the_command_writes_page_and_json(made, rated_file, tmp_path):
    from skillscope.cli.evaluate import app

    report = tmp_path / "report.html"
    done = CliRunner().invoke(
        app, ["--model", str(made.bundle.path), "--data", str(rated_file), "--report", str(report), "--no-probes"]
    )
    assert done.exit_code == 0, done.output
    assert "release gate: insufficient evidence" in done.stdout
    assert json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))["probes"] == []
    assert CliRunner().invoke(app, ["--model", str(made.bundle.path)]).exit_code == 2


def test_a_learning_curve_that_falls_short_says_so(whole: Evaluated) -> None:
    same = dict.fromkeys(SKILLS, 0.9)
    point = CurvePoint(
        label="5,040", rows=5040, draws=1, r2={**same, "resilience": 0.87},
        r2_draws=dict.fromkeys(SKILLS, (0.87, 0.9)), mae=dict.fromkeys(SKILLS, 0.05),
    )  # fmt: skip
    curve = LearningCurve(
        points=[point], noise_ceiling=dict.fromkeys(SKILLS, 0.98), label_source="simulated", pool_rows=6300,
        scenarios=120, folds=5, seed=0, sha256="",
    )  # fmt: skip
    verdict = judge_release(whole.evaluation, model="champion", label_source="simulated")
    page = render_report(whole, verdict, curve=curve)
    assert "resilience of 5,040: R2 0.870 of 0.880 wanted" in page
    assert "empathy of 5,040" not in page
