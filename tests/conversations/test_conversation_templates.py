"""Plan, libraries and templates."""

import ast
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from skillscope.conversations import ConversationJob, check_conversations, generate_conversations, load_library
from skillscope.conversations.check import known_patterns
from skillscope.conversations.model import Conversation, read_conversations
from skillscope.conversations.plan import ConversationPlan, assigned_patterns
from skillscope.conversations.slots import fill, slots_of
from skillscope.conversations.templates import render_conversation
from skillscope.errors import InputError
from skillscope.synthesis import RunOptions

TEN = (
    "Gap Analysis",
    "Tradeoff Analysis",
    "Production Readiness",
    "Brutal Accuracy",
    "Multi-Dimensional Evaluation",
    "Hint-Based Learning",
    "Diminishing Returns",
    "Mechanistic Understanding",
    "Context-Dependent Recommendations",
    "Precision Policing",
)


def test_the_ten_patterns_come_in_their_order() -> None:
    assert tuple(pattern.name for pattern in load_library("coding").patterns) == TEN


def test_patterns_go_by_twos_and_threes_through_all_ten() -> None:
    library = load_library("coding")
    numbers = [[TEN.index(p.name) + 1 for p in assigned_patterns(library, row)] for row in range(5)]
    assert numbers == [[1, 2], [3, 4, 5], [6, 7], [8, 9, 10], [1, 2]]


@pytest.mark.parametrize("name", ["coding", "tutoring"])
def test_a_library_has_a_hundred_topics_and_a_move_for_each_pattern(name: str) -> None:
    library = load_library(name)
    assert len({topic.name for topic in library.topics}) == 100
    assert set(library.moves) == {pattern.name for pattern in library.patterns}
    assert len(library.patterns) == 10


def test_an_unknown_library_is_refused_with_the_choices() -> None:
    with pytest.raises(InputError, match="coding or tutoring"):
        load_library("cooking")


def test_topics_are_shuffled_by_the_seed_and_all_come_before_any_comes_again() -> None:
    library = load_library("coding")
    first = [ConversationPlan(library, 42).spec(row).topic.name for row in range(200)]
    assert first == [ConversationPlan(library, 42).spec(row).topic.name for row in range(200)]
    assert first != [ConversationPlan(library, 43).spec(row).topic.name for row in range(200)]
    assert len(set(first[:100])) == len(set(first[100:])) == 100
    assert first[:100] != first[100:]


def test_every_topic_fills_every_template() -> None:
    for name in ("coding", "tutoring"):
        library = load_library(name)
        plan = ConversationPlan(library, 7)
        for row in range(400):
            conversation = Conversation.model_validate(render_conversation(library, plan.spec(row), 7))
            assert 3 <= conversation.exchanges <= 5
            assert not re.search(r"[{}]|\b1 hours\b|\.\.|\?\?|\? \.", conversation.text)


def test_fill_capitalises_and_refuses_unknown_slots() -> None:
    assert fill("{a!c} and {a}", {"a": "no end"}) == "No end and no end"
    assert slots_of(("{a!c} of {b}", "{a}")) == {"a", "b"}
    with pytest.raises(KeyError):
        fill("{missing}", {})


def test_the_file_is_as_the_format_says(made: Path) -> None:
    for line in made.read_text("utf-8").splitlines():
        value = json.loads(line)
        assert list(value) == ["topic", "patterns_applied", "conversation", "learning_notes"]
        assert all(list(turn) == ["role", "content"] for turn in value["conversation"])
        assert value["patterns_applied"][0] in value["learning_notes"]


def test_templates_pass_their_checks_and_are_balanced(made: Path) -> None:
    report = check_conversations(made)
    assert report.usable == 100
    assert report.all_patterns_detected >= 95
    assert set(report.patterns.values()) == {25}
    assert report.balance == 1.0
    assert report.near_duplicates == 0
    assert report.distinct_2 > 0.25
    assert report.verdict == "insufficient evidence"  # a person has not read any


def test_conversations_say_things_of_their_own_topic(made: Path) -> None:
    """The share of words that a conversation shares with no other of its patterns: what is left after the skeleton."""
    conversations = [read for _, read in read_conversations(made) if isinstance(read, Conversation)]
    runs = [
        {tuple(words[i : i + 3]) for i in range(len(words) - 2)}
        for words in (conversation.text.lower().split() for conversation in conversations)
    ]
    counts = Counter(run for each in runs for run in each)
    own = [sum(counts[run] == 1 for run in each) / len(each) for each in runs]
    assert min(own) > 0.25
    assert sum(own) / len(own) > 0.4


def test_a_detector_sees_its_pattern_and_hardly_ever_another() -> None:
    """Detectors that fire everywhere would make the check worthless."""
    for name in ("coding", "tutoring"):
        library = load_library(name)
        plan = ConversationPlan(library, 3)
        made = [Conversation.model_validate(render_conversation(library, plan.spec(row), 3)) for row in range(200)]
        for pattern in library.patterns:
            others = [c for c in made if pattern.name not in c.patterns_applied]
            assert sum(pattern.shown(c.assistant_text) for c in others) / len(others) < 0.08, pattern.name
    assert not any(p.shown("Sure! Here is some code that does what you asked for.") for p in known_patterns().values())


def test_the_arithmetic_of_the_tutoring_topics_holds() -> None:
    proofs = 0
    for topic in load_library("tutoring").topics:
        for proof in str(topic.record.get("proof", "")).split(";"):
            if proof.strip():
                names = {node.id for node in ast.walk(ast.parse(proof.strip())) if isinstance(node, ast.Name)}
                assert names <= {"abs", "round", "sorted"}
                assert eval(proof.strip()) is True, topic.name
                proofs += 1
    assert proofs > 100


def test_hours_and_shares_of_each_coding_topic_add_up_and_fall() -> None:
    for topic in load_library("coding").topics:
        efforts = [effort.split(" | ") for effort in topic.record["effort"]]
        assert sum(int(share) for _, _, share in efforts) == 100, topic.name
        rates = [int(share) / int(hours) for _, hours, share in efforts]
        assert rates[2] == min(rates), topic.name


def test_same_command_same_bytes(tmp_path: Path) -> None:
    one = generate_conversations(ConversationJob(count=30, output_dir=tmp_path / "a"))
    two = generate_conversations(
        ConversationJob(count=30, output_dir=tmp_path / "b"), options=RunOptions(concurrency=3)
    )
    assert one.output.name == "synthetic_conversations_30_seed42.jsonl"
    assert one.output.read_bytes() == two.output.read_bytes()
    assert one.manifest == two.manifest


@pytest.mark.parametrize(("field", "value"), [("count", 0), ("temperature", 3.0), ("library", "x")])
def test_options_out_of_range_are_refused(tmp_path: Path, field: str, value: object) -> None:
    job = ConversationJob(**{"output_dir": tmp_path, field: value})
    with pytest.raises(InputError, match=field):
        generate_conversations(job)
    assert list(tmp_path.iterdir()) == []
