"""The digital SAT's sections, domains and skills, read from `taxonomy.yaml`."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from skillscope.errors import NotFoundError

__all__ = ["SatSkill", "Taxonomy", "load_taxonomy", "normalise_name"]


@dataclass(frozen=True)
class SatSkill:
    """One skill: `id` is stable, `name` the College Board's wording, `label` the short form used in feedback."""

    id: str
    name: str
    label: str
    domain: str
    section: str
    aliases: tuple[str, ...]


def normalise_name(name: str) -> str:
    """A name as it is compared: lower case, `&` as `and`, other marks as one space."""
    return re.sub(r"[^a-z0-9]+", " ", name.lower().replace("&", " and ")).strip()


class Taxonomy:
    """Looks skills up by id, name, label or alias, whatever the case."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.version: int = data["version"]
        self.sections: tuple[str, ...] = tuple(section["name"] for section in data["sections"])
        self.domains: dict[str, tuple[str, ...]] = {}
        self._by_id: dict[str, SatSkill] = {}
        self._names: dict[str, str] = {}
        fallbacks: dict[str, str] = {}
        for section in data["sections"]:
            self.domains[section["name"]] = tuple(domain["name"] for domain in section["domains"])
            for domain in section["domains"]:
                for row in domain["skills"]:
                    skill = SatSkill(
                        id=row["id"],
                        name=row["name"],
                        label=row["label"],
                        domain=domain["name"],
                        section=section["name"],
                        aliases=tuple(row["aliases"]),
                    )
                    self._by_id[skill.id] = skill
                    for name in (skill.id, skill.name, skill.label, *skill.aliases):
                        self._names.setdefault(normalise_name(name), skill.id)
                for name in (domain["name"], *domain["aliases"]):
                    fallbacks.setdefault(normalise_name(name), domain["default"])
        for name, skill_id in fallbacks.items():
            self._names.setdefault(name, skill_id)

    @property
    def skills(self) -> tuple[SatSkill, ...]:
        """All 29, in the order of the file."""
        return tuple(self._by_id.values())

    def get(self, skill_id: str) -> SatSkill:
        """The skill with exactly this id.

        Raises:
            NotFoundError: there is none; the message lists the ids.
        """
        try:
            return self._by_id[skill_id]
        except KeyError:
            raise NotFoundError(f"no SAT skill {skill_id!r}; known: {', '.join(self._by_id)}") from None

    def find(self, name: str) -> SatSkill | None:
        """The skill that a name, label, alias, id or domain name stands for; None when nothing matches."""
        skill_id = self._names.get(normalise_name(name))
        return None if skill_id is None else self._by_id[skill_id]

    def resolve(self, name: str) -> SatSkill:
        """Like `find`.

        Raises:
            NotFoundError: the name is unknown.
        """
        skill = self.find(name)
        if skill is None:
            labels = ", ".join(skill.label for skill in self.skills)
            raise NotFoundError(f"the name of a SAT skill is unknown; known labels: {labels}")
        return skill

    def names_of(self, skill: SatSkill) -> tuple[str, ...]:
        """The label first, then the aliases."""
        return (skill.label, *skill.aliases)


@cache
def load_taxonomy() -> Taxonomy:
    """The shipped taxonomy, read once."""
    return Taxonomy(yaml.safe_load(files("skillscope.tutoring").joinpath("taxonomy.yaml").read_text("utf-8")))
