import random
from dataclasses import dataclass, field

import pytest

from skillscope.errors import InputError, ProviderError
from skillscope.tutoring.answerer import answer, explanation_request, feedback_request, plan_request
from skillscope.tutoring.pairs.feedback import feedback_draft
from skillscope.tutoring.pairs.prompts import Prompt, explanation_prompt
from skillscope.tutoring.performance import SkillPerformance
from skillscope.tutoring.questions.generate import render_question
from skillscope.tutoring.verify import verify_explanation

ROWS = [SkillPerformance("Math", "Algebra", "Linear Functions", 8, 10, 35, 5.4)]


@dataclass
class Scripted:
    """An answerer that says what it is told to, for each attempt."""

    name: str
    lines: list[str | Exception | None]
    asked: list[int] = field(default_factory=list)

    def write(self, prompt: Prompt, attempt: int) -> str | None:
        assert "8" not in prompt.delex
        self.asked.append(attempt)
        line = self.lines[attempt]
        if isinstance(line, Exception):
            raise line
        return line


def good() -> str:
    return feedback_draft(random.Random(1), ROWS).delex


def test_the_first_verified_text_wins() -> None:
    small = Scripted("small-model", ["⟨nonsense⟩", "You got 9/10 right.", good()])
    external = Scripted("openai:test", [good()])
    given = answer(feedback_request(ROWS), [small, external])
    assert given.answered_by == "small-model"
    assert small.asked == [0, 1, 2]
    assert external.asked == []
    assert given.refused[0] == "small-model: a slot cannot be filled"
    assert "8" in given.text


def test_it_falls_through_to_the_external_model_and_to_the_template() -> None:
    small = Scripted("small-model", [None])
    external = Scripted("openai:test", [good()])
    assert answer(feedback_request(ROWS), [small, external]).answered_by == "openai:test"
    down = Scripted("openai:test", [ProviderError("down")])
    given = answer(feedback_request(ROWS), [small, down])
    assert given.answered_by == "template"
    assert given.refused == ("small-model: declined", "openai:test: no answer")


def test_the_template_answers_every_kind() -> None:
    request, adjustment = plan_request(
        {"foundation": [{"day": 2, "type": "practice", "skill": "Circles"}]},
        [SkillPerformance("Math", "Algebra", "Linear Functions", 2, 10)],
    )
    for seed in range(5):
        assert answer(feedback_request(ROWS), [], seed=seed).answered_by == "template"
        text = answer(request, [], seed=seed).text
        assert request.check(text, None).ok
    assert adjustment.action == "switch"
    for number in range(29):
        question = render_question(number, 11)
        chosen = question.distractors[0].option
        said = answer(explanation_request(question, chosen), [], seed=number)
        assert verify_explanation(question, said.text, chosen, delex=said.delex).reasons == ()


def test_only_a_wrong_option_can_be_explained_away() -> None:
    question = render_question(0, 1)
    with pytest.raises(InputError, match="wrong options"):
        explanation_prompt(question, question.correct_answer)
