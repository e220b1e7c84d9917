"""Real texts back into slots: what the template wrote comes back, what cannot be traced is left out."""

import json
from pathlib import Path

import pytest

from skillscope.lm.slots import fill
from skillscope.tutoring.adapt import parse_plan_input
from skillscope.tutoring.answerer import feedback_request, plan_request
from skillscope.tutoring.pairs.generate import render_pair
from skillscope.tutoring.performance import SkillPerformance, parse_feedback_input
from skillscope.tutoring.writing.delexicalise import delexicalise, delexicalise_pairs

ROW = SkillPerformance("Math", "Algebra", "Linear Functions", 4, 10, 65, 3.2)
TEXT = (
    "Thanks for practising today. You got 4/10 right in Linear Functions, that is 40%, and there is room to grow. "
    "At 65s a question you were a bit slow, over the 60 seconds that we aim for. A level of 3.2 out of 7 is predicted. "
    "Look at the 6 that you missed first, then try a short set again tomorrow, one careful step at a time."
)
DELEX = (
    "Thanks for practising today. You got ⟨correct1⟩/⟨total1⟩ right in ⟨skill1⟩, that is ⟨pct1⟩%, and there is room to "
    "grow. At ⟨time1⟩s a question you were a bit slow, over the ⟨slow⟩ seconds that we aim for. A level of ⟨prof1⟩ out "
    "of ⟨max⟩ is predicted. Look at the ⟨missed1⟩ that you missed first, then try a short set again tomorrow, one "
    "careful step at a time."
)


def test_numbers_go_back_to_where_they_came_from() -> None:
    assert delexicalise(feedback_request([ROW]), TEXT) == (DELEX, "")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (TEXT.replace("40%", "45%"), "a number that the input does not give"),
        (TEXT.replace("Thanks", "⟨n1⟩ thanks"), "holds slot brackets"),
        (TEXT.split(". At", maxsplit=1)[0] + ".", "words instead of 50 to 100"),
    ],
)
def test_what_cannot_be_traced_is_left_out(wrong: str, reason: str) -> None:
    delex, told = delexicalise(feedback_request([ROW]), wrong)
    assert delex is None
    assert reason in told


@pytest.mark.parametrize("number", range(0, 60, 2))
def test_what_the_templates_wrote_comes_back(number: int) -> None:
    pair = render_pair("feedback", number, 5)
    request = feedback_request(parse_feedback_input(pair["input"]))
    delex, reason = delexicalise(request, pair["output"])
    assert reason == ""
    assert delex is not None
    assert fill(delex, request.prompt.slots) == pair["output"]
    pair = render_pair("plan", number, 5)
    request, _ = plan_request(*parse_plan_input(pair["input"]))
    delex, reason = delexicalise(request, pair["output"])
    assert reason == ""
    assert delex == pair["output_delex"]


def test_every_pair_of_a_file_is_accounted_for(tmp_path: Path) -> None:
    pair = render_pair("feedback", 3, 5)
    rows = [
        {"kind": "feedback", "input": pair["input"], "output": pair["output"], "students": ["p1"]},
        {"kind": "rated", "input": pair["input"], "output": "Well done, 99 of 100!"},
        {"kind": "rated", "input": "Solve: x = 3. Performance: {}", "output": "So x = 3."},
        {"kind": "note", "input": "I, Anna, live at 5 Main Street", "output": "Thanks for telling."},
    ]
    source = tmp_path / "real.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    made = delexicalise_pairs(source, tmp_path / "trainable.jsonl")
    assert (made.read, made.kept, sum(made.left_out.values())) == (4, 1, 3)
    [line] = (tmp_path / "trainable.jsonl").read_text("utf-8").splitlines()
    kept = json.loads(line)
    assert (kept["origin"], kept["students"], kept["key"]) == ("real", ["p1"], pair["key"])
    assert "Anna" not in (tmp_path / "trainable.jsonl").read_text("utf-8")
