"""Simulated students on real data: the mixture's shares, the champion's scale, and the games of JUSThink."""

from pathlib import Path

import numpy as np
import pytest

from skillscope.errors import FileError, SchemaError
from skillscope.evaluation.real.data import RealData
from skillscope.evaluation.real.experiments import with_simulated
from skillscope.evaluation.real.justhink import justhink, load_justhink
from skillscope.evaluation.real.predictors import mean_score
from skillscope.evaluation.real.simulated import SimulatedRows, as_it_stands, fit_mixed, mixed, stretched
from skillscope.features import LINGUISTIC
from skillscope.features.families import Answers
from skillscope.features.schema import FEATURE_NAMES
from skillscope.skills import SKILLS
from small_parts import train_small_bundle

TEXT = len(LINGUISTIC)


def _simulated(count: int = 80) -> SimulatedRows:
    chance = np.random.default_rng(4)
    rows = chance.uniform(0, 1, (count, len(FEATURE_NAMES)))
    return SimulatedRows(rows, np.column_stack([rows[:, 0], rows[:, 1], rows[:, 20], rows[:, 19]]))


def _answers(count: int = 40) -> RealData:
    chance = np.random.default_rng(5)
    linguistic = chance.uniform(0, 1, (count, TEXT))
    scores = 1.0 + 6.0 * linguistic[:, 3]
    answers = Answers([f"text {n}" for n in range(count)], prompt_ids=["p"] * count, scores=scores,
                      linguistic=linguistic)  # fmt: skip
    return RealData(answers, [f"person {n}" for n in range(count)], np.full(count, np.nan))


def test_simulated_rows_show_one_side() -> None:
    made = _simulated()
    text, play = made.known("text"), made.known("play")
    assert np.isfinite(text[:, :TEXT]).all()
    assert np.isnan(text[:, TEXT:]).all()
    assert np.isnan(play[:, :TEXT]).all()
    assert np.isfinite(play[:, TEXT : TEXT + 9]).all()
    assert np.array_equal(made.labels_of("problem_solving"), made.labels[:, 1])


def test_scores_are_stretched_to_the_scale() -> None:
    assert stretched(np.array([0.0, 0.5, 1.0]), np.array([1.0, 4.0, 7.0])).tolist() == [1.0, 4.0, 7.0]


def test_the_share_says_whom_a_mixture_follows() -> None:
    made, real, scale = _simulated().rows, _simulated(40).rows, np.array([0.0, 1.0])
    high, low = np.ones(len(made)), np.zeros(len(real))
    nearly_real = fit_mixed(made, high, real, low, scale, share=0.999).predict(real).mean()
    nearly_made = fit_mixed(made, high, real, low, scale, share=0.001).predict(real).mean()
    fifth = fit_mixed(made, high, real, low, scale).predict(real).mean()
    assert nearly_real < 0.1
    assert nearly_made > 0.9
    assert nearly_real < fifth < nearly_made


def test_the_champion_and_the_mixture_stand_around_the_others(tmp_path: Path) -> None:
    bundle = train_small_bundle(tmp_path / "bundle")
    named = with_simulated({"mean": mean_score}, "problem_solving", bundle, _simulated())
    assert list(named) == [
        "simulated students only, as it stands",
        "mean",
        "29 features, 80% simulated and 20% real",
    ]
    assert list(with_simulated({"mean": mean_score}, "empathy", None, None)) == ["mean"]
    data = _answers()
    found = as_it_stands(bundle, "problem_solving")(data, data)
    rows = np.hstack([data.linguistic, np.full((len(data), len(FEATURE_NAMES) - TEXT), np.nan)])
    expected = bundle.predict(rows)[:, SKILLS.index("problem_solving")]
    low, high = data.scores.min(), data.scores.max()
    assert found.scores == pytest.approx(low + (high - low) * expected)
    assert np.isfinite(mixed(_simulated(), "problem_solving")(data, data).scores).all()


def test_the_games_are_read_with_their_tests(shared_data: Path) -> None:
    rows, before, after, teams = load_justhink(shared_data / "real")
    assert rows.shape == (len(teams), 29)
    assert len(set(teams)) == len(teams) >= 30
    assert np.isnan(rows[:, :TEXT]).all()
    assert np.isfinite(rows[:, FEATURE_NAMES.index("event_count")]).all()
    for right in (before, after):
        assert right.min() >= 0.0
        assert right.max() <= 20.0
        assert (right == np.rint(right)).all()


def test_team_six_by_hand(shared_data: Path) -> None:
    # key 1,2,0,0,1,1,2,2,0,1; A said 1,2,0,2,1,0,0,1,1,2 (4 right), B said 1,2,0,0,1,1,1,0,1,0 (6 right)
    _, _, after, teams = load_justhink(shared_data / "real")
    assert after[teams.index("justhink-06")] == 10.0


def test_every_team_is_left_out(shared_data: Path, tmp_path: Path) -> None:
    bundle = train_small_bundle(tmp_path / "bundle")
    experiment = justhink(shared_data / "real", champion=bundle, simulated=_simulated(40), resamples=20)[0]
    assert [row.name for row in experiment.rows] == [
        "simulated students only, as it stands",
        "mean",
        "length: number of events",
        "the test before the game",
        "features of the game",
        "features of the game, and the test before",
        "29 features, 80% simulated and 20% real",
    ]
    assert np.isnan(experiment.row("mean").r.value)
    assert experiment.row("the test before the game").r.value > 0.2  # who knew it before knows it after
    assert "Each team is left out once" in experiment.markdown()


def test_missing_and_broken_tests_are_named(shared_data: Path, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="JUSThink log"):
        load_justhink(tmp_path)
    folder = tmp_path / "justhink"
    folder.mkdir()
    (folder / "logs").symlink_to(shared_data / "real" / "justhink" / "logs")
    with pytest.raises(FileError, match="pretest"):
        load_justhink(tmp_path)
    (folder / "test_responses").mkdir()
    for name in ("pretest", "posttest"):
        (folder / "test_responses" / f"justhink19_{name}.csv").write_text("team_no,q1_A\n6,1\n")
    with pytest.raises(SchemaError, match="no row `key`"):
        load_justhink(tmp_path)
