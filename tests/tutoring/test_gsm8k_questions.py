import json
from pathlib import Path

import pytest

from skillscope.errors import SchemaError
from skillscope.lm.slots import fill
from skillscope.settings import get_settings
from skillscope.tutoring.answerer import answer, explanation_request
from skillscope.tutoring.questions.gsm8k import import_gsm8k, question_from_gsm8k
from skillscope.tutoring.questions.model import Question

ROW = {
    "question": "A baker makes 48 rolls and sells half as many cakes at $1,200 each. How many are there together?",
    "answer": "Cakes: 48/2 = <<48/2=24>>24.\nTogether 48+24 = <<48+24=72>>72.\n#### 72",
}


def test_calculations_become_symbolic_steps() -> None:
    question = question_from_gsm8k(ROW, 7)
    assert question.id == "gsm8k-00007"
    assert question.options == ()
    assert question.correct_answer == "72"
    assert question.slots == {"n1": "48", "n2": "1200"}
    assert [step.delex for step in question.steps] == [
        "⟨n1⟩ ÷ 2 = ⟨r1=n1/2⟩.",
        "⟨n1⟩ + ⟨r1⟩ = ⟨r2=n1+r1⟩.",
    ]
    assert fill(" ".join(step.delex for step in question.steps), question.slots) == "48 ÷ 2 = 24. 48 + 24 = 72."
    assert question.rationale == "Cakes: 48/2 = 24.\nTogether 48+24 = 72."
    assert Question.from_json(json.loads(json.dumps(question.to_json()))) == question
    assert answer(explanation_request(question), []).text == "48 ÷ 2 = 24. 48 + 24 = 72."


@pytest.mark.parametrize(
    ("solution", "reason"),
    [
        ("It is <<48/2=25>>25.\n#### 25", "wrong or rounded"),
        ("It is <<48/2=24>>24.\n#### 30", "does not follow"),
        ("It is 24.", "names no answer"),
        ("It is <<48 rolls/2=24>>24.\n#### 24", "cannot be read"),
    ],
)
def test_a_line_that_does_not_check_is_refused(solution: str, reason: str) -> None:
    with pytest.raises(SchemaError, match=reason):
        question_from_gsm8k({**ROW, "answer": solution}, 0)


def test_every_line_is_accounted_for(tmp_path: Path) -> None:
    source = get_settings().shared_data / "real" / "gsm8k" / "train-2000.jsonl"
    if not source.is_file():
        pytest.skip(f"{source} not found")
    manifest = import_gsm8k(source, tmp_path / "gsm8k.jsonl")
    assert manifest.read == 2000
    assert manifest.kept + sum(manifest.dropped.values()) == 2000
    assert manifest.kept >= 1800
    lines = (tmp_path / "gsm8k.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == manifest.kept
