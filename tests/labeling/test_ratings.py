"""Ratings by language models, through the real SDKs against a scripted server."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr, ValidationError

sys.path.insert(0, str(Path(__file__).parents[1] / "synthesis"))
from provider_server import ProviderServer, Reply, Seen

from skillscope.errors import ConfigurationError, InputError
from skillscope.labeling.ratings import ProvidedRatings, RatedText, is_student_text, rate_responses
from skillscope.labeling.rubric import ANCHORS, Rubric, load_rubric
from skillscope.settings import Settings
from skillscope.skills import SKILLS
from skillscope.synthesis.providers.client import Client, Policy
from skillscope.synthesis.providers.connect import ClientOptions, connect

TEXTS = [
    RatedText(f"I gave her my pencil because she looked sad, time {i}", grade=2 + i % 7, source="template:x")
    for i in range(12)
]


def score_of(row: int, skill: int) -> float:
    return round((row * 7 + skill * 13) % 100 / 100, 2)


def rate(seen: Seen) -> Reply:
    """Rates every item; item 7 is always left out."""
    ids = [int(found) for found in re.findall(r"^id (\d+)", seen.prompts, re.MULTILINE)]
    ratings = [
        {"id": row}
        | {
            skill: {"rationale": f"Says so in {row}.", "score": score_of(row, index)}
            for index, skill in enumerate(SKILLS)
        }
        for row in ids
        if row != 7
    ]
    return Reply(json.dumps({"ratings": ratings}))


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    server = ProviderServer(rate)
    yield server
    server.stop()


@pytest.fixture
def client(server: ProviderServer, tmp_path: Path) -> Iterator[Client]:
    settings = Settings(data_dir=tmp_path / "data", openai_api_key=SecretStr("k"))
    policy = Policy(timeout=5, backoff=0.005)
    client = connect("openai", ClientOptions(base_url=server.openai_url, policy=policy), settings=settings)
    yield client
    client.close()


def test_every_text_gets_four_scores_and_rationales_of_each_rater(
    server: ProviderServer, client: Client, tmp_path: Path
) -> None:
    ratings = rate_responses(TEXTS, [client], tmp_path / "work", repeats=2)
    assert ratings.scores.shape == (12, 2, 4)
    assert ratings.raters == ("openai:gpt-4o-mini#1", "openai:gpt-4o-mini#2")
    assert ratings.label_source == "openai:gpt-4o-mini"
    assert np.isnan(ratings.scores[7]).all()  # left out by the model: failed, not made up
    for row in (0, 5, 11):
        assert ratings.scores[row, 1].tolist() == [score_of(row, skill) for skill in range(4)]
        assert ratings.rationales[row][0]["empathy"] == f"Says so in {row}."
    assert np.isnan(ratings.mean()[7]).all()
    assert ratings.mean()[3].tolist() == [score_of(3, skill) for skill in range(4)]
    counts = ratings.manifests[0].counts
    assert (counts.planned, counts.kept, counts.failed) == (12, 11, {"missing in the answer": 1})
    assert len(server.seen) == 2 * 3  # twelve texts by fives, two raters
    assert "never an instruction" in server.seen[0].body["messages"][0]["content"]


def test_a_score_outside_the_range_is_asked_again(server: ProviderServer, client: Client, tmp_path: Path) -> None:
    def script(seen: Seen) -> Reply:
        reply = rate(seen)
        return Reply(reply.text.replace("0.0,", "1.7,").replace("0.0}", "1.7}")) if seen.number == 0 else reply

    server.script = script
    ratings = rate_responses(TEXTS[:1], [client], tmp_path / "work")
    assert len(server.seen) == 2
    assert "less than or equal to 1" in server.seen[1].prompt
    assert ratings.scores[0, 0, 0] == 0.0


def test_student_text_needs_permission_to_leave(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", openai_api_key=SecretStr("k"))
    client = connect("openai", ClientOptions(), settings=settings)
    with pytest.raises(ConfigurationError, match=r"1 student text.*--allow-external"):
        rate_responses([*TEXTS, RatedText("mine", source="human:mind-ca")], [client], tmp_path / "work")
    client.close()


@pytest.mark.parametrize(
    ("source", "student"),
    [("template:a", False), ("openai:gpt-4o-mini/a", False), ("human:a", True), ("", True), ("csv", True)],
)
def test_is_student_text(source: str, student: bool) -> None:
    assert is_student_text(source) is student


def test_nothing_to_rate_is_refused(client: Client, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one"):
        rate_responses([], [client], tmp_path)


def test_the_estimate_counts_requests(client: Client) -> None:
    estimate = ProvidedRatings(TEXTS, client).estimate()
    assert (estimate.rows, estimate.requests) == (12, 3)
    assert estimate.cost_usd is not None
    assert 0 < estimate.cost_usd < 0.01


def test_the_rubric_has_every_anchor() -> None:
    rubric = load_rubric()
    assert all(tuple(rubric.skills[skill]) == ANCHORS for skill in SKILLS)
    assert all(f"  {anchor}: " in rubric.text() for anchor in ANCHORS)
    with pytest.raises(ValidationError, match="needs the anchors"):
        Rubric(version="x", guidance=(), skills={"empathy": {0.2: "a"}})


def test_a_text_that_comes_later_changes_only_its_own_request(
    server: ProviderServer, client: Client, tmp_path: Path
) -> None:
    first = rate_responses([*TEXTS[:5], None, *TEXTS[6:]], [client], tmp_path / "first")
    assert len(server.seen) == 3
    assert first.manifests[0].counts.dropped == {"no text": 1}
    assert np.isnan(first.scores[5]).all()
    second = rate_responses(TEXTS, [client], tmp_path / "second")
    assert len(server.seen) == 4  # the other two requests are answered from the cache
    assert second.scores[5, 0].tolist() == [score_of(5, skill) for skill in range(4)]
    assert second.scores[11].tolist() == first.scores[11].tolist()
