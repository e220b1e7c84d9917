import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillscope.errors import InputError
from skillscope.tutoring.proficiency import SkillState, chance_of_right, proficiency, update


def test_first_answer_by_hand() -> None:
    start = SkillState()
    assert proficiency(start) == 4.0
    assert chance_of_right(start, 2) == pytest.approx(0.25 + 0.75 * 0.5)
    right = update(start, 2, right=True)
    assert right.ability == pytest.approx(1.8 * (1 - 0.625))
    assert right.answers == 1
    assert proficiency(right) == round(1 + 6 / (1 + math.exp(-0.675)), 1) == 5.0


@given(st.lists(st.tuples(st.sampled_from((1, 2, 3)), st.booleans()), max_size=200))
def test_it_stays_on_the_scale_and_moves_the_right_way(answers: list[tuple[int, bool]]) -> None:
    state = SkillState()
    for difficulty, right in answers:
        after = update(state, difficulty, right=right)
        assert after.answers == state.answers + 1
        assert (after.ability >= state.ability) if right else (after.ability <= state.ability)
        assert 1.0 <= proficiency(after) <= 7.0
        state = after


def test_a_hard_question_counts_for_more() -> None:
    state = SkillState(0.5, 10)
    assert update(state, 3, right=True).ability > update(state, 1, right=True).ability
    assert update(state, 1, right=False).ability < update(state, 3, right=False).ability


def test_an_unknown_difficulty_is_refused() -> None:
    with pytest.raises(InputError, match="1, 2 or 3"):
        update(SkillState(), 4, right=True)
