"""Responses: reproducible, different from each other, richer with grade, and silent about level and skill."""

import re
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH

from skillscope.errors import NotFoundError
from skillscope.simulation.plan import ResponsePlan, ResponseSpec
from skillscope.simulation.responses import render_response
from skillscope.simulation.students import SimulatedStudent, draw_student
from skillscope.skills import GRADES, LEVELS, SKILLS

SEED = 42
FORBIDDEN = re.compile(
    r"\b(developing|medium|high|highly|level|levels|empathy|empathetic|problem.solving|self.?regulat\w*|resilien\w*)\b",
    re.IGNORECASE,
)


def student_of(spec: ResponseSpec) -> SimulatedStudent:
    return draw_student(SEED, spec.row, spec.skill, spec.level, spec.grade)


@pytest.fixture(scope="module")
def specs() -> list[ResponseSpec]:
    return list(ResponsePlan(4000, SEED))


@pytest.fixture(scope="module")
def texts(specs: list[ResponseSpec]) -> list[str]:
    return [render_response(spec, student_of(spec), SEED) for spec in specs]


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def test_order_and_neighbours_change_nothing(specs: list[ResponseSpec], texts: list[str]) -> None:
    for row in (83, 5, 40):
        assert render_response(specs[row], student_of(specs[row]), SEED) == texts[row]
    assert render_response(specs[5], student_of(specs[5]), SEED + 1) != texts[5]


def test_another_attempt_is_another_text(specs: list[ResponseSpec], texts: list[str]) -> None:
    attempts = [render_response(specs[3], student_of(specs[3]), SEED, attempt) for attempt in range(4)]
    assert attempts[0] == texts[3]
    assert len(set(attempts)) == 4


def test_no_two_responses_are_the_same(texts: list[str]) -> None:
    assert len({" ".join(words(text)) for text in texts}) == len(texts)


def test_hardly_any_two_are_nearly_the_same(specs: list[ResponseSpec], texts: list[str]) -> None:
    index = MinHashLSH(threshold=0.8, num_perm=64)
    near = 0
    for spec, text in zip(specs, texts, strict=True):
        if spec.grade > 4:  # short texts are the ones at risk
            continue
        said = words(text)
        sketch = MinHash(num_perm=64, seed=1)
        sketch.update_batch([" ".join(pair).encode() for pair in pairwise(said)])
        near += bool(index.query(sketch))
        index.insert(spec.row, sketch)
    assert near / len(texts) < 0.01


def test_one_line_of_a_reasonable_length(texts: list[str]) -> None:
    lengths = np.array([len(words(text)) for text in texts])
    assert lengths.min() >= 6
    assert lengths.max() <= 120
    assert np.mean((lengths >= 15) & (lengths <= 90)) > 0.95
    assert all(text == text.strip() and "\n" not in text and "  " not in text and text.isascii() for text in texts)


def test_length_and_sentences_grow_with_grade(specs: list[ResponseSpec], texts: list[str]) -> None:
    length = {
        grade: np.mean([len(words(t)) for s, t in zip(specs, texts, strict=True) if s.grade == grade])
        for grade in GRADES
    }
    sentence = {
        grade: np.mean(
            [
                len(words(t)) / len(re.findall(r"[.!](?= |$)|$", t))
                for s, t in zip(specs, texts, strict=True)
                if s.grade == grade
            ]
        )
        for grade in GRADES
    }
    assert all(length[a] < length[b] for a, b in combinations(GRADES, 2))
    assert sentence[8] > sentence[5] > sentence[2]
    letters = [
        np.mean([len(w) for s, t in zip(specs, texts, strict=True) if s.grade == g for w in words(t)]) for g in (2, 8)
    ]
    assert letters[1] > letters[0] + 0.1


def test_the_young_err_more(specs: list[ResponseSpec], texts: list[str]) -> None:
    slips = re.compile(r"\b(becuase|cuz|becaus|tryed|wen|woud|wood|agen|agian|sed|i)\b")
    young, old = (
        np.mean([bool(slips.search(t)) for s, t in zip(specs, texts, strict=True) if s.grade == grade])
        for grade in (2, 8)
    )
    assert young > old + 0.2


def test_length_does_not_give_the_trait_away(specs: list[ResponseSpec], texts: list[str]) -> None:
    lengths = np.array([len(words(text)) for text in texts])
    for grade in GRADES:
        rows = [row for row, spec in enumerate(specs) if spec.grade == grade]
        traits = [student_of(specs[row]).trait(specs[row].skill) for row in rows]
        assert np.corrcoef(lengths[rows], traits)[0, 1] ** 2 < 0.05


def test_nothing_names_the_level_or_the_skill(texts: list[str]) -> None:
    assert [found.group() for text in texts if (found := FORBIDDEN.search(text))] == []


@pytest.mark.parametrize(
    ("skill", "said", "unsaid"),
    [
        ("empathy", r"understand|understood|feel|felt|sorry|listen|comfort", r"whatever|didn't care|not my job"),
        ("problem_solving", r"plan|figure|test|solution|step|check", r"\bjust\b|whatever|oh well"),
        ("self_regulation", r"calm|focus|thought|remember|decided", r"right away|boring|whatever|too late"),
        ("resilience", r"kept|keep|again|practic|give up|gave up", r"quit|done|never doing|forget it"),
    ],
)
def test_strong_and_weak_students_say_different_things(skill: str, said: str, unsaid: str) -> None:
    def share(trait: float, pattern: str) -> float:
        found = 0
        plan = [spec for spec in ResponsePlan(1344, 7) if spec.skill == skill]
        for spec in plan:
            student = SimulatedStudent(spec.skill, spec.level, spec.grade, (trait,) * 4)
            found += len(re.findall(pattern, render_response(spec, student, 7).lower()))
        return found / len(plan)

    assert share(0.95, said) > 2 * share(0.05, said)
    assert share(0.05, unsaid) > share(0.95, unsaid)


def test_other_skills_show_too() -> None:
    spec = next(spec for spec in ResponsePlan(84, 1) if spec.skill == "problem_solving" and spec.grade == 8)
    base = SimulatedStudent("problem_solving", "medium", 8, (0.5, 0.5, 0.5, 0.5))
    warm, cold = (replace(base, traits=(empathy, 0.5, 0.5, 0.5)) for empathy in (0.95, 0.05))
    kind = re.compile(r"felt|feel|kind|care|sorry|comfort|listened")
    count = [
        sum(bool(kind.search(render_response(replace(spec, row=row), student, 1))) for row in range(200))
        for student in (warm, cold)
    ]
    assert count[0] > count[1] + 80


def test_unknown_scenarios_are_refused() -> None:
    student = draw_student(1, 0, "empathy", LEVELS[0], 2)
    with pytest.raises(NotFoundError, match="no scenario moon-landing of empathy"):
        render_response(ResponseSpec(0, SKILLS[0], LEVELS[0], 2, "moon-landing"), student, 1)
