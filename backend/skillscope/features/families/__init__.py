"""Feature families beside the 29: fitted inside a training fold, kept in the bundle, computed when serving."""

from skillscope.features.families.answers import Answers, Need
from skillscope.features.families.base import FeatureFamily, FittedFamily
from skillscope.features.families.registry import (
    FamilySet,
    FittedFamilies,
    family_keys,
    find_family,
    register_family,
)

__all__ = [
    "Answers",
    "FamilySet",
    "FeatureFamily",
    "FittedFamilies",
    "FittedFamily",
    "Need",
    "family_keys",
    "find_family",
    "register_family",
]
