from copy import deepcopy
from typing import Any

import pytest

from skillscope.errors import SchemaError
from skillscope.tutoring.adapt import adapt_plan
from skillscope.tutoring.performance import SkillPerformance, accuracy_band, percent, proficiency_band, time_band

PLAN: dict[str, list[dict[str, Any]]] = {
    "foundation": [
        {"day": 1, "type": "practice", "skill": "Circles"},
        {"day": 3, "type": "test", "skill": "Transitions"},
    ],
    "review": [{"day": 5, "type": "practice", "skill": "Percentages"}],
}


def row(skill: str, correct: int, total: int = 10) -> SkillPerformance:
    return SkillPerformance("Math", "Algebra", skill, correct, total)


@pytest.mark.parametrize(
    ("rows", "action", "day", "after"),
    [
        ([row("Triangles", 3), row("Circles", 9)], "switch", 1, ("foundation", 0, "practice", "Triangles")),
        ([row("Triangles", 3)], "switch", 5, ("review", 0, "practice", "Triangles")),
        ([row("Transitions", 2)], "lesson", 3, ("foundation", 1, "lesson", "Transitions")),
        ([row("Percentages", 4)], "forward", 1, ("foundation", 0, "practice", "Percentages")),
        ([row("Circles", 4)], "keep", 1, ("foundation", 0, "practice", "Circles")),
        ([row("Percentages", 6)], "keep", 5, ("review", 0, "practice", "Percentages")),
        ([row("Percentages", 9)], "harder", 5, ("review", 0, "challenge", "Percentages")),
        ([row("Triangles", 9)], "keep_free", None, ("review", 0, "practice", "Percentages")),
    ],
)
def test_the_policy_by_hand(
    rows: list[SkillPerformance], action: str, day: int | None, after: tuple[str, int, str, str]
) -> None:
    before = deepcopy(PLAN)
    adjustment = adapt_plan(PLAN, rows)
    phase, index, kind, skill = after
    task = adjustment.plan[phase][index]
    assert (adjustment.action, adjustment.day) == (action, day)
    assert (task["type"], task["skill"]) == (kind, skill)
    assert before == PLAN
    assert adjustment.changed == (adjustment.plan != PLAN)
    assert str(percent(adjustment.focus.correct, adjustment.focus.total)) in adjustment.reason


def test_moving_forward_trades_places() -> None:
    adjustment = adapt_plan(PLAN, [row("Percentages", 1)])
    assert adjustment.plan["review"][0] == {"day": 5, "type": "practice", "skill": "Circles"}
    assert (adjustment.old, adjustment.other_day) == ("Circles", 5)


@pytest.mark.parametrize("plan", [{}, {"foundation": []}, {"foundation": [{"day": "x"}]}, {"foundation": 3}])
def test_a_malformed_plan_is_refused(plan: Any) -> None:
    with pytest.raises(SchemaError, match="plan"):
        adapt_plan(plan, [row("Circles", 3)])


def test_bands_at_their_edges() -> None:
    assert [accuracy_band(row("x", n).accuracy) for n in (4, 5, 7, 8)] == ["low", "mid", "mid", "high"]
    assert [time_band(seconds) for seconds in (39, 40, 60, 61)] == ["fast", "steady", "steady", "slow"]
    assert [proficiency_band(value) for value in (2.9, 3.0, 4.9, 5.0)] == ["base", "fair", "fair", "top"]
    assert [percent(1, 8), percent(2, 3), percent(0, 5), percent(5, 5)] == [13, 67, 0, 100]
