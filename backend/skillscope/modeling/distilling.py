"""Training rows that a smoother model labels, so that trees learn from a few hundred rows what else takes thousands.

What traits do to features is smooth, and trees approach a smooth function in steps, each of which takes rows. A
Gaussian process has that smoothness built in: from 1,008 simulated rows it predicts scores of unseen scenarios better
than trees do. But it is served with all of its rows, and its scores cannot be traced to features. So it teaches: it
labels rows that are made between neighbours, and trees learn those beside the rows themselves (Bucila, Caruana &
Niculescu-Mizil 2006, "Model compression"; Fakoor et al. 2020). It is fitted on the training rows alone.
"""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import Bounds, minimize
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from skillscope.features.derived import rederived
from skillscope.modeling.evidence import EVIDENCE, evidence_of
from skillscope.modeling.samples import Floats, Rows

__all__ = ["TAUGHT", "TAUGHT_FROM", "Teacher", "misfit", "taught"]

TAUGHT: Final = 12.0
"""Made rows beside each row. On 1,008 simulated rows, scenarios unseen, they take R2 of resilience from .865 to .878,
that of the other skills up by .004 to .007 (`skillscope models curve --seed 1001` shows them with)."""
TAUGHT_FROM: Final = 300
"""From fewer rows of one evidence than this the processes know no more than trees do."""
TAUGHT_TO: Final = 3_000
"""From more rows trees learn nearly as much themselves, and the cost of a process grows with the cube of its rows."""
MADE_AT_MOST: Final = 12_000
"""Made rows in all: beside 1,000 rows or fewer `TAUGHT` each, beside more a smaller share."""
PROCESSES: Final = 4
"""Processes whose mean is the label: each finds its length scales on rows of its own choice."""
SCALED_ON: Final = 300
"""Rows that the parameters of a kernel are found on."""
SCALING_STEPS: Final = 15
"""Steps of L-BFGS that find them."""
VARIANCES: Final = (1e-5, 1e5)
"""Range of a kernel's variance and of its noise, in variances of the score."""
LENGTHS: Final = (0.3, 1e3)
"""Range of a length scale, in standard deviations of the feature; one of no use ends at the upper bound."""
UNBOUNDED: Final = (1e-12, 1e12)
"""Range that kernels are given: scikit-learn would warn of parameters that end at a bound of theirs."""
JITTER: Final = 1e-10
"""Added to the diagonal, as scikit-learn does: matrices of like rows stay positive definite."""
NEIGHBOURS: Final = 10
"""Nearest rows that a made row may take features from."""
SWAPPED: Final = 0.5
"""Chance of a feature to come from the neighbour: no made value lies between two, so the spread of each is kept."""


@dataclass(frozen=True)
class Teacher:
    """Gaussian processes over standardised features; what is missing counts as the mean, and as missing."""

    processes: tuple[GaussianProcessRegressor, ...]
    mean: Floats
    spread: Floats
    gaps: NDArray[np.int64]

    @classmethod
    def fit(cls, rows: Rows, *, seed: int) -> Self:
        """Fitted on these rows: one length scale a feature (Matérn, nu 2.5); more weight, less noise."""
        known = ~np.isnan(rows.features)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, rows.features, 0.0).sum(axis=0) / count
        spread = np.sqrt(np.where(known, np.square(rows.features - mean), 0.0).sum(axis=0) / count)
        gaps = np.flatnonzero(~known.all(axis=0) & known.any(axis=0))
        table = _standardised(rows.features, mean, spread, gaps)
        rng = np.random.default_rng(seed)
        processes = tuple(
            _process(table, rows, np.sort(rng.permutation(len(rows))[:SCALED_ON])) for _ in range(PROCESSES)
        )
        return cls(processes, mean, spread, gaps)

    def label(self, features: Floats) -> Floats:
        """Labels (n,) for features (n, f), 0 to 1, in steps of .0001: the last digits depend on the machine."""
        table = _standardised(features, self.mean, self.spread, self.gaps)
        found = np.mean([process.predict(table) for process in self.processes], axis=0)
        out: Floats = np.clip(np.asarray(found, dtype=np.float64), 0.0, 1.0).round(4)
        return out


def _process(table: Floats, rows: Rows, few: NDArray[np.int64]) -> GaussianProcessRegressor:
    """A process that finds its scales on `few` rows and then knows all. Scales are kept to two digits, so that they do
    not depend on the machine.
    """
    matern = Matern(np.full(table.shape[1], 5.0), UNBOUNDED, nu=2.5)
    kernel = ConstantKernel(1.0, UNBOUNDED) * matern + WhiteKernel(0.1, UNBOUNDED)
    scaled = kernel.clone_with_theta(_scales(table[few], rows.scores[few], kernel.theta))
    weights = np.maximum(rows.weights, 1e-3)
    noise = scaled.k2.noise_level * np.median(weights) / weights
    process = GaussianProcessRegressor(scaled.k1, alpha=noise, normalize_y=True, optimizer=None)
    return process.fit(table, rows.scores)


def _scales(table: Floats, scores: Floats, start: Floats) -> Floats:
    """Logarithms of the variance, the length scales and the noise after a few steps from `start`, to two digits."""
    ranges = np.log([VARIANCES, *[LENGTHS] * table.shape[1], VARIANCES])
    spread = float(scores.std()) or 1.0
    found = minimize(
        misfit,
        start,
        args=(table, (scores - scores.mean()) / spread),
        method="L-BFGS-B",
        jac=True,
        bounds=Bounds(ranges[:, 0], ranges[:, 1]),
        options={"maxiter": SCALING_STEPS},
    )
    return np.round(found.x, 2)


def misfit(theta: Floats, table: Floats, scores: Floats) -> tuple[float, Floats]:
    """Minus the log marginal likelihood of scores (n,), and its gradient (f + 2,); `theta` are the logarithms of the
    variance, the length scales and the noise.

    The formulas are Rasmussen & Williams 2006, 2.30 and 5.9. scikit-learn has both, but holds an n x n x f table of
    derivatives: sums over pairs of rows of a squared difference are products of matrices, many times faster.
    """
    variance, noise = np.exp(theta[0]), np.exp(theta[-1])
    scaled = table / np.exp(theta[1:-1])
    distance = np.sqrt(5.0) * cdist(scaled, scaled)
    decay = variance * np.exp(-distance)
    signal = (1.0 + distance + np.square(distance) / 3.0) * decay
    identity = np.eye(len(table))
    factor = cho_factor(signal + (noise + JITTER) * identity, lower=True)
    known = cho_solve(factor, scores)
    inner = np.outer(known, known) - cho_solve(factor, identity)
    pull = inner * (5.0 / 3.0) * (1.0 + distance) * decay
    by_scale = pull.sum(axis=1) @ np.square(scaled) - (scaled * (pull @ scaled)).sum(axis=0)
    gradient = np.concatenate([[0.5 * (inner * signal).sum()], by_scale, [0.5 * noise * np.trace(inner)]])
    value = 0.5 * scores @ known + np.log(np.diag(factor[0])).sum() + 0.5 * len(table) * np.log(2.0 * np.pi)
    return float(value), -gradient


def _standardised(features: Floats, mean: Floats, spread: Floats, gaps: NDArray[np.int64]) -> Floats:
    values = np.where(np.isnan(features), 0.0, (features - mean) / np.where(spread > 0.0, spread, 1.0))
    return np.hstack([values, np.isnan(features[:, gaps]).astype(np.float64)])


def taught(rows: Rows, made: Rows, *, share: float, seed: int) -> Rows:
    """Rows that a teacher fitted on `rows` labels: `made`, which SMOTE made of them, and `share` more for each of them,
    `MADE_AT_MOST` in all. With a share of 0 the rows of SMOTE are left as they are.

    A further row is a row with half of its features from one of its `NEIGHBOURS` nearest of the same evidence; derived
    features follow from the others. Evidence that fewer than `TAUGHT_FROM` rows have, or more than `TAUGHT_TO`, is not
    taught. The same seed gives the same rows.
    """
    kinds, made_kinds = evidence_of(rows.features), evidence_of(made.features)
    scores, more = made.scores.copy(), made.take(np.empty(0, dtype=np.int64))
    for turn, kind in enumerate(EVIDENCE):
        some, here = rows.take(kinds == kind), made_kinds == kind
        count = round(min(share, MADE_AT_MOST / max(len(rows), 1)) * len(some))
        if not TAUGHT_FROM <= len(some) <= TAUGHT_TO or not count:
            continue
        teacher = Teacher.fit(some, seed=seed)
        if here.any():
            scores[here] = teacher.label(made.features[here])
        more = more.and_also(_between(some, teacher, count, np.random.default_rng([seed, turn])))
    return replace(made, scores=scores).and_also(more)


def _between(rows: Rows, teacher: Teacher, count: int, rng: np.random.Generator) -> Rows:
    table = _standardised(rows.features, teacher.mean, teacher.spread, teacher.gaps)
    first = np.resize(rng.permutation(len(rows)), count)
    near: NDArray[np.int64] = np.asarray(cKDTree(table).query(table[first], k=NEIGHBOURS + 1)[1])
    second = near[np.arange(count), rng.integers(1, NEIGHBOURS + 1, count)]
    swapped = rng.random((count, rows.features.shape[1])) < SWAPPED
    features = rederived(np.where(swapped, rows.features[second], rows.features[first]))
    weights = (rows.weights[first] + rows.weights[second]) / 2.0
    return Rows(features, teacher.label(features), weights, rows.strata[first])
