import re
from typing import Any

import pytest

from skillscope.errors import SchemaError
from skillscope.tutoring.questions.model import Question
from skillscope.tutoring.verify import verify_explanation, verify_feedback, verify_pair, verify_plan

FEEDBACK = (
    '{"Math": {"Algebra": {"Linear Functions": {"correct": 7, "total": 10, "avg_time": 45}}}, "predictions": '
    '{"Math": {"Algebra": {"Linear Functions": {"predicted_prof": 5.2}}}}}'
)
GOOD = (
    "Hey! You’ve got 7/10 right in Linear Functions (70%), a fair result. Your avg time of 45s is decent, but let’s "
    "aim for 40s. You’re headed to a 5.2 proficiency, so try some trickier problems to push it higher! Keep at it with "
    "a few focused minutes a day, and you will soon see the score rise again."
)
PLAN = (
    '{"plan": {"skill_building": [{"day": 1, "type": "practice", "skill": "Linear Functions"}]}}, '
    '{"Math": {"Geometry": {"Triangles": {"correct": 3, "total": 10}}}}'
)
SWITCH = (
    "Your Triangles accuracy is at 30%—needs work. Switch day 1 to practice Triangles instead of Linear Functions! "
    "A short session each day is all you need."
)


def test_sound_feedback_passes() -> None:
    assert verify_feedback(FEEDBACK, GOOD).reasons == ()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("7/10", "8/10", "a score"),
        ("70%", "75%", "a percent"),
        ("45s", "54s", "a time"),
        ("5.2", "5.3", "a proficiency"),
        ("a few", "25", "a number"),
        ("70%", "⟨pct1⟩%", "a slot is left"),
        ("decent", "super quick", "does not fit"),
        ("Linear Functions", "Circles", "not named"),
        (" and you will soon see the score rise again", "", "words instead of"),
    ],
)
def test_wrong_feedback_is_refused(old: str, new: str, reason: str) -> None:
    assert any(reason in found for found in verify_feedback(FEEDBACK, GOOD.replace(old, new)).reasons)


def test_numbers_belong_to_the_skill_of_their_sentence(pairs: list[dict[str, Any]]) -> None:
    several = [pair for pair in pairs if pair["kind"] == "feedback" and "skill2" in pair["slots"]]
    caught = 0
    for pair in several:
        slots = dict(pair["slots"])
        if slots["pct1"] == slots["pct2"]:
            continue
        swapped = pair["output"].replace(f"{slots['pct1']}%", "%%").replace(f"{slots['pct2']}%", f"{slots['pct1']}%")
        swapped = swapped.replace("%%", f"{slots['pct2']}%")
        assert not verify_feedback(pair["input"], swapped).ok
        caught += 1
    assert caught >= 10


def test_strengths_come_first(pairs: list[dict[str, Any]]) -> None:
    pair = next(p for p in pairs if p["kind"] == "feedback" and "skill2" in p["slots"])
    sentences = re.split(r"(?<=[.!?])\s+", pair["output"])
    turned = " ".join([sentences[0], *reversed(sentences[1:])])
    assert any("weakness" in reason for reason in verify_feedback(pair["input"], turned).reasons)


def test_a_sound_plan_passes() -> None:
    assert verify_plan(PLAN, SWITCH).reasons == ()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("day 1", "day 2", "a day that does not change"),
        ("30%", "40%", "a number"),
        ("practice ", "", "does not say practice"),
        ("instead of Linear Functions", "and nothing else", "gives way is not named"),
        ("Triangles", "Angles", "not named"),
    ],
)
def test_a_wrong_plan_is_refused(old: str, new: str, reason: str) -> None:
    assert any(reason in found for found in verify_plan(PLAN, SWITCH.replace(old, new)).reasons)


def test_malformed_inputs_are_named() -> None:
    with pytest.raises(SchemaError, match="JSON"):
        verify_feedback("not json", GOOD)
    with pytest.raises(SchemaError, match="plan"):
        verify_plan("{}", SWITCH)


def test_a_wrong_explanation_is_refused(pairs: list[dict[str, Any]]) -> None:
    explained = [pair for pair in pairs if pair["kind"] == "explanation"]
    pair = next(pair for pair in explained if pair["question"]["family"] == "linear-one.two-step")
    question = Question.from_json(pair["question"])
    text, answer = pair["output"], question.correct_answer
    assert verify_explanation(question, text, pair["chosen"]).ok
    letter = next(iter(question.points[0]))
    false_step = text.replace(f"{letter} = {answer}", f"{letter} = {int(answer) + 1}")
    assert any("not true" in reason for reason in verify_explanation(question, false_step, pair["chosen"]).reasons)
    wrong = next(option for option in question.options if option != answer)
    head, _, tail = text.rpartition(answer)
    other_end = f"{head}{wrong}{tail}"
    assert "does not end in the right option" in verify_explanation(question, other_end, pair["chosen"]).reasons
    invented = text.replace("both sides", "both sides 7919", 1) if "both sides" in text else f"7919 {text}"
    assert "a number that does not follow from the question" in (
        verify_explanation(question, invented, pair["chosen"]).reasons
    )


def test_a_pair_whose_text_was_touched_is_refused(pairs: list[dict[str, Any]]) -> None:
    pair = pairs[0]
    assert verify_pair(pair).ok
    assert "the filled text is not the output" in verify_pair({**pair, "output": pair["output"] + " Yes."}).reasons
    assert verify_pair({key: value for key, value in pair.items() if key != "slots"}).reasons == (
        "the field 'slots' is missing",
    )


def test_texts_without_slots_are_traced_too(pairs: list[dict[str, Any]]) -> None:
    for pair in pairs:
        if pair["kind"] == "explanation":
            question = Question.from_json(pair["question"])
            assert verify_explanation(question, pair["output"], pair["chosen"]).reasons == ()
