"""The written rubric: anchors at 0.2, 0.5 and 0.8 for each skill."""

from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from skillscope.skills import SKILL_MEANINGS, SKILLS, Skill

__all__ = ["ANCHORS", "Rubric", "load_rubric"]

ANCHORS = (0.2, 0.5, 0.8)


class Rubric(BaseModel):
    """What a rater scores by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    guidance: tuple[str, ...]
    skills: dict[Skill, dict[float, str]]

    @model_validator(mode="after")
    def whole(self) -> "Rubric":
        """Every skill has its three anchors."""
        for skill in SKILLS:
            if tuple(self.skills.get(skill, {})) != ANCHORS:
                raise ValueError(f"{skill} needs the anchors {ANCHORS}")
        return self

    def text(self) -> str:
        """The rubric as a rater reads it."""
        lines = [*self.guidance]
        for skill in SKILLS:
            lines.append(f"{skill}: {SKILL_MEANINGS[skill]}.")
            lines += [f"  {anchor}: {text}" for anchor, text in self.skills[skill].items()]
        return "\n".join(lines)


@cache
def load_rubric() -> Rubric:
    """The rubric shipped in the package."""
    text = resources.files(__package__).joinpath("rubric.yaml").read_text(encoding="utf-8")
    return Rubric.model_validate(yaml.safe_load(text))
