"""The grammar compiles, is complete, and fills its slots."""

from random import Random

import pytest

from skillscope.errors import ConfigurationError
from skillscope.simulation.grammar import Binding, compile_phrase, scenario_phrases, skill_grammar
from skillscope.simulation.scenarios import load_grammar, load_scenarios
from skillscope.skills import SKILLS


def binding(detail: float = 1.0, seed: int = 1) -> Binding:
    phrases = {"who": ("my sister {name}",), "act": ("run", "hide")}
    compiled = {slot: tuple(map(compile_phrase, options)) for slot, options in phrases.items()}
    return Binding(compiled, Random(seed), detail)


def test_choices_slots_and_optional_parts() -> None:
    phrase = compile_phrase("I (saw|met) {him}[ and {he} (ran|hid(| well))]")
    long = {binding(1.0, seed).text(phrase) for seed in range(60)}
    assert long == {f"I {a} her and she {b}" for a in ("saw", "met") for b in ("ran", "hid", "hid well")}
    assert {binding(0.0, seed).text(phrase) for seed in range(20)} == {"I saw her", "I met her"}


def test_fillers_do_not_repeat_before_all_were_used() -> None:
    filled = binding()
    assert {filled.slot("act"), filled.slot("act")} == {"run", "hide"}
    assert filled.slot("who") == filled.slot("who")
    assert filled.slot("who").startswith("my sister ")


@pytest.mark.parametrize("source", ["a (b|c", "a b)", "[a", "a | b", "a {B}", "(a]"])
def test_broken_phrases_are_refused(source: str) -> None:
    with pytest.raises(ConfigurationError, match="a phrase of the grammar"):
        compile_phrase(source)


def test_there_are_thirty_scenarios_a_skill_with_names_and_prompts_of_their_own() -> None:
    scenarios = [scenario for skill in SKILLS for scenario in load_scenarios()[skill].values()]
    assert [len(load_scenarios()[skill]) for skill in SKILLS] == [30] * 4
    assert len({scenario.name for scenario in scenarios}) == 120
    assert len({scenario.prompt for scenario in scenarios}) == 120
    assert all(scenario.prompt.endswith("?") for scenario in scenarios)


def test_every_phrase_can_be_said_in_every_scenario_of_its_skill() -> None:
    assert all(len(load_grammar()[skill]["moves"]) == 5 for skill in SKILLS)
    asides = [phrase for grammar in skill_grammar().values() for quality in grammar.asides for phrase in quality]
    for skill in SKILLS:
        moves = [phrase for move in skill_grammar()[skill].moves for quality in move for phrase in quality]
        for name in load_scenarios()[skill]:
            filled = Binding(scenario_phrases(skill, name), Random(1), 1.0)
            for phrase in [*moves, *asides]:
                said = filled.text(phrase)
                assert said.strip() == said
                assert not set("()[]{}|") & set(said)
                assert "  " not in said
