"""The plan of a run: which skill, level, grade and scenario each numbered row has."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from skillscope.errors import InputError
from skillscope.simulation.scenarios import load_scenarios
from skillscope.simulation.seeds import row_key
from skillscope.skills import GRADES, GRID_SIZE, LEVELS, SKILLS, Level, Skill

__all__ = ["ResponsePlan", "ResponseSpec"]


@dataclass(frozen=True, slots=True)
class ResponseSpec:
    """What one row is: its number, target skill, level, grade and the scenario it is about."""

    row: int
    skill: Skill
    level: Level
    grade: int
    scenario: str


@dataclass(frozen=True)
class _Order:
    """The order in which a seed walks through skills, levels and grades."""

    skills: tuple[Skill, ...]
    levels: tuple[Level, ...]
    grades: tuple[int, ...]


@lru_cache(maxsize=64)
def _order(seed: int) -> _Order:
    shuffle = random.Random(row_key(seed, "plan", 0))
    return _Order(
        tuple(shuffle.sample(SKILLS, len(SKILLS))),
        tuple(shuffle.sample(LEVELS, len(LEVELS))),
        tuple(shuffle.sample(GRADES, len(GRADES))),
    )


@lru_cache(maxsize=256)
def _scenario_cycle(seed: int, skill: Skill, cycle: int) -> tuple[str, ...]:
    names = sorted(load_scenarios()[skill])
    return tuple(random.Random(row_key(seed, f"scenarios:{skill}", cycle)).sample(names, len(names)))


class ResponsePlan:
    """A balanced plan over 4 skills x 3 levels x 7 grades, any row of it computed when asked for.

    `count` is rounded up to whole grids of 84 unless `exact`. The number of skills, levels and grades have no common
    factor, so walking all three in step visits each of the 84 cells once per grid (Chinese remainder theorem), and
    every prefix has cell counts, and counts of each skill, level and grade, that differ by at most one.
    A skill's scenarios come in shuffled rounds: none comes again before all have come.

    Raises:
        InputError: `count` is below 1.
    """

    def __init__(self, count: int, seed: int, exact: bool = False) -> None:
        if count < 1:
            raise InputError(f"count must be at least 1, not {count}", field="count")
        self.requested = count
        self.seed = seed
        self.exact = exact
        self.rows = count if exact else -(-count // GRID_SIZE) * GRID_SIZE

    @property
    def rounded(self) -> bool:
        """Whether more rows are planned than were asked for."""
        return self.rows != self.requested

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[ResponseSpec]:
        return (self.spec(row) for row in range(self.rows))

    def spec(self, row: int) -> ResponseSpec:
        """The row's spec; the same whatever `count` is.

        Raises:
            IndexError: the plan has no such row.
        """
        if not 0 <= row < self.rows:
            raise IndexError(f"row {row} is outside the plan of {self.rows} rows")
        order = _order(self.seed)
        skill = order.skills[row % len(SKILLS)]
        level = order.levels[row % len(LEVELS)]
        grade = order.grades[row % len(GRADES)]
        turn = row // len(SKILLS)
        cycle, place = divmod(turn, len(load_scenarios()[skill]))
        return ResponseSpec(row, skill, level, grade, _scenario_cycle(self.seed, skill, cycle)[place])
