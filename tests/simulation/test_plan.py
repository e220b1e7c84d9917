"""The plan: balanced, the same in any order, rounded up to whole grids unless told otherwise."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillscope.errors import InputError
from skillscope.simulation.plan import ResponsePlan
from skillscope.simulation.scenarios import load_scenarios
from skillscope.skills import GRADES, LEVELS, SKILLS

COUNTS = st.integers(1, 400)
SEEDS = st.integers(0, 2**63)


def spread(counts: Counter[object], cells: int) -> int:
    return max(counts.values(), default=0) - (min(counts.values()) if len(counts) == cells else 0)


@given(COUNTS, SEEDS)
def test_exact_plans_are_as_even_as_can_be(count: int, seed: int) -> None:
    specs = list(ResponsePlan(count, seed, exact=True))
    assert [spec.row for spec in specs] == list(range(count))
    assert spread(Counter((s.skill, s.level, s.grade) for s in specs), 84) <= 1
    assert spread(Counter(s.skill for s in specs), len(SKILLS)) <= 1
    assert spread(Counter(s.level for s in specs), len(LEVELS)) <= 1
    assert spread(Counter(s.grade for s in specs), len(GRADES)) <= 1
    for skill in SKILLS:
        assert spread(Counter(s.scenario for s in specs if s.skill == skill), 30) <= 1


@given(COUNTS, SEEDS)
def test_whole_grids_hold_every_cell_equally_often(count: int, seed: int) -> None:
    plan = ResponsePlan(count, seed)
    assert plan.rows % 84 == 0
    assert 0 <= plan.rows - count < 84
    assert plan.rounded == (plan.rows != count)
    cells = Counter((s.skill, s.level, s.grade) for s in plan)
    assert len(cells) == 84
    assert set(cells.values()) == {plan.rows // 84}


@pytest.mark.parametrize(("asked", "rows"), [(1, 84), (20, 84), (84, 84), (85, 168), (100, 168), (1000, 1008)])
def test_rounding(asked: int, rows: int) -> None:
    assert ResponsePlan(asked, 1).rows == rows
    assert ResponsePlan(asked, 1, exact=True).rows == asked


def test_a_row_is_the_same_in_any_order_and_any_plan() -> None:
    small, large = ResponsePlan(84, 5), ResponsePlan(5000, 5)
    forwards = [small.spec(row) for row in range(84)]
    assert [large.spec(row) for row in reversed(range(84))] == forwards[::-1]
    assert forwards != list(ResponsePlan(84, 6))


def test_a_scenario_meets_every_level_and_grade() -> None:
    met = {skill: {name: set[object]() for name in names} for skill, names in load_scenarios().items()}
    for spec in ResponsePlan(84 * 150, 3):
        met[spec.skill][spec.scenario] |= {spec.level, spec.grade}
    assert all(seen == {*LEVELS, *GRADES} for names in met.values() for seen in names.values())


def test_bad_requests() -> None:
    with pytest.raises(InputError, match="count must be at least 1, not 0"):
        ResponsePlan(0, 1)
    with pytest.raises(IndexError, match="row 84 is outside"):
        ResponsePlan(84, 1).spec(84)
