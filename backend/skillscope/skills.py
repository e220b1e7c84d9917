"""The vocabulary: skills, levels and grades. Imports nothing of ours."""

from typing import Final, Literal

__all__ = [
    "GRADES",
    "GRID_SIZE",
    "LEVELS",
    "SCORE_COLUMNS",
    "SKILLS",
    "SKILL_MEANINGS",
    "Level",
    "Skill",
    "grade_for_age",
    "score_column",
]

Skill = Literal["empathy", "problem_solving", "self_regulation", "resilience"]
Level = Literal["developing", "medium", "high"]

SKILLS: Final[tuple[Skill, ...]] = ("empathy", "problem_solving", "self_regulation", "resilience")
LEVELS: Final[tuple[Level, ...]] = ("developing", "medium", "high")
GRADES: Final[tuple[int, ...]] = (2, 3, 4, 5, 6, 7, 8)

GRID_SIZE: Final = len(SKILLS) * len(LEVELS) * len(GRADES)
"""One simulated student for each skill, level and grade: 84."""

SKILL_MEANINGS: Final[dict[Skill, str]] = {
    "empathy": "notices, names and responds to what others feel",
    "problem_solving": "breaks a challenge down, tries strategies, checks the result",
    "self_regulation": "manages attention, impulse and emotion towards a goal",
    "resilience": "persists, recovers and learns after a setback",
}


def score_column(skill: Skill) -> str:
    """The dataset column that holds a skill's label: `empathy_score` for `empathy`."""
    return f"{skill}_score"


SCORE_COLUMNS: Final[tuple[str, ...]] = tuple(score_column(skill) for skill in SKILLS)


def grade_for_age(age: float) -> int:
    """The grade (2 to 8) that a child of this age in years usually attends: age less six, kept in range."""
    return min(max(int(age) - 6, GRADES[0]), GRADES[-1])
