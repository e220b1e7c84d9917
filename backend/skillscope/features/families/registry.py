"""The families by name and version, and a set of them fitted together and kept in one folder.

families.json        format, the families in order with their columns, the sha256 of every other file
<name>.v<version>/   what each family wrote
"""

import hashlib
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from skillscope.errors import BundleError, ConfigurationError, FileError
from skillscope.features.families.answers import Answers, Floats, Need
from skillscope.features.families.base import FeatureFamily, FittedFamily
from skillscope.features.families.mental_states import MentalStates
from skillscope.features.families.overlap import ReferenceOverlap
from skillscope.features.families.prompt_pool import PromptPool
from skillscope.features.families.prompt_text import PromptText
from skillscope.features.families.storage import read_json, write_json
from skillscope.features.families.word_vectors import WordVectors
from skillscope.features.schema import FEATURE_NAMES

__all__ = [
    "FAMILIES_FORMAT",
    "FamilySet",
    "FittedFamilies",
    "family_keys",
    "find_family",
    "register_family",
]

FAMILIES_FORMAT: Final = 1
RECORD_NAME: Final = "families.json"
_FAMILIES: dict[str, FeatureFamily] = {}


def register_family(family: FeatureFamily) -> None:
    """Make a family known by its key.

    Raises:
        ConfigurationError: the key is taken, or a column is one of the 29 or of another family.
    """
    if family.key in _FAMILIES:
        raise ConfigurationError(f"feature family {family.key} is registered already; give the new one another version")
    names = [name for other in _FAMILIES.values() if other.name != family.name for name in other.columns]
    taken = set(family.columns) & {*FEATURE_NAMES, *names}
    if taken or len(set(family.columns)) != len(family.columns):
        which = sorted(taken) or ["a name twice"]
        raise ConfigurationError(f"feature family {family.key} has columns that exist already: {', '.join(which)}")
    _FAMILIES[family.key] = family


for _family in (ReferenceOverlap(), PromptText(), MentalStates(), PromptPool(), WordVectors()):
    register_family(_family)


def family_keys() -> tuple[str, ...]:
    """The keys of all registered families, in alphabetical order."""
    return tuple(sorted(_FAMILIES))


def find_family(key: str) -> FeatureFamily:
    """The family of this key, such as `prompt_text.v1`.

    Raises:
        ConfigurationError: there is none; the message names those there are.
    """
    try:
        return _FAMILIES[key]
    except KeyError:
        raise ConfigurationError(
            f"there is no feature family {key!r}; choose from {', '.join(family_keys())}"
        ) from None


@dataclass(frozen=True, slots=True)
class FamilySet:
    """Families in a fixed order, before fitting."""

    families: tuple[FeatureFamily, ...]

    @classmethod
    def of(cls, keys: Sequence[str]) -> Self:
        """The set of these keys, in this order.

        Raises:
            ConfigurationError: a key is unknown or given twice.
        """
        if len(set(keys)) != len(keys):
            raise ConfigurationError("a feature family is named twice")
        return cls(tuple(find_family(key) for key in keys))

    @property
    def needs(self) -> frozenset[Need]:
        """What any of the families needs."""
        return frozenset().union(*(family.needs for family in self.families))

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, family after family. They stand after the 29."""
        return tuple(name for family in self.families for name in family.columns)

    def fit(self, answers: Answers) -> "FittedFamilies":
        """Fit every family on these rows, all of them training rows or unrated."""
        return FittedFamilies(self, tuple(family.fit(answers) for family in self.families))

    def fit_transform(self, answers: Answers, folds: NDArray[np.int64]) -> tuple["FittedFamilies", Floats]:
        """Fit, and give the columns of the training rows themselves, shape (n, k), as a held-out row would get them.

        `folds` (shape (n,)) must keep a group (a child, a scenario) in one fold; a family that reads ratings is
        fitted once more a fold, without it.
        """
        fitted = self.fit(answers)
        pairs = zip(self.families, fitted.parts, strict=True)
        parts = [family.out_of_fold(answers, folds, part) for family, part in pairs]
        return fitted, _beside(parts, len(answers))


def _beside(parts: Sequence[Floats], count: int) -> Floats:
    return np.hstack(parts) if parts else np.empty((count, 0))


def _digests(folder: Path) -> dict[str, str]:
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != RECORD_NAME)
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@dataclass(frozen=True, slots=True)
class FittedFamilies:
    """Fitted families: what a bundle carries and serving computes with."""

    made_of: FamilySet
    parts: tuple[FittedFamily, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the families, in order."""
        return tuple(family.key for family in self.made_of.families)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that `transform` gives, in order."""
        return self.made_of.columns

    def transform(self, answers: Answers) -> Floats:
        """The columns of these rows, shape (n, k). A row's values depend on that row alone; ratings are not read."""
        return _beside([part.transform(answers.unrated()) for part in self.parts], len(answers))

    def save(self, folder: Path) -> None:
        """Write a folder that must not exist yet, whole or not at all.

        Raises:
            FileError: it exists, or cannot be written.
        """
        if folder.exists():
            raise FileError(f"{folder} exists already; name a folder to make")
        temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            temporary.mkdir(parents=True)
            families = []
            for family, part in zip(self.made_of.families, self.parts, strict=True):
                (temporary / family.key).mkdir()
                part.save(temporary / family.key)
                families.append({"key": family.key, "columns": list(family.columns)})
            record = {"format": FAMILIES_FORMAT, "families": families, "files": _digests(temporary)}
            write_json(temporary / RECORD_NAME, record)
            temporary.rename(folder)
        except OSError as error:
            raise FileError(f"{folder} cannot be written: {error.strerror or error}") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a folder after checking format, hashes, and that the families are those of this version.

        Raises:
            BundleError: with the reason, and what to do about it.
        """
        record: Any = read_json(folder / RECORD_NAME)
        if not isinstance(record, dict) or record.get("format") != FAMILIES_FORMAT:
            raise BundleError(f"{folder} holds no families of format {FAMILIES_FORMAT}; train the bundle again")
        if record.get("files") != _digests(folder):
            raise BundleError(f"{folder} holds other files than {RECORD_NAME} describes (sha256); copy it whole")
        families, parts = [], []
        for entry in record["families"]:
            try:
                family = find_family(entry["key"])
            except ConfigurationError as error:
                raise BundleError(f"{folder}: {error}") from error
            if tuple(entry["columns"]) != family.columns:
                raise BundleError(f"{folder} has other columns for {family.key}; train the bundle again")
            families.append(family)
            parts.append(family.fitted.load(folder / family.key))
        return cls(FamilySet(tuple(families)), tuple(parts))
