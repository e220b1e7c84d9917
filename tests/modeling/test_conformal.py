import numpy as np
import pytest

from skillscope.modeling.conformal import conformal_quantile, coverage_of_folds


def test_the_quantile_by_hand():
    # 9 errors: rank ceil(10 x .8) = 8; rank ceil(10 x .95) = 10 is beyond the ninth, so the whole scale
    errors = np.array([0.1, -0.2, 0.3, -0.4, 0.5, -0.6, 0.7, -0.8, 0.9])
    assert conformal_quantile(errors, 0.8) == pytest.approx(0.8)
    assert conformal_quantile(errors, 0.95) == 1.0
    assert conformal_quantile(np.array([]), 0.8) == 1.0


def test_coverage_is_measured_with_the_other_folds_errors():
    # the widths taken from the other fold: .2 for the first two errors, .1 for the last two
    errors = np.array([0.05, 0.1, 0.2, 0.2])
    assert coverage_of_folds(errors, [0, 0, 1, 1], 0.6) == 0.5


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_new_errors_are_covered_as_promised(coverage):
    random = np.random.default_rng(4)
    inside = [abs(random.normal()) <= conformal_quantile(random.normal(size=99), coverage) for _ in range(3000)]
    assert np.mean(inside) == pytest.approx(coverage, abs=0.02)
