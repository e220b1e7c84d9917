import math

import numpy as np
import pytest

from skillscope.modeling.conformal import (
    band_of_grades,
    by_band,
    conformal_quantile,
    coverage_of_folds,
    usual_range,
    widest,
)


def test_the_quantile_by_hand():
    # 9 errors: rank ceil(10 x .8) = 8; too few for .95, so the whole scale
    errors = np.array([0.1, -0.2, 0.3, -0.4, 0.5, -0.6, 0.7, -0.8, 0.9])
    assert conformal_quantile(errors, 0.8) == pytest.approx(0.8)
    assert conformal_quantile(errors, 0.95) == 1.0
    assert conformal_quantile(np.array([]), 0.8) == 1.0


@pytest.mark.parametrize("count", [21, 99, 100, 1000])
@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_the_quantile_is_the_ranked_error(count, coverage):
    errors = np.random.default_rng(count).normal(size=count)
    assert conformal_quantile(errors, coverage) == np.sort(np.abs(errors))[math.ceil((count + 1) * coverage - 1e-9) - 1]


def test_coverage_is_measured_with_the_other_folds_errors():
    # three errors: rank ceil(4 x .6) = 3. The first three get .2 and lie inside; the last three .15: one of them does
    errors = np.array([0.05, 0.1, 0.15, 0.2, -0.2, 0.1])
    assert coverage_of_folds(errors, [0, 0, 0, 1, 1, 1], 0.6) == pytest.approx(4 / 6)


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_new_errors_are_covered_as_promised(coverage):
    random = np.random.default_rng(4)
    inside = [abs(random.normal()) <= conformal_quantile(random.normal(size=99), coverage) for _ in range(3000)]
    assert np.mean(inside) == pytest.approx(coverage, abs=0.02)


def test_bands_of_grades():
    assert band_of_grades([2, 3, 4, 5, 6, 7, 8, None, float("nan"), 9]).tolist() == [
        "2-3", "2-3", "4-5", "4-5", "6-8", "6-8", "6-8", "", "", "",
    ]  # fmt: skip


def test_each_band_is_covered_where_one_width_for_all_would_not_do():
    random = np.random.default_rng(3)
    grades = np.repeat([2.0, 4.0, 8.0], 1000)
    errors = random.normal(size=3000) * np.repeat([0.2, 0.1, 0.05], 1000)
    folds = np.tile(np.arange(5), 600)
    banded = by_band(errors, folds, grades)
    for shares in banded.coverage.values():
        assert shares["0.8"] == pytest.approx(0.8, abs=0.02)
        assert shares["0.95"] == pytest.approx(0.95, abs=0.02)
    assert widest(banded.half_widths, "0.8") == banded.half_widths["2-3"]["0.8"]
    one = conformal_quantile(errors, 0.8)
    assert (np.abs(errors[:1000]) <= one).mean() < 0.65


def test_a_band_without_rows_is_left_out_and_a_small_one_promises_nothing():
    banded = by_band(np.full(12, 0.1), np.arange(12) % 3, np.full(12, 3.0))
    assert banded.half_widths == {"2-3": {"0.8": 0.1, "0.95": 1.0}}
    assert math.isnan(widest({}, "0.8"))


def test_the_usual_range_by_hand():
    assert usual_range(np.linspace(0.0, 1.0, 101)) == {"0.8": (0.1, 0.9), "0.95": (0.025, 0.975)}
