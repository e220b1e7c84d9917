"""Responses written by a language model: the prompts, several a request, and the filters."""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from provider_server import ProviderServer, Reply, Seen

from skillscope.settings import get_settings
from skillscope.simulation.plan import ResponsePlan
from skillscope.simulation.provided import ProvidedResponses, word_range
from skillscope.simulation.scenarios import load_scenarios
from skillscope.skills import LEVELS, SKILLS
from skillscope.synthesis import generate
from skillscope.synthesis.filters import NearDuplicates, english_share, looks_english
from skillscope.synthesis.providers.client import Client

WORDS = [
    "the dog",
    "my tree",
    "a book",
    "and then",
    "I said",
    "we went",
    "with her",
    "the puzzle",
    "so I",
    "garden lamp",
]
SPOILED = {
    3: "no",
    10: "That was empathy because I helped her when she was sad and then we went home to play again",
    17: "el perro come mucho en la cocina con mi hermano cuando llueve toda la tarde en casa grande",
    25: "same",
    31: "same",
}


def text_for(row: int) -> str:
    if SPOILED.get(row) == "same":
        return "I saw that she was crying so I went over to her and asked what happened with the project"
    if row in SPOILED:
        return SPOILED[row]
    return " ".join(random.Random(row).choices(WORDS, k=9))


def answer(seen: Seen) -> Reply:
    ids = [int(found) for found in re.findall(r"^id (\d+):", seen.prompts, re.MULTILINE)]
    return Reply(json.dumps({"responses": [{"id": row, "text": text_for(row)} for row in ids if row != 40]}))


def test_rows_are_kept_dropped_and_failed_with_reasons(
    server: ProviderServer, open_client: Callable[..., Client], provider: str, tmp_path: Path
) -> None:
    server.script = answer
    plan = ResponsePlan(84, seed=42)
    client = open_client(provider)
    result = generate(ProvidedResponses(plan, client), tmp_path / "responses.jsonl")
    counts = result.manifest.counts
    assert counts.dropped == {
        "names the level or the skill": 1,
        "near-duplicate": 1,
        "not English": 1,
        "wrong length for the grade": 1,
    }
    assert counts.failed == {"missing in the answer": 1}
    assert counts.kept == 84 - 5
    assert len(server.seen) == 84 / 6
    rows = [json.loads(line) for line in (tmp_path / "responses.jsonl").read_text("utf-8").splitlines()]
    assert 25 in {row["row"] for row in rows}
    assert 31 not in {row["row"] for row in rows}  # the later of the two alike goes
    for row in rows:
        spec = plan.spec(row["row"])
        assert (row["skill"], row["skill_level"], row["grade"]) == (spec.skill, spec.level, spec.grade)
        assert row["source"] == f"{client.source}/{spec.scenario}"


def test_the_prompt_gives_grade_situation_behaviour_and_manner_but_no_level(
    server: ProviderServer, open_client: Callable[..., Client]
) -> None:
    plan = ResponsePlan(84, seed=42)
    generator = ProvidedResponses(plan, open_client("openai"), rows_per_request=3)
    prompt = generator.request(range(3)).messages[1].content
    for row, line in enumerate(prompt.splitlines()):
        spec = plan.spec(row)
        assert f"grade {spec.grade}" in line
        assert load_scenarios()[spec.skill][spec.scenario].prompt in line
        assert "Manner: " in line
        assert not re.search(rf"\b({'|'.join((*LEVELS, *SKILLS))})\b", line)
    assert generator.request(range(3)) == generator.request(range(3))
    assert generator.request(range(3)) != generator.request(range(3, 6))


def test_word_ranges_grow_with_the_grade() -> None:
    assert word_range(2) == (8, 60)
    assert word_range(8) == (14, 150)


def test_english_and_other_languages_are_told_apart() -> None:
    others = [
        "ich habe heute mit meiner Schwester im Garten gespielt und dann haben wir gegessen",
        "j'ai joué avec mon frère dans le jardin et après nous avons mangé du gâteau",
        "el perro come mucho en la cocina con mi hermano cuando llueve",
        "我昨天和朋友一起去公园玩",
        "",
    ]
    assert [text for text in others if looks_english(text)] == []
    assert looks_english("um i was like so mad cuz he took my ball and then i just walked away")


def test_real_answers_of_children_read_as_english() -> None:
    folder = get_settings().shared_data / "real" / "mind-ca"
    files = sorted(folder.glob("*.csv")) or sorted(folder.glob("*.jsonl"))
    if not files:
        pytest.skip("real answers of children (real/mind-ca) not found in the shared data")
    import pandas as pd

    frame = pd.read_csv(files[0]) if files[0].suffix == ".csv" else pd.read_json(files[0], lines=True)
    column = max(frame.columns, key=lambda name: frame[name].astype(str).str.len().mean())
    long = [text for text in frame[column].astype(str) if len(text.split()) >= 8]
    share = sum(looks_english(text) for text in long) / len(long)
    assert share > 0.98


def test_near_duplicates_are_found_and_others_are_not() -> None:
    seen = NearDuplicates()
    first = "when the soup spilled everybody laughed but I got some napkins and helped him clean the floor up"
    assert not seen.seen(first)
    assert seen.seen(first.upper() + "!")
    assert seen.seen(first.replace("clean the floor up", "clean the floor"))
    assert not seen.seen("our tower kept falling over so we built a wider base and tested it with a fan again")
    assert english_share(first) > 0.3
