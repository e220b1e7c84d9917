"""Rows of requests that come at once: scored with one call, each answered as if it had come alone."""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from skillscope.assessment.model import Score
from skillscope.assessment.scoring import score_rows
from skillscope.errors import SchemaError
from skillscope.features import FEATURE_NAMES
from skillscope.modeling.bundle import Bundle
from skillscope.service import scorer
from skillscope.service.scorer import AT_ONCE, Rows, RowScorer

Asked = tuple[Rows, list[int | None], list[list[str]]]


def asked(count: int, seed: int) -> Asked:
    chance = np.random.default_rng(seed)
    rows = chance.uniform(0.0, 1.0, (count, len(FEATURE_NAMES)))
    rows[chance.random(rows.shape) < 0.1] = np.nan
    return rows, [None if number % 3 == 0 else 2 + number % 7 for number in range(count)], [[f"{seed}"]] * count


def ask(bundle: Bundle, requests: Sequence[Asked]) -> list[list[list[Score]] | BaseException]:
    rows = RowScorer()

    async def together() -> list[list[list[Score]] | BaseException]:
        return await asyncio.gather(*(rows.score(bundle, *request) for request in requests), return_exceptions=True)

    return asyncio.run(together())


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each call of the models had."""
    found: list[int] = []

    def counted(bundle: Bundle, rows: Rows, **options: Any) -> list[list[Score]]:
        found.append(len(rows))
        return score_rows(bundle, rows, **options)

    monkeypatch.setattr(scorer, "score_rows", counted)
    return found


def test_requests_of_one_turn_are_scored_with_one_call_as_if_alone(bundle: Bundle, calls: list[int]) -> None:
    requests = [asked(1 + number % 3, number) for number in range(8)]
    found = ask(bundle, requests)
    assert calls == [sum(len(rows) for rows, _, _ in requests)]
    alone = [score_rows(bundle, rows, grades=grades, missing=missing) for rows, grades, missing in requests]
    assert found == alone


def test_no_call_has_more_rows_than_are_scored_at_once(bundle: Bundle, calls: list[int]) -> None:
    requests = [asked(7, number) for number in range(2 * AT_ONCE // 7 + 1)]
    found = ask(bundle, requests)
    assert sum(calls) == 7 * len(requests)
    assert max(calls) <= AT_ONCE
    assert [len(rows) for rows in found if isinstance(rows, list)] == [7] * len(requests)


def test_rows_that_cannot_be_scored_spoil_no_other(bundle: Bundle) -> None:
    wrong = asked(1, 1)
    wrong[0][0, 0] = np.inf
    found = ask(bundle, [asked(2, 2), wrong, asked(1, 3)])
    assert [type(answer) for answer in found] == [list, SchemaError, list]


def test_requests_go_with_the_model_that_they_came_for(bundle: Bundle, calls: list[int]) -> None:
    other = Bundle.load(bundle.path)
    rows = RowScorer()

    async def together() -> object:
        return await asyncio.gather(*(rows.score(model, *asked(1, 1)) for model in (bundle, bundle, other)))

    asyncio.run(together())
    assert calls == [2, 1]


def test_who_goes_away_keeps_nobody_from_an_answer(bundle: Bundle) -> None:
    rows = RowScorer()

    async def together() -> list[list[Score]]:
        gone = asyncio.create_task(rows.score(bundle, *asked(1, 1)))
        stays = asyncio.create_task(rows.score(bundle, *asked(2, 2)))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    assert len(asyncio.run(together())) == 2
