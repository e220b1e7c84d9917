import random
from collections import Counter

import pytest

from skillscope.lm.slots import fill, to_number
from skillscope.tutoring.mathtext import false_statements
from skillscope.tutoring.questions.families import Family, load_families
from skillscope.tutoring.questions.generate import check_question, render_question
from skillscope.tutoring.questions.mathematics import make_math_question, number_slots, renamed
from skillscope.tutoring.questions.model import (
    Question,
    format_options,
    math_context,
    question_prompt,
    split_options,
)
from skillscope.tutoring.taxonomy import load_taxonomy

FAMILIES = [family for families in load_families().values() for family in families]


def test_every_skill_has_three_families_and_math_spans_difficulties() -> None:
    families = load_families()
    for skill in load_taxonomy().skills:
        assert len(families[skill.id]) >= 3, skill.id
    assert {family.difficulty for family in FAMILIES if family.section == "Math"} == {1, 2, 3}
    assert len({family.id for family in FAMILIES}) == len(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.id)
def test_a_family_makes_sound_questions(family: Family) -> None:
    texts = set()
    for seed in range(3):
        question = make_math_question(family, random.Random(seed), "q")
        assert check_question(question) == []
        assert split_options(question_prompt(question)) == question.options
        assert fill(question.text_delex, question.slots) == question.text
        assert fill(question.answer_delex, {**question.slots, "answer": question.correct_answer}) == (
            question.correct_answer
        )
        assert "⟨" not in question_prompt(question) + question.rationale
        assert Question.from_json(question.to_json()) == question
        texts.add(question_prompt(question))
        context = math_context(question)
        for text in (*family.idea, *family.verify, *(text for step in family.steps for text in step)):
            assert false_statements(fill(renamed(text, question.names), question.slots), context) == []
    assert len(texts) >= 2


@pytest.mark.parametrize("family", [f for f in FAMILIES if f.section == "Math"], ids=lambda family: family.id)
def test_larger_numbers_keep_a_math_family_sound(family: Family) -> None:
    question = make_math_question(family, random.Random(7), "q", scale=10)
    assert check_question(question) == []


def test_the_answer_to_a_linear_equation_by_hand() -> None:
    family = next(family for family in FAMILIES if family.id == "linear-one.two-step")
    for seed in range(10):
        question = make_math_question(family, random.Random(seed), "q")
        a, b, c = (to_number(question.slots[question.names[name]]) for name in "abc")
        assert a is not None
        assert b is not None
        assert c is not None
        assert to_number(question.correct_answer) == (c - b) / a
        stopped = next((row for row in question.distractors if row.misconception == "stopped-early"), None)
        assert stopped is None or to_number(stopped.option) == c - b


def test_skills_share_a_bank_evenly_and_a_seed_fixes_it() -> None:
    bank = [render_question(number, seed=5) for number in range(58)]
    assert set(Counter(question.skill for question in bank).values()) == {2}
    assert [render_question(number, seed=5) for number in range(58)] == bank
    assert render_question(0, seed=6) != bank[0]


def test_numbers_of_free_text_become_slots_in_order() -> None:
    delex, slots, names = number_slots("Solve 3x + 4 = 13, not x² or A1.", {})
    assert delex == "Solve ⟨n1⟩x + ⟨n2⟩ = ⟨n3⟩, not x² or A1."
    assert slots == {"n1": "3", "n2": "4", "n3": "13"}
    assert names == {}


def test_options_with_commas_survive() -> None:
    options = ("(2, 3)", "Yes, it is", "7", "; however,")
    assert split_options(f"Q? Options: {format_options(options)}") == options
    assert split_options("No options here.") == ()


def test_another_name_makes_no_new_reading_item() -> None:
    family = next(family for family in FAMILIES if family.id == "central.main-idea")
    keys: dict[str, set[str]] = {}
    for seed in range(60):
        question = make_math_question(family, random.Random(seed), "q")
        keys.setdefault(question.key, set()).add(question.slots["surname"])
    assert all(key.startswith("central.main-idea|") and len(key) > 18 for key in keys)
    assert any(len(surnames) > 1 for surnames in keys.values())
