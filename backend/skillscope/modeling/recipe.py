"""How a model is made: everything that training chooses beside the data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skillscope.features.families import FamilySet
from skillscope.modeling.adversarial import SHARE
from skillscope.modeling.augment import augment
from skillscope.modeling.boosting import BoostingParams
from skillscope.modeling.distilling import TAUGHT
from skillscope.modeling.pooling import POOLED
from skillscope.modeling.samples import Rows
from skillscope.modeling.weights import DEFAULT_WEIGHTS

__all__ = ["Recipe"]


@dataclass(frozen=True)
class Recipe:
    """`params` hold where `trials` is 0; else they are the first of that many that are tried in every training fold.

    `smote` evens out the strata of the training rows, with `augment_to` until there would be so many of all rows.
    `weights` are those of label sources. `adversarial` is the share of rows also learnt with a text that games,
    `pooled` that of rows also learnt as one of several responses and sessions, `taught` how many rows that a smoother
    model labels are learnt beside each row.
    """

    params: BoostingParams = field(default_factory=BoostingParams)
    families: FamilySet = field(default_factory=lambda: FamilySet(()))
    smote: bool = False
    augment_to: int | None = None
    trials: int = 0
    weights: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    adversarial: float = SHARE
    pooled: float = POOLED
    taught: float = TAUGHT
    seed: int = 42

    def grown(self, rows: Rows, *, of: int) -> Rows:
        """The training rows with what SMOTE adds; `of` is how many labelled rows there are in all folds together."""
        if not self.smote and self.augment_to is None:
            return rows
        to = None if self.augment_to is None else round(self.augment_to * len(rows) / of)
        return augment(rows, to=to, seed=self.seed)

    def as_dict(self) -> dict[str, Any]:
        """What is logged: the parameters of boosting, and the rest where it is used."""
        more: dict[str, Any] = {}
        if self.families.families:
            more["families"] = [family.key for family in self.families.families]
        if self.smote or self.augment_to is not None:
            more |= {"smote": True, "augment_to": self.augment_to}
        if self.trials:
            more["trials"] = self.trials
        if self.adversarial:
            more["adversarial"] = self.adversarial
        if self.pooled:
            more["pooled"] = self.pooled
        if self.taught:
            more["taught"] = self.taught
        return self.params.as_dict() | more
