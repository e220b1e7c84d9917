"""Feature families of a bundle: which columns stand beside the 29, and how training and serving compute them.

A family that reads no ratings is fitted once for all skills; one that does is fitted on each skill's labels, so that
its columns exist once a skill. A wide feature row holds the 29, then the shared columns, then each skill's own:

    29 | shared families | empathy's | problem_solving's | self_regulation's | resilience's
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from skillscope.errors import BundleError
from skillscope.features.families import Answers, FamilySet, FittedFamilies, Need
from skillscope.features.families.answers import Floats
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.prompts import PromptBook
from skillscope.skills import SKILLS, Skill

__all__ = ["FAMILIES_FOLDER", "BundleFamilies", "extra_columns", "split_families"]

FAMILIES_FOLDER: Final = "families"
SHARED_FOLDER: Final = "shared"
PROMPTS_NAME: Final = "prompts.json"

Places = NDArray[np.int64]


def split_families(families: FamilySet) -> tuple[FamilySet, FamilySet]:
    """Those that read no ratings, and those that do, each in the given order."""
    rated = tuple(family for family in families.families if Need.SCORES in family.needs)
    shared = tuple(family for family in families.families if Need.SCORES not in family.needs)
    return FamilySet(shared), FamilySet(rated)


def extra_columns(families: FamilySet, skills: tuple[Skill, ...]) -> tuple[str, ...]:
    """Names of the columns after the 29: those of shared families, then `<skill>.<column>` for each skill's own."""
    shared, rated = split_families(families)
    return (*shared.columns, *(f"{skill}.{name}" for skill in skills for name in rated.columns))


@dataclass(frozen=True)
class BundleFamilies:
    """The fitted families of a bundle, and the prompts that it knows. Without families every list is empty."""

    made_of: FamilySet = field(default_factory=lambda: FamilySet(()))
    shared: FittedFamilies | None = None
    rated: Mapping[Skill, FittedFamilies] = field(default_factory=dict)
    book: PromptBook = field(default_factory=PromptBook)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns after the 29."""
        return extra_columns(self.made_of, tuple(skill for skill in SKILLS if skill in self.rated))

    def places(self, skill: Skill) -> Places:
        """Which columns of a wide row the skill's regressor reads, in its order: the 29, the shared, its own."""
        width = len(FEATURE_NAMES)
        shared, rated = split_families(self.made_of)
        after = width + len(shared.columns)
        skills = [name for name in SKILLS if name in self.rated]
        own = after + skills.index(skill) * len(rated.columns) if skill in skills else after
        count = len(rated.columns) if skill in skills else 0
        return np.concatenate([np.arange(after), np.arange(own, own + count)]).astype(np.int64)

    def transform(self, answers: Answers) -> Floats:
        """The extra columns of these responses, shape (n, k), each row from its own response alone."""
        parts = [np.empty((len(answers), 0))]
        if self.shared is not None:
            parts.append(self.shared.transform(answers))
        parts += [self.rated[skill].transform(answers) for skill in SKILLS if skill in self.rated]
        return np.hstack(parts)

    def save(self, folder: Path) -> None:
        """Write a folder that must not exist yet; nothing where there are no families."""
        if not self.made_of.families:
            return
        folder.mkdir()
        self.book.save(folder / PROMPTS_NAME)
        if self.shared is not None:
            self.shared.save(folder / SHARED_FOLDER)
        for skill, fitted in self.rated.items():
            fitted.save(folder / skill)

    @classmethod
    def load(cls, folder: Path, keys: tuple[str, ...], skills: tuple[Skill, ...]) -> Self:
        """Read what `save` wrote for these families and skills; `keys` must name families of this version.

        Raises:
            BundleError: a file is missing or damaged, or the folder holds other families.
        """
        if not keys:
            return cls()
        made_of = FamilySet.of(keys)
        shared, rated = split_families(made_of)

        def part(name: str, wanted: FamilySet) -> FittedFamilies:
            fitted = FittedFamilies.load(folder / name)
            if fitted.keys != tuple(family.key for family in wanted.families):
                raise BundleError(f"{folder / name} holds other families than bundle.json names; copy the bundle whole")
            return fitted

        return cls(
            made_of,
            part(SHARED_FOLDER, shared) if shared.families else None,
            {skill: part(skill, rated) for skill in skills} if rated.families else {},
            PromptBook.load(folder / PROMPTS_NAME),
        )
