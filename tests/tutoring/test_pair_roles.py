"""Number slots named by role: one name for one role in every wording, and nothing else of a question changed."""

from dataclasses import replace

import pytest

from skillscope.lm.slots import fill
from skillscope.synthesis import row_random
from skillscope.tutoring.answerer import explanation_request
from skillscope.tutoring.pairs.explanations import explanation_draft, family_named
from skillscope.tutoring.pairs.prompts import explanation_prompt
from skillscope.tutoring.pairs.roles import by_role, roles_of, slots_renamed
from skillscope.tutoring.questions.generate import render_question
from skillscope.tutoring.questions.mathematics import make_math_question
from skillscope.tutoring.questions.model import Question

QUESTIONS = [render_question(number, 5, scale=1 + 9 * (number % 2)) for number in range(400)]


def two_step(wanted: str) -> Question:
    """A question `3x + 4 = 13` in the wording that starts with this role."""
    family = family_named("linear-one.two-step")
    for number in range(100):
        question = make_math_question(family, row_random(1, "roles", number), "q")
        if question.text_delex.startswith(f"⟨{question.names[wanted]}⟩") and len(set(question.slots.values())) == 4:
            return question
    raise AssertionError("no such wording")


@pytest.mark.parametrize(("first", "shown"), [("a", "⟨n1⟩⟨v⟩ + ⟨n2⟩ = ⟨n3⟩"), ("c", "⟨n3⟩ = ⟨n1⟩⟨v⟩ + ⟨n2⟩")])
def test_a_role_has_one_name_in_every_wording(first: str, shown: str) -> None:
    question = two_step(first)
    named = by_role(question)
    assert named.text_delex == shown
    assert {name: slot for name, slot in named.names.items() if name != "v"} == {"a": "n1", "b": "n2", "c": "n3"}
    assert named.answer_delex == "⟨=(n3-n2)/n1⟩".replace("-", " - ")


def test_all_wordings_of_a_family_name_their_roles_alike() -> None:
    found: dict[tuple[str, str], set[str]] = {}
    for question in QUESTIONS:
        if question.section == "Math":
            for name, slot in by_role(question).names.items():
                found.setdefault((question.family, name), set()).add(slot)
    numbered = {place: slots for place, slots in found.items() if any(slot[1:].isdigit() for slot in slots)}
    assert len(numbered) > 100
    for place, slots in numbered.items():
        assert len({slot for slot in slots if slot[1:].isdigit()}) == 1, place


def test_nothing_but_names_changes() -> None:
    for question in QUESTIONS:
        named = by_role(question)
        assert by_role(named) == named
        assert (named.text, named.key, named.options, named.points) == (
            question.text,
            question.key,
            question.options,
            question.points,
        )
        assert sorted(named.slots.values()) == sorted(question.slots.values())
        if question.section != "Math":
            assert named is question
            continue
        assert fill(named.text_delex, named.slots) == question.text
        assert fill(named.answer_delex, named.slots) == question.correct_answer
        assert [fill(step.delex, named.slots) for step in named.steps] == [step.text for step in question.steps]
        for row, before in zip(named.distractors, question.distractors, strict=True):
            assert fill(row.why, named.slots) == fill(before.why, question.slots)


def test_the_way_back() -> None:
    for question in QUESTIONS:
        back = {role: slot for slot, role in roles_of(question).items()}
        assert slots_renamed(by_role(question).text_delex, back) == question.text_delex


def test_only_whole_names_inside_slots_are_changed() -> None:
    names = {"n1": "n2", "n2": "n1"}
    assert slots_renamed("n1 of ⟨n1⟩: ⟨r1=n2-n1*n12:f⟩, ⟨n1:s⟩", names) == "n1 of ⟨n2⟩: ⟨r1=n1-n2*n12:f⟩, ⟨n2:s⟩"


def test_a_question_from_elsewhere_stays_as_it_is() -> None:
    question = replace(QUESTIONS[0], family="", names={})
    assert by_role(question) is question
    assert f"explain | {question.skill} | {question.type_delex}: " in explanation_prompt(question).delex


def test_templates_speak_of_the_names_that_the_prompt_gives() -> None:
    for number, question in enumerate(QUESTIONS):
        request = explanation_request(question, question.distractors[0].option if number % 2 else None)
        delex = explanation_draft(row_random(1, "roles", number), question, request.prompt).delex
        assert request.check(fill(delex, request.prompt.slots), delex).ok
        delex = request.template(number)
        assert request.check(fill(delex, request.prompt.slots), delex).ok
