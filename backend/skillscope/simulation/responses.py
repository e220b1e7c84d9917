"""Renders a response: moves chosen and graded by the student's traits, worded by grade."""

from collections.abc import Iterator
from random import Random
from typing import Final

from skillscope.errors import NotFoundError
from skillscope.simulation.grammar import Binding, Phrase, scenario_phrases, skill_grammar
from skillscope.simulation.plan import ResponseSpec
from skillscope.simulation.scenarios import load_scenarios
from skillscope.simulation.seeds import row_random
from skillscope.simulation.students import SimulatedStudent
from skillscope.simulation.wording import grade_style, word_response
from skillscope.skills import SKILLS

__all__ = ["render_response"]

_GRADING_NOISE: Final = 0.08
"""A student does not say everything equally well: standard deviation, on the trait's scale, from clause to clause."""

_LENGTH_NOISE: Final = 0.20
_LENGTH_BY_TRAIT: Final = 0.06
_SCENE: Final = 0.45
_LEAST_CLAUSES: Final = 3
_LEAST_WORDS: Final = 24
"""Fewer clauses, and fewer words, than these are said by several students in the same words."""

_MOST_WORDS: Final = 82


def _quality(trait: float, random: Random) -> int:
    """0, 1 or 2: how well a clause shows the skill."""
    shown = trait + random.gauss(0.0, _GRADING_NOISE)
    return 0 if shown < 1 / 3 else 1 if shown < 2 / 3 else 2


def _candidates(spec: ResponseSpec, random: Random) -> Iterator[tuple[float, int, int]]:
    """What to say next, most important first: (place in the story, skill number, move number).

    Move -1 is an aside about that skill, skill -1 the scene itself. An aside follows each of the first three moves.
    """
    target = SKILLS.index(spec.skill)
    others = [index for index in range(len(SKILLS)) if index != target]
    while True:
        moves = random.sample(range(5), 5)
        asides = random.sample(others, len(others))
        for turn, move in enumerate(moves):
            yield move + random.random() * 0.5, target, move
            if turn < len(asides):
                yield 5.0 * random.random(), asides[turn], -1
            elif random.random() < _SCENE:
                yield random.random() - 0.5, -1, -1


def render_response(spec: ResponseSpec, student: SimulatedStudent, seed: int, attempt: int = 0) -> str:
    """What the student answers to the prompt: one line, about 15 to 95 words, the same for the same arguments.

    A clause about a skill has a quality of three by the student's trait in that skill, with noise; the grade sets how
    many words there are and how they are put. `attempt` renders another one, where the first is a duplicate.

    Raises:
        NotFoundError: the skill has no such scenario.
    """
    if spec.scenario not in load_scenarios()[spec.skill]:
        raise NotFoundError(f"there is no scenario {spec.scenario} of {spec.skill}")
    random = row_random(seed, "response", spec.row, attempt)
    style = grade_style(spec.grade)
    binding = Binding(scenario_phrases(spec.skill, spec.scenario), random, style.detail)
    mean_trait = sum(student.traits) / len(student.traits)
    budget = style.words * random.lognormvariate(0.0, _LENGTH_NOISE) * (1.0 + _LENGTH_BY_TRAIT * (mean_trait - 0.5))
    said: list[tuple[float, str]] = []
    seen: set[str] = set()
    words = 0
    for place, skill, move in _candidates(spec, random):
        clause = _clause(binding, student, random, skill, move)
        size = clause.count(" ") + 1
        if clause in seen or (said and words + size > _MOST_WORDS):
            if words + size > _MOST_WORDS:
                break
            continue
        seen.add(clause)
        said.append((place, clause))
        words += size
        distinct = len(said) >= _LEAST_CLAUSES or words >= _LEAST_WORDS
        if distinct and words + 0.4 * size >= budget:
            break
    said.sort()
    return word_response([clause for _, clause in said], spec.grade, random)


def _clause(binding: Binding, student: SimulatedStudent, random: Random, skill: int, move: int) -> str:
    if skill < 0:
        return binding.slot("scene")
    grammar = skill_grammar()[SKILLS[skill]]
    phrases: tuple[tuple[Phrase, ...], ...] = grammar.asides if move < 0 else grammar.moves[move]
    return binding.pick(phrases[_quality(student.traits[skill], random)])
