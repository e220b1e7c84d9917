"""What a feature family is: a name with a version, its needs, its columns, and how it is fitted and kept.

A family is fitted on training rows only. Where it reads ratings, the columns of its own training rows must come from
fits that did not see them: `FeatureFamily.out_of_fold` does that for every family that declares `Need.SCORES`.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from skillscope.features.families.answers import Answers, Floats, Need

__all__ = ["FeatureFamily", "FittedFamily"]


class FittedFamily(ABC):
    """A family after fitting. The columns of a row depend on that row alone."""

    @abstractmethod
    def transform(self, answers: Answers) -> Floats:
        """The family's columns, shape (n, k); NaN where a row lacks what they need. Ratings are not read."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write JSON and npz files into an existing folder of the family's own."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: a file is missing or damaged.
        """


class FeatureFamily(ABC):
    """A family before fitting. `key` is what `--families` and a bundle name it by."""

    name: ClassVar[str]
    version: ClassVar[int]
    needs: ClassVar[frozenset[Need]]
    columns: ClassVar[tuple[str, ...]]
    fitted: ClassVar[type[FittedFamily]]

    @property
    def key(self) -> str:
        """`<name>.v<version>`."""
        return f"{self.name}.v{self.version}"

    @abstractmethod
    def fit(self, answers: Answers) -> FittedFamily:
        """Fit on these rows, all of them training rows or unrated.

        Raises:
            SchemaError: what it declares as needed for fitting is not there.
        """

    def out_of_fold(self, answers: Answers, folds: NDArray[np.int64], fitted: FittedFamily) -> Floats:
        """The columns of the training rows, shape (n, k), each from a fit that saw no rating of its fold.

        A family that reads no ratings gives what `fitted` gives.
        """
        if Need.SCORES not in self.needs:
            return fitted.transform(answers)
        out = np.full((len(answers), len(self.columns)), np.nan)
        for fold in np.unique(folds).tolist():
            held, kept = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
            out[held] = self.fit(answers.take(kept)).transform(answers.take(held).unrated())
        return out
