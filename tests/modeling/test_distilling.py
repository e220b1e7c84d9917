"""Rows that a Gaussian process labels: what it may know, and what the rows look like."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from skillscope.features.derived import derive
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.adversarial import AMONG_TAUGHT
from skillscope.modeling.crossval import learnt_rows
from skillscope.modeling.distilling import MADE_AT_MOST, TAUGHT_FROM, TAUGHT_TO, Teacher, misfit, taught
from skillscope.modeling.evidence import blank, evidence_of
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.samples import Adversaries, Rows, Samples

COUNT = 320
PLAYED = FEATURE_NAMES.index("task_completion_rate")
SMOOTH, USELESS = FEATURE_NAMES.index("focus_duration"), FEATURE_NAMES.index("noun_count")


def make_rows(count: int = COUNT, *, noise: float = 0.1, seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    features = rng.uniform(0.05, 1.0, (count, len(FEATURE_NAMES)))
    features[:, 25:29] = derive(features[:, :16], features[:, 16:25])
    scores = truth(features) + noise * rng.standard_normal(count)
    return Rows(features, scores, np.ones(count), np.full(count, "a/low"))


def truth(features: np.ndarray) -> np.ndarray:
    return 0.5 + 0.3 * np.sin(4.0 * features[:, SMOOTH])


@pytest.fixture(scope="module")
def rows() -> Rows:
    return make_rows()


def taught_copies(rows: Rows, *, share: float, seed: int) -> Rows:
    return taught(rows, rows.take(np.empty(0, dtype=int)), share=share, seed=seed)


@pytest.fixture(scope="module")
def made(rows: Rows) -> Rows:
    return taught_copies(rows, share=2.0, seed=3)


def test_a_teacher_is_nearer_to_the_truth_than_the_labels_it_learnt_from(rows: Rows) -> None:
    other = make_rows(seed=1)
    error = np.abs(Teacher.fit(rows, seed=0).label(other.features) - truth(other.features)).mean()
    assert error < 0.5 * np.abs(rows.scores - truth(rows.features)).mean()


@pytest.mark.parametrize("seed", range(3))
def test_the_misfit_and_its_gradient_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table, scores = rng.standard_normal((40, 5)), rng.standard_normal(40)
    table[1] = table[0]
    kernel = ConstantKernel() * Matern(np.ones(5), nu=2.5) + WhiteKernel()
    process = GaussianProcessRegressor(kernel, optimizer=None).fit(table, scores)
    theta = rng.uniform(-1.0, 1.0, 7)
    wanted, gradient = process.log_marginal_likelihood(theta, eval_gradient=True)
    found = misfit(theta, table, scores)
    assert found[0] == pytest.approx(-wanted, rel=1e-9)
    assert found[1] == pytest.approx(-gradient, rel=1e-7)


def test_a_teacher_goes_by_labels_that_count_more() -> None:
    rows = make_rows(noise=0.02)
    wrong = np.arange(COUNT) % 2 == 0
    mixed = replace(rows, scores=np.where(wrong, 0.9, rows.scores))
    weighed = replace(mixed, weights=np.where(wrong, 0.02, 1.0))
    errors = [
        np.abs(Teacher.fit(some, seed=0).label(rows.features) - truth(rows.features)).mean()
        for some in (mixed, weighed)
    ]
    assert errors[1] < 0.6 * errors[0]


def test_made_rows_are_of_two_rows_and_carry_labels_in_range(rows: Rows, made: Rows) -> None:
    assert len(made) == 2 * COUNT
    for column in range(25):
        assert np.isin(made.features[:, column], rows.features[:, column]).all()
    assert not (made.features[:, None, :25] == rows.features[None, :, :25]).all(axis=2).any()
    assert np.array_equal(made.features[:, 25:29], derive(made.features[:, :16], made.features[:, 16:25]))
    assert ((made.scores >= 0.0) & (made.scores <= 1.0)).all()
    assert np.array_equal(made.scores, made.scores.round(4))
    assert set(made.strata) == {"a/low"}
    assert (made.weights == 1.0).all()


def test_the_same_seed_makes_the_same_rows(rows: Rows, made: Rows) -> None:
    again, other = (taught_copies(rows, share=2.0, seed=seed) for seed in (3, 4))
    assert np.array_equal(again.features, made.features)
    assert np.array_equal(again.scores, made.scores)
    assert not np.array_equal(other.features, made.features)


def test_evidence_is_not_mixed_and_little_of_it_is_not_taught(rows: Rows) -> None:
    spoken = rows.take(np.arange(COUNT))
    spoken = replace(spoken, features=blank(spoken.features, "text"))
    both = make_rows(TAUGHT_FROM - 1, seed=5)
    made = taught_copies(both.and_also(spoken), share=1.0, seed=0)
    assert len(made) == COUNT
    assert set(evidence_of(made.features)) == {"text"}
    assert np.isnan(made.features[:, PLAYED]).all()
    assert not len(taught_copies(both, share=1.0, seed=0))
    assert not len(taught_copies(rows, share=0.0, seed=0))
    assert not len(taught_copies(make_rows(TAUGHT_TO + 1), share=1.0, seed=0))


def test_there_is_a_bound_to_what_is_made(rows: Rows) -> None:
    assert len(taught_copies(rows, share=1000.0, seed=0)) == MADE_AT_MOST


def test_a_feature_that_is_missing_here_and_there_is_borne(rows: Rows) -> None:
    features = rows.features.copy()
    features[::3, USELESS] = np.nan
    made = taught_copies(replace(rows, features=features), share=0.5, seed=0)
    assert np.isnan(made.features[:, USELESS]).any()
    assert np.isfinite(made.scores).all()


def test_what_is_taught_comes_from_training_rows_alone(rows: Rows) -> None:
    numbers = np.arange(TAUGHT_FROM)
    scores = rows.scores[:, None]
    recipe = Recipe(taught=1.0, pooled=0.0)
    found = []
    for held in (0.0, 1.0):
        labels = np.where(np.arange(COUNT)[:, None] < TAUGHT_FROM, scores, held)
        samples = Samples.plain(rows.features, labels, np.zeros(COUNT, dtype=int), np.arange(COUNT))
        found.append(learnt_rows(samples, recipe, 0, rows.take(numbers), numbers, of=COUNT))
    assert len(found[0]) == 2 * TAUGHT_FROM
    assert np.array_equal(found[0].scores, found[1].scores)


@pytest.mark.parametrize(("count", "times"), [(TAUGHT_FROM, AMONG_TAUGHT), (TAUGHT_FROM - 1, 1.0)])
def test_copies_that_game_count_more_where_rows_are_taught_alone(rows: Rows, count: int, times: float) -> None:
    numbers = np.arange(count)
    copies = Adversaries(numbers[:5], blank(rows.features[:5], "text"), np.full(5, 0.4))
    samples = replace(
        Samples.plain(rows.features, rows.scores[:, None], np.zeros(COUNT, dtype=int), np.arange(COUNT)),
        adversaries=copies,
    )
    found = learnt_rows(samples, Recipe(taught=1.0, pooled=0.0), 0, rows.take(numbers), numbers, of=COUNT)
    alone = evidence_of(found.features) == "text"
    assert found.weights[alone] == pytest.approx(np.full(5, 0.4 * times))
    assert found.weights[~alone] == pytest.approx(1.0)


def test_a_teacher_labels_rows_of_smote_too(rows: Rows) -> None:
    smote = replace(rows.take(np.arange(20)), scores=np.full(20, 0.99))
    found = taught(rows, smote, share=0.1, seed=0)
    assert np.array_equal(found.features[:20], smote.features)
    assert np.abs(found.scores[:20] - truth(smote.features)).mean() < 0.1
    assert np.array_equal(taught(rows, smote, share=0.0, seed=0).scores, smote.scores)
