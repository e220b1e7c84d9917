"""Texts that end too soon are let go on; those that end in an answer are not."""

from collections.abc import Collection, Sequence

import pytest

from skillscope.tutoring.answerer import explanation_request, feedback_request
from skillscope.tutoring.performance import SkillPerformance
from skillscope.tutoring.questions.generate import render_question
from skillscope.tutoring.writing.compose import compose

FEEDBACK = feedback_request([SkillPerformance("Math", "Algebra", "Linear Functions", 4, 10, 65, 3.2)]).prompt
EXPLANATION = explanation_request(render_question(0, 3)).prompt


class _Scripted:
    """Gives what it is told to, and counts how often it was let go on."""

    def __init__(self, first: str | None, more: str | None) -> None:
        self.first, self.more, self.asked = first, more, 0
        self.given: list[set[str]] = []

    def write_many(self, prompts: Sequence[str], *, given: Sequence[Collection[str]]) -> list[str | None]:
        self.given += map(set, given)
        return [self.first for _ in prompts]

    def go_on(self, pairs: Sequence[tuple[str, str]], *, given: Sequence[Collection[str]]) -> list[str | None]:
        self.asked += 1
        self.given += map(set, given)
        return [None if self.more is None else f"{text} {self.more}" for _, text in pairs]


@pytest.mark.parametrize(
    ("first", "more", "asked", "words"),
    [
        ("word " * 49 + "end.", "Go on.", 0, 50),
        ("word " * 48 + "end.", "Go on.", 1, 51),
        ("⟨skill1⟩ " * 24 + "end.", "Go on.", 1, 51),
        ("word " * 40 + "end.", "Go on.", 2, 45),
        ("word " * 40 + "end.", None, 2, 41),
        ("⟨nothing⟩ is short.", "Go on.", 0, 3),
    ],
)
def test_short_feedback_goes_on(first: str, more: str | None, asked: int, words: int) -> None:
    """The words of a skill's name count: ⟨skill1⟩ stands for two here."""
    writer = _Scripted(first, more)
    [text] = compose(writer, [FEEDBACK])
    assert text is not None
    assert writer.asked == asked
    assert writer.given == [set(FEEDBACK.slots)] * (asked + 1)
    assert len(text.replace("⟨skill1⟩", "Linear Functions").split()) == words


def test_an_explanation_ends_in_its_answer() -> None:
    writer = _Scripted("So it is ⟨r1⟩.", "Go on.")
    assert compose(writer, [EXPLANATION]) == ["So it is ⟨r1⟩."]
    assert writer.asked == 0


def test_nothing_stays_nothing() -> None:
    assert compose(_Scripted(None, "Go on."), [FEEDBACK, EXPLANATION]) == [None, None]
