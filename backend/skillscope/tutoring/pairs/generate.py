"""Generates verified training pairs on the synthesis engine."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from skillscope.errors import InputError
from skillscope.lm.slots import SLOT
from skillscope.synthesis import Check, Generator, Outcome, RunOptions, RunResult, row_random
from skillscope.synthesis import generate as run
from skillscope.synthesis.files import canonical_json
from skillscope.tutoring.pairs.explanations import explanation_draft
from skillscope.tutoring.pairs.feedback import draw_performance, feedback_draft
from skillscope.tutoring.pairs.plans import draw_plan, plan_draft
from skillscope.tutoring.pairs.prompts import Prompt, explanation_prompt, feedback_prompt, plan_prompt
from skillscope.tutoring.pairs.wording import Draft, add_frames
from skillscope.tutoring.questions.families import load_families
from skillscope.tutoring.questions.mathematics import make_math_question
from skillscope.tutoring.taxonomy import SatSkill, load_taxonomy
from skillscope.tutoring.verify import verify_pair

__all__ = ["PairPlan", "generate_pairs", "render_pair"]

NAME = "tutoring.pairs.v1"
UNIT = 200


@dataclass(frozen=True)
class PairPlan:
    """How many pairs of each kind; rows are numbered feedback first, then explanations, then plans."""

    feedback: int = 20_000
    explanations: int = 20_000
    plans: int = 10_000

    def __post_init__(self) -> None:
        if min(self.feedback, self.explanations, self.plans) < 0 or self.total == 0:
            raise InputError("the numbers of pairs must not be negative, and one must be positive")

    @property
    def total(self) -> int:
        """All pairs."""
        return self.feedback + self.explanations + self.plans

    def spec(self, row: int) -> tuple[str, int]:
        """The kind of a row and its number within the kind."""
        if row < self.feedback:
            return "feedback", row
        row -= self.feedback
        return ("explanation", row) if row < self.explanations else ("plan", row - self.explanations)


def _symbolic(delex: str) -> list[str]:
    """The computing slots of a text, in order: what code works out while it fills."""
    return [f"{target}={body}" for target, computed, body, _ in SLOT.findall(delex) if computed]


def _used(slots: dict[str, str], *texts: str) -> dict[str, str]:
    joined = " ".join(texts)
    return {name: value for name, value in slots.items() if name in joined}


def _row(identifier: str, prompt: Prompt, draft: Draft, skill: SatSkill, **more: Any) -> dict[str, Any]:
    delex = draft.delex
    slots = _used(prompt.slots, prompt.delex, delex)
    return {
        "id": identifier,
        "kind": prompt.kind,
        "input": prompt.text,
        "output": draft.filled(prompt.slots),
        "input_delex": prompt.delex,
        "output_delex": delex,
        "slots": slots,
        "steps": _symbolic(delex),
        "skill": skill.id,
        "domain": skill.domain,
        "section": skill.section,
        "frames": draft.frames,
        **more,
    }


def render_pair(kind: str, number: int, seed: int, attempt: int = 0) -> dict[str, Any]:
    """One pair, a function of its arguments alone. Skills take turns; families take turns within a skill."""
    rng = row_random(seed, f"{NAME}.{kind}", number, attempt)
    skills = load_taxonomy().skills
    skill = skills[number % len(skills)]
    identifier = f"{kind}-{number:06d}"
    if kind == "feedback":
        rows = draw_performance(rng, skill)
        prompt = feedback_prompt(rows)
        draft = feedback_draft(rng, rows)
        return _row(identifier, prompt, draft, skill, provenance=f"template:{kind}", key=prompt.delex)
    if kind == "plan":
        plan, rows = draw_plan(rng, skill)
        prompt, adjustment = plan_prompt(plan, rows)
        draft = plan_draft(rng, adjustment, prompt.slots)
        more = {"provenance": f"template:{kind}", "key": prompt.delex, "action": adjustment.action}
        return _row(identifier, prompt, draft, skill, **more)
    families = load_families()[skill.id]
    family = families[(number // len(skills)) % len(families)]
    question = make_math_question(family, rng, f"question-{number:06d}")
    chosen = rng.choice(question.distractors).option if rng.random() < 0.5 else None
    prompt = explanation_prompt(question, chosen)
    return _row(
        identifier,
        prompt,
        explanation_draft(rng, question, prompt),
        skill,
        provenance=question.provenance,
        key=question.key,
        chosen=chosen,
        answer=question.correct_answer,
        question={**question.to_json(), "rationale": "", "steps": [], "distractors": []},
    )


def _render_unit(specs: Sequence[tuple[str, int]], seed: int) -> list[Outcome]:
    outcomes = []
    for kind, number in specs:
        pair = render_pair(kind, number, seed)
        verdict = verify_pair(pair)
        outcomes.append(Outcome(pair) if verdict.ok else Outcome(None, f"{kind}: {verdict.reasons[0].split(':')[0]}"))
    return outcomes


class _NoDuplicates:
    """Refuses an output that an earlier row has."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()

    def __call__(self, row: int, value: dict[str, Any]) -> str | None:
        digest = hashlib.sha256(value["output"].encode()).digest()[:12]
        if digest in self.seen:
            return "duplicate output"
        self.seen.add(digest)
        return None


@dataclass
class _PairGenerator(Generator):
    plan: PairPlan = field(default_factory=PairPlan)
    pool: Executor | None = None

    def render(self, rows: Sequence[int]) -> Sequence[Outcome]:
        specs = [self.plan.spec(row) for row in rows]
        if self.pool is None:
            return _render_unit(specs, self.seed)
        return self.pool.submit(_render_unit, specs, self.seed).result()

    def checks(self) -> Sequence[Check]:
        return (_NoDuplicates(),)

    def again(self, row: int, attempt: int) -> dict[str, Any] | None:
        pair = render_pair(*self.plan.spec(row), self.seed, attempt)
        return pair if verify_pair(pair).ok else None


def generate_pairs(
    output: Path,
    plan: PairPlan,
    *,
    seed: int = 42,
    workers: int = 2,
    options: RunOptions | None = None,
    phrasing: Sequence[Mapping[str, str]] = (),
) -> RunResult:
    """Writes the pairs as JSONL with their manifest beside it.

    The bytes depend on the plan, the seed and the phrasing alone: `phrasing` are frames beside the authored ones, as
    `phrasing.read_phrasing` gives them.

    Raises:
        InputError: the plan is empty, or `workers` is below 1.
        FileError: the output cannot be written.
        ConflictError: another process is writing it.
    """
    if workers < 1:
        raise InputError("at least one worker is needed", field="workers")
    options = options or RunOptions()
    told = canonical_json([dict(row) for row in phrasing])
    added = {"phrasing": hashlib.sha256(told.encode()).hexdigest(), "frames_added": len(phrasing)} if phrasing else {}
    generator = _PairGenerator(
        name=NAME,
        seed=seed,
        planned=plan.total,
        rows_per_unit=UNIT,
        settings={"feedback": plan.feedback, "explanations": plan.explanations, "plans": plan.plans} | added,
        versions={"taxonomy": str(load_taxonomy().version)},
        plan=plan,
    )
    pool = None
    if workers > 1:
        pool = ProcessPoolExecutor(
            workers, mp_context=get_context("spawn"), initializer=add_frames, initargs=(list(phrasing),)
        )
    add_frames(phrasing)  # refused rows are worded again in this process
    try:
        with pool or nullcontext():
            generator.pool = pool
            settings = {**options.__dict__, "concurrency": workers}
            return run(generator, output, RunOptions(**settings))
    finally:
        add_frames(())
