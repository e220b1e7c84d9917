"""Plan adjustments: 20 to 50 words on what to change on which day, or why to keep the plan."""

import random
from typing import Any

from skillscope.tutoring.adapt import Adjustment
from skillscope.tutoring.pairs.wording import Draft, count_words, pick
from skillscope.tutoring.performance import SkillPerformance, accuracy_band
from skillscope.tutoring.taxonomy import SatSkill, load_taxonomy

__all__ = ["PLAN_WORDS", "draw_plan", "plan_draft"]

PLAN_WORDS = (20, 50)
KIND = "plans"
PHASES = ("foundation", "skill_building", "review")
TYPES = ("practice", "practice", "practice", "lesson", "review", "test", "challenge")


def draw_plan(rng: random.Random, skill: SatSkill) -> tuple[dict[str, list[dict[str, Any]]], list[SkillPerformance]]:
    """A plan of one to five tasks in one or two phases, and the performance in `skill` and up to two others."""
    taxonomy = load_taxonomy()
    others = [other for other in taxonomy.skills if other.id != skill.id]

    def named(item: SatSkill) -> str:
        return item.label if rng.random() < 0.85 else rng.choice(item.aliases)

    cast = [skill, *rng.sample(others, 6)]
    names = {item.id: named(item) for item in cast}
    if len(set(names.values())) < len(cast):
        return draw_plan(rng, skill)
    size = rng.randint(1, 5)
    planned = rng.sample(cast[1:], size)
    if rng.random() < 0.55:
        planned[rng.randrange(size)] = skill
    days = sorted(rng.sample(range(1, 8), size))
    first_phase, second_phase = sorted(rng.sample(PHASES, 2), key=PHASES.index)
    cut = size if size == 1 or rng.random() < 0.6 else rng.randint(1, size - 1)
    plan: dict[str, list[dict[str, Any]]] = {}
    for index, (day, item) in enumerate(zip(days, planned, strict=True)):
        phase = first_phase if index < cut else second_phase
        plan.setdefault(phase, []).append({"day": day, "type": rng.choice(TYPES), "skill": names[item.id]})
    measured = [skill, *rng.sample(cast[1:], rng.choices((0, 1, 2), weights=(45, 35, 20))[0])]
    best = rng.random() < 0.3
    rows = []
    for position, item in enumerate(measured):
        total = rng.randint(4, 20) if rng.random() < 0.6 else 10
        low, high = (0.72, 1.0) if best else (0.15, 0.85) if position == 0 else (0.4, 1.0)
        correct = min(max(round(total * rng.uniform(low, high)), 0), total)
        rows.append(SkillPerformance(item.section, item.domain, names[item.id], correct, total))
    return plan, rows


def plan_draft(rng: random.Random, adjustment: Adjustment, slots: dict[str, str]) -> Draft:
    """The adjustment in 20 to 50 words."""
    low, high = PLAN_WORDS
    band = accuracy_band(adjustment.focus.accuracy)
    draft = Draft()
    for _ in range(40):
        draft = Draft()
        if rng.random() < 0.25:
            draft.add(pick(rng, KIND, "open"))
        draft.add(pick(rng, KIND, f"accuracy.{band}"))
        draft.add(pick(rng, KIND, adjustment.action))
        for _ in range(2):
            if count_words(draft.filled(slots)) >= low and rng.random() < 0.6:
                break
            reason = pick(rng, KIND, f"because.{adjustment.action}")
            if reason.id not in draft.frames:
                draft.add(reason)
        if low <= count_words(draft.filled(slots)) <= high:
            break
    return draft
