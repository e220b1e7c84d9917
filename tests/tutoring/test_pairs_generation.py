import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from skillscope.errors import InputError
from skillscope.lm.slots import fill
from skillscope.lm.verify import LIMITS
from skillscope.synthesis import read_manifest
from skillscope.tutoring.adapt import parse_plan_input
from skillscope.tutoring.pairs.generate import PairPlan, generate_pairs, render_pair
from skillscope.tutoring.pairs.wording import frames
from skillscope.tutoring.performance import parse_feedback_input
from skillscope.tutoring.questions.model import split_options
from skillscope.tutoring.verify import verify_pair

Pair = dict[str, Any]


def test_every_planned_pair_is_kept_and_verified(pairs: list[Pair], pairs_file: Path) -> None:
    counts = read_manifest(pairs_file).counts
    assert (counts.planned, counts.kept, counts.failed) == (812, 812, {})
    assert Counter(pair["kind"] for pair in pairs) == {"feedback": 116, "explanation": 580, "plan": 116}
    assert [verify_pair(pair).reasons for pair in pairs if not verify_pair(pair).ok] == []


def test_outputs_are_filled_from_their_slots_and_within_limits(pairs: list[Pair]) -> None:
    for pair in pairs:
        assert fill(pair["output_delex"], pair["slots"]) == pair["output"]
        low, high = LIMITS[pair["kind"]]
        assert low <= len(pair["output"].split()) <= high
        assert "⟨" not in pair["output"] + pair["input"]
    assert len({pair["output"] for pair in pairs}) == len(pairs)
    assert len({pair["id"] for pair in pairs}) == len(pairs)


def test_inputs_have_the_shapes_of_the_documents(pairs: list[Pair]) -> None:
    for pair in pairs:
        if pair["kind"] == "feedback":
            data = json.loads(pair["input"])
            assert list(data)[-1] == "predictions"
            for row in parse_feedback_input(pair["input"]):
                assert data[row.section][row.domain][row.skill]["total"] == row.total
                assert 20 <= (row.avg_time or 0) <= 120
                assert 1 <= (row.proficiency or 0) <= 7
        elif pair["kind"] == "plan":
            plan, rows = parse_plan_input(pair["input"])
            assert rows
            assert all({"day", "type", "skill"} == task.keys() for tasks in plan.values() for task in tasks)
        else:
            options = split_options(pair["input"])
            assert len(options) == 4
            assert pair["answer"] in options
            assert pair["input"].endswith(f"Chosen: {pair['chosen']}" if pair["chosen"] else "]")


def test_no_number_of_the_input_reaches_the_model(pairs: list[Pair]) -> None:
    for pair in pairs:
        if pair["kind"] != "explanation":
            outside = "".join(character for character in pair["output_delex"] if character.isdigit())
            in_slots = "".join(
                character for slot in pair["output_delex"].split("⟨")[1:] for character in slot.split("⟩")[0]
            )
            assert outside == "".join(character for character in in_slots if character.isdigit())


def test_skills_take_equal_turns(pairs: list[Pair]) -> None:
    for kind, even in (("feedback", 4), ("explanation", 20), ("plan", 4)):
        assert set(Counter(pair["skill"] for pair in pairs if pair["kind"] == kind).values()) == {even}


def test_plans_cover_every_action() -> None:
    actions = {render_pair("plan", number, 1)["action"] for number in range(200)}
    assert actions == {"switch", "forward", "lesson", "harder", "keep", "keep_free"}


def test_two_hundred_frames_for_feedback_and_plans() -> None:
    for kind in ("feedback", "plans"):
        texts = [frame.text for group in frames(kind).values() for frame in group]
        assert len(set(texts)) >= 200


def test_the_bytes_depend_on_plan_and_seed_alone(tmp_path: Path) -> None:
    plan = PairPlan(120, 250, 60)
    one, two, other = (tmp_path / name for name in ("one.jsonl", "two.jsonl", "other.jsonl"))
    generate_pairs(one, plan, seed=3, workers=1)
    generate_pairs(two, plan, seed=3, workers=2)
    generate_pairs(other, plan, seed=4, workers=1)
    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes() != other.read_bytes()


@pytest.mark.parametrize("plan", [(0, 0, 0), (-1, 5, 5)])
def test_an_empty_plan_is_refused(plan: tuple[int, int, int]) -> None:
    with pytest.raises(InputError, match="pairs"):
        PairPlan(*plan)
