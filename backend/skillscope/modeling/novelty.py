"""How far a row lies from the rows that a model was trained on: one calibrated number from 0 to 1.

What a student wrote and what a student did are judged apart, each as 16 and 9 numbers in two views: as they are, and
with counts as logarithms and shares as roots (so that very short texts stand out as well as very long ones). In each
view the distance is Mahalanobis' over the values that are known, from a median and quartile range for each feature and
a covariance of what lies within six of them; the larger of the two views counts. Mean squared distances over different
numbers of values are made comparable by the cube root of Wilson and Hilferty (1931), and then ranked among the
distances of training rows held out with their scenario.

    novelty = share of such training rows that lie nearer     (text and play: the larger share, squared,
                                                               which is uniform where the two are independent)

A row above `EXTRAPOLATING` lies further out than all but one in forty training rows, one above `BEYOND` than all but
one in two hundred.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from skillscope.features.schema import FEATURE_NAMES, LINGUISTIC, TELEMETRY

__all__ = ["BEYOND", "EXTRAPOLATING", "Novelty", "NoveltyRecord", "fit_novelty"]

Floats = NDArray[np.float64]

EXTRAPOLATING: Final = 0.975
"""Novelty above which a score is called extrapolated: one in forty rows like those of training."""
BEYOND: Final = 0.995
"""Novelty above which the score says nothing: one in two hundred rows like those of training."""

_CLIP: Final = 6.0
_SHRINK: Final = 0.01
_GRID: Final = (*np.linspace(0.0, 0.9, 19), *np.linspace(0.91, 0.99, 9), 0.995, 0.9975, 0.999, 1.0)
_ROWS_AT_LEAST: Final = 40

_COUNTS: Final = frozenset(
    {
        "avg_sentence_length", "word_count", "unique_word_count", "noun_count", "verb_count", "adj_count", "adv_count",
        "retry_count", "focus_duration", "collaboration_indicators", "leadership_indicators", "event_count",
    }
)  # fmt: skip
_IS_COUNT: Final = np.array([name in _COUNTS for name in FEATURE_NAMES])
_IS_SHARE: Final = np.array([name in {item.name for item in LINGUISTIC[:7]} for name in FEATURE_NAMES])
PATTERNS_KEPT: Final = 256
"""Sets of known values whose whitening is kept ready."""
_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "text": tuple(item.name for item in LINGUISTIC),
    "play": tuple(item.name for item in TELEMETRY),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ViewRecord(_Strict):
    """Where the training rows lie in one view."""

    centre: list[float]
    scale: list[float]
    covariance: list[list[float]]


class PartRecord(_Strict):
    """Text or play: its two views, and the distances of held-out training rows at the quantiles of the grid."""

    features: tuple[str, ...]
    views: tuple[ViewRecord, ViewRecord]
    quantiles: list[float] = Field(description="normal score of the distance, at `grid`")
    grid: list[float]
    rows: int


class NoveltyRecord(_Strict):
    """What `bundle.json` holds of it."""

    parts: dict[str, PartRecord]
    threshold: float = EXTRAPOLATING


def _views(rows: Floats, columns: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Both views of rows (n, k), `columns` (k,) saying which features they are."""
    other = rows.copy()
    logs, roots = _IS_COUNT[columns], _IS_SHARE[columns]
    other[:, logs] = np.log1p(np.maximum(rows[:, logs], 0.0))
    other[:, roots] = np.sqrt(np.maximum(rows[:, roots], 0.0))
    return rows, other


def _fit_view(rows: Floats) -> ViewRecord:
    """Centre, scale and covariance of rows (n, k) in which every column has a known value."""
    middle = np.nanmedian(rows, axis=0)
    low, high = np.nanquantile(rows, [0.25, 0.75], axis=0)
    scale = (high - low) / 1.349
    spread = np.nanstd(rows, axis=0)
    scale = np.where(scale > 1e-9, scale, np.where(spread > 1e-9, spread, 1.0))
    units = np.nan_to_num(np.clip((rows - middle) / scale, -_CLIP, _CLIP))
    covariance = np.atleast_2d(np.cov(units.T))
    # A feature that never varies still has a unit of its own: what differs from it is far.
    diagonal = np.maximum(np.diag(covariance), 1e-3)
    covariance = (1.0 - _SHRINK) * covariance
    np.fill_diagonal(covariance, diagonal)
    return ViewRecord(
        centre=(middle + scale * units.mean(axis=0)).round(9).tolist(),
        scale=scale.round(9).tolist(),
        covariance=covariance.round(9).tolist(),
    )


class _View:
    def __init__(self, record: ViewRecord) -> None:
        self.centre = np.array(record.centre)
        self.scale = np.array(record.scale)
        self.covariance = np.array(record.covariance)
        self._whitening: dict[bytes, Floats] = {}

    def normal_scores(self, rows: Floats) -> Floats:
        """Of the squared distance per known value, about standard normal; NaN where nothing is known. Shape (n,)."""
        units = (rows - self.centre) / self.scale
        known = np.isfinite(units)
        if known.all():
            return self._some(units, np.ones(len(self.centre), dtype=bool))
        out = np.full(len(rows), np.nan)
        patterns, which = (known, np.zeros(1)) if len(rows) == 1 else np.unique(known, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            members = which.ravel() == number
            if pattern.any():
                out[members] = self._some(units[members][:, pattern], pattern)
        return out

    def _some(self, units: Floats, pattern: NDArray[np.bool_]) -> Floats:
        key = pattern.tobytes()
        whitening = self._whitening.get(key)
        if whitening is None:
            whitening = np.linalg.cholesky(np.linalg.inv(self.covariance[np.ix_(pattern, pattern)]))
            if len(self._whitening) < PATTERNS_KEPT:
                self._whitening[key] = whitening
        count = len(whitening)
        squared = np.square(units @ whitening).sum(axis=1) / count
        spread = 2.0 / (9.0 * count)
        return np.asarray((np.cbrt(squared) - (1.0 - spread)) / spread**0.5)


class _Part:
    def __init__(self, record: PartRecord) -> None:
        self.columns = np.array([FEATURE_NAMES.index(name) for name in record.features])
        self.views = [_View(view) for view in record.views]
        self.quantiles = np.array(record.quantiles)
        self.grid = np.array(record.grid)

    def distances(self, features: Floats) -> Floats:
        """The larger of the two views' normal scores, shape (n,)."""
        plain, other = _views(features[:, self.columns], self.columns)
        return np.maximum(self.views[0].normal_scores(plain), self.views[1].normal_scores(other))

    def shares(self, distances: Floats) -> Floats:
        """The share of training rows that are nearer, shape (n,)."""
        return np.asarray(np.interp(distances, self.quantiles, self.grid))


class Novelty:
    """A fitted detector, made from its record."""

    def __init__(self, record: NoveltyRecord) -> None:
        self.record = record
        self._parts = {name: _Part(part) for name, part in record.parts.items()}

    @property
    def threshold(self) -> float:
        """Novelty above which a row is extrapolated."""
        return self.record.threshold

    def by_part(self, features: Floats) -> dict[str, Floats]:
        """For `text` and `play`, the share of training rows nearer than each row (n, 29); NaN where it has none."""
        return {name: part.shares(part.distances(features)) for name, part in self._parts.items()}

    def measure(self, features: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """The novelty of each row (n, 29), in [0, 1], and whether it is above `BEYOND`; each of shape (n,).

        A row of which nothing is known has novelty 1.
        """
        rows = np.asarray(features, dtype=np.float64)
        table = np.array([part.shares(part.distances(rows)) for part in self._parts.values()])
        known = np.isfinite(table).sum(axis=0)
        worst = np.where(np.isfinite(table), table, -1.0).max(axis=0, initial=-1.0)
        novelty = np.asarray(np.where(known, np.maximum(worst, 0.0) ** np.maximum(known, 1), 1.0))
        return novelty, novelty > BEYOND


def _fit_part(features: Floats, folds: NDArray[np.int64], names: tuple[str, ...]) -> PartRecord | None:
    known = np.isfinite(features).sum(axis=0) >= _ROWS_AT_LEAST
    usable = [name for name in names if known[FEATURE_NAMES.index(name)]]
    columns = np.array([FEATURE_NAMES.index(name) for name in usable], dtype=np.int64)
    rows = features[:, columns]
    present = np.isfinite(rows).any(axis=1)
    if not usable or present.sum() < _ROWS_AT_LEAST:
        return None
    rows, folds = rows[present], folds[present]
    views = _views(rows, columns)
    held = np.full(len(rows), np.nan)
    for fold in np.unique(folds):
        inside, outside = folds == fold, folds != fold
        if np.isfinite(rows[outside]).sum(axis=0).min() < 2:
            continue
        first, second = (_View(_fit_view(view[outside])).normal_scores(view[inside]) for view in views)
        held[inside] = np.maximum(first, second)
    held = held[np.isfinite(held)]
    if len(held) < _ROWS_AT_LEAST:
        return None
    return PartRecord(
        features=tuple(usable),
        views=(_fit_view(views[0]), _fit_view(views[1])),
        quantiles=np.maximum.accumulate(np.quantile(held, _GRID)).round(9).tolist(),
        grid=[round(float(share), 6) for share in _GRID],
        rows=len(held),
    )


def fit_novelty(features: Floats, folds: NDArray[np.int64]) -> NoveltyRecord | None:
    """A detector for rows like these training rows (n, 29), calibrated on rows held out by `folds` (n,).

    None where neither text nor play is known of 40 rows.
    """
    found: Mapping[str, PartRecord | None] = {name: _fit_part(features, folds, names) for name, names in _PARTS.items()}
    parts = {name: part for name, part in found.items() if part is not None}
    return NoveltyRecord(parts=parts) if parts else None
