"""Feedback on performance: 50 to 100 words from sentence frames, strengths before weaknesses."""

import random

from skillscope.tutoring.pairs.prompts import feedback_prompt, ranked
from skillscope.tutoring.pairs.wording import Draft, capitalised, count_words, indexed, pick
from skillscope.tutoring.performance import (
    MAX_PROFICIENCY,
    SkillPerformance,
    accuracy_band,
    proficiency_band,
    time_band,
)
from skillscope.tutoring.taxonomy import SatSkill, load_taxonomy

__all__ = ["FEEDBACK_WORDS", "draw_performance", "feedback_draft"]

FEEDBACK_WORDS = (50, 100)
SHARED = frozenset(("fast", "slow", "max"))
KIND = "feedback"


def draw_performance(rng: random.Random, skill: SatSkill) -> list[SkillPerformance]:
    """One to three skills of one student, `skill` first; numbers in the ranges of the seed documents."""
    taxonomy = load_taxonomy()
    others = [other for other in taxonomy.skills if other.id != skill.id]
    chosen = [skill, *rng.sample(others, rng.choices((0, 1, 2), weights=(50, 30, 20))[0])]
    rows = []
    for item in chosen:
        name = item.label if rng.random() < 0.85 else rng.choice(item.aliases)
        total = rng.randint(4, 20) if rng.random() < 0.6 else 10
        ability = rng.random()
        correct = min(max(round(total * (ability + rng.uniform(-0.12, 0.12))), 0), total)
        forecast = min(max(1 + (MAX_PROFICIENCY - 1) * (0.15 + 0.7 * ability) + rng.gauss(0, 0.7), 1.0), 7.0)
        rows.append(
            SkillPerformance(item.section, item.domain, name, correct, total, rng.randint(20, 120), round(forecast, 1))
        )
    names = [row.skill for row in rows]
    return rows if len(set(names)) == len(names) else draw_performance(rng, skill)


def _unfit(row: SkillPerformance) -> list[str]:
    return ["missed"] if row.correct == row.total else []


def _single(rng: random.Random, row: SkillPerformance) -> list[Draft]:
    accuracy = accuracy_band(row.accuracy)
    assert row.avg_time is not None  # noqa: S101 - feedback_prompt refuses rows without it
    assert row.proficiency is not None  # noqa: S101 - likewise
    pace, level = time_band(row.avg_time), proficiency_band(row.proficiency)
    draft = Draft()
    for group in (
        f"accuracy.{accuracy}",
        f"time.{pace}.{accuracy}",
        f"proficiency.{level}",
        f"advice.{accuracy}.{level}",
    ):
        frame = pick(rng, KIND, group, without=_unfit(row))
        draft.add(frame, text=indexed(frame.text, 1, SHARED))
    return [draft]


def _several(rng: random.Random, rows: list[SkillPerformance]) -> Draft:
    draft = Draft()
    used: set[str] = set()
    for index, row in enumerate(ranked(rows), start=1):
        assert row.avg_time is not None  # noqa: S101 - feedback_prompt refuses rows without it
        assert row.proficiency is not None  # noqa: S101 - likewise
        groups = (
            f"several.{accuracy_band(row.accuracy)}",
            f"several.{time_band(row.avg_time)}",
            f"several.{proficiency_band(row.proficiency)}",
        )
        parts = []
        for group in groups:
            frame = pick(rng, KIND, group)
            while frame.id in used:
                frame = pick(rng, KIND, group)
            used.add(frame.id)
            parts.append(frame)
        did, pace, level = (indexed(frame.text, index, SHARED) for frame in parts)
        prefix = pick(rng, KIND, "several.next") if index > 1 else None
        lead = "" if prefix is None else prefix.text
        sentence = f"{lead}{did}, {pace}; {level}" if lead else f"{capitalised(did)}, {pace}; {level}"
        draft.add(*parts, text=sentence)
    weakest = ranked(rows)[-1]
    frame = pick(rng, KIND, f"several.advice.{accuracy_band(weakest.accuracy)}")
    draft.add(frame, text=indexed(frame.text, len(rows), SHARED))
    return draft


def feedback_draft(rng: random.Random, rows: list[SkillPerformance]) -> Draft:
    """Feedback in 50 to 100 words.

    Raises:
        InputError: a row lacks its time or predicted proficiency.
    """
    prompt = feedback_prompt(rows)
    low, high = FEEDBACK_WORDS
    draft = Draft()
    for _ in range(40):
        body = _single(rng, rows[0])[0] if len(rows) == 1 else _several(rng, rows)
        draft = Draft()
        first = pick(rng, KIND, "several.open" if len(rows) > 1 else "open")
        draft.add(first)
        draft.sentences += body.sentences
        draft.frames += body.frames
        closers = 0
        while count_words(draft.filled(prompt.slots)) < low or (closers == 0 and rng.random() < 0.5):
            closing = pick(rng, KIND, "close")
            if closing.id not in draft.frames:
                draft.add(closing)
                closers += 1
        if low <= count_words(draft.filled(prompt.slots)) <= high:
            break
    return draft
