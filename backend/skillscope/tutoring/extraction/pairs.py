"""Each kind of pair from the rows of a source. A pair is a dictionary; what makes none is counted by reason."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from skillscope.errors import SchemaError
from skillscope.lm.slots import fill
from skillscope.synthesis import row_random
from skillscope.synthesis.filters import words_of
from skillscope.tutoring.adapt import plan_tasks
from skillscope.tutoring.answerer import feedback_request, plan_request
from skillscope.tutoring.bank import lesson_texts
from skillscope.tutoring.extraction.quality import clean, even_tone, on_topic
from skillscope.tutoring.extraction.sources import Source, as_json
from skillscope.tutoring.performance import SkillPerformance, parse_performance
from skillscope.tutoring.proficiency import SkillState, proficiency, update
from skillscope.tutoring.pseudonyms import Pseudonyms
from skillscope.tutoring.questions.model import format_options
from skillscope.tutoring.taxonomy import SatSkill, load_taxonomy

__all__ = ["Extraction", "Pair", "feedback_pair"]

Pair = dict[str, Any]
BATCH: Final = 500
KEPT_STARS: Final = 4
REJECTED_STARS: Final = 2
_MIDDLE: Final = 2
_SENTENCES: Final = 2
_WORDINGS: Final = 1_000_003


@dataclass(slots=True)
class _Question:
    skill: SatSkill | None
    prompt: str
    words: frozenset[str]


@dataclass(slots=True)
class _Tally:
    correct: int = 0
    total: int = 0
    seconds: float = 0.0
    timed: int = 0
    state: SkillState = field(default_factory=SkillState)


def feedback_pair(row: SkillPerformance, seed: int) -> Pair:
    """One feedback pair in the template's words; `seed` picks them."""
    request = feedback_request([row])
    text = fill(request.template(seed), request.prompt.slots)
    skill = load_taxonomy().resolve(row.skill)
    return {
        "kind": "feedback",
        "input": request.prompt.text,
        "output": text,
        "skill": skill.id,
        "answered_by": "template",
    }


def _found(proficiencies: Any, name: str) -> float | None:
    """The number under a skill's name, however deep it lies."""
    if not isinstance(proficiencies, Mapping):
        return None
    for key, value in proficiencies.items():
        if key == name and isinstance(value, int | float) and not isinstance(value, bool):
            return min(max(float(value), 1.0), 7.0)
        if (below := _found(value, name)) is not None:
            return below
    return None


class Extraction:
    """Goes through a source once; `dropped`, `personal` and `filled` count as the pairs are taken."""

    def __init__(self, source: Source, *, minimum: int, names: Pseudonyms) -> None:
        self.source = source
        self._names = names
        self.minimum = minimum
        self.dropped: Counter[str] = Counter()
        self.personal: Counter[str] = Counter()
        self.filled = 0
        self._bank: dict[str, _Question] = {}

    def pairs(self) -> Iterator[Pair]:
        """All pairs but the rated ones, kind by kind."""
        yield from self._explanations()
        yield from self._lessons()
        yield from self._performance()
        yield from self._actions()
        yield from self._asked("help_requests", "help")
        yield from self._asked("user_notes", "note")

    def _skill(self, skill: str | None, domain: str | None) -> SatSkill | None:
        taxonomy = load_taxonomy()
        return taxonomy.find(skill or "") or taxonomy.find(domain or "")

    def _of(self, *users: Any) -> Pair:
        """Whose words or results a pair holds: what an erasure finds it by."""
        return {"students": sorted({self._names.of(str(user)) for user in users if user is not None})}

    def _clean(self, text: str, known: frozenset[str] = frozenset(), *, openings: bool = True) -> str:
        cleaned, counts = clean(text, known, openings=openings)
        self.personal += counts
        return cleaned

    def _explanations(self) -> Iterator[Pair]:
        for row in self.source.rows("questions"):
            content = as_json(row.content)
            skill = self._skill(row.skill, row.domain)
            if not isinstance(content, Mapping) or not content.get("text") or content.get("correct_answer") is None:
                self.dropped["question without text or answer"] += 1
                continue
            options = tuple(map(str, content.get("options") or ()))
            body = str(content["text"]).strip()
            body = body if body[-1:] in ".?!" else f"{body}."
            prompt = f"{body} Options: {format_options(options)}" if options else body
            self._bank[row.question_id] = _Question(skill, prompt, frozenset(words_of(prompt)))
            if skill is None:
                self.dropped["question of no SAT skill"] += 1
                continue
            made = content.get("question")
            if isinstance(made, Mapping) and str(made.get("provenance", "")).startswith("template"):
                self.dropped["explanation of a generated question, no real one"] += 1
                continue
            rationale = str(content.get("rationale") or "").strip()
            pair: Pair = {"kind": "explanation", "input": prompt, "skill": skill.id}
            if rationale:
                yield pair | {"output": even_tone(rationale)}
                continue
            self.filled += 1
            told = f"This question is about {skill.label}. {lesson_texts()[skill.id]['summary']}"
            yield pair | {"output": f"{told} The correct answer is {content['correct_answer']}.", "filled": True}

    def _lessons(self) -> Iterator[Pair]:
        for row in self.source.rows("lessons"):
            content, skill = as_json(row.content), self._skill(row.skill, row.domain)
            text = str((content or {}).get("text") or "") if isinstance(content, Mapping) else ""
            if not text or skill is None:
                self.dropped["lesson without text or SAT skill"] += 1
                continue
            summary = content.get("summary") or ". ".join(text.split(". ")[:_SENTENCES]).rstrip(".") + "."
            if summary == text:
                self.dropped["lesson too short to sum up"] += 1
                continue
            yield {"kind": "lesson", "input": text, "output": even_tone(str(summary)), "skill": skill.id}

    def _performance(self) -> Iterator[Pair]:
        """Feedback by student and skill, and what the plans of the students should become."""
        batch: dict[Any, list[SkillPerformance]] = {}
        serial = 0
        for user, rows in self._students():
            for row in rows:
                yield feedback_pair(row, serial) | self._of(user)
                serial += 1
            batch[user] = rows
            if len(batch) >= BATCH:
                yield from self._plans(batch)
                batch = {}
        if batch:
            yield from self._plans(batch)

    def _students(self) -> Iterator[tuple[Any, list[SkillPerformance]]]:
        user: Any = None
        tallies: dict[str, _Tally] = {}
        last: Any = None
        latest: list[Any] = []
        for row in self.source.rows("responses"):
            if row.user_id != user:
                if tallies:
                    yield user, self._rows(tallies, latest)
                user, tallies, last, latest = row.user_id, {}, None, []
            if last == (mark := (row.test_id, row.question_id, row.at)):
                continue  # a sitting with two results joins twice
            last = mark
            question = self._bank.get(row.question_id)
            if question is None or question.skill is None or row.is_correct is None:
                self.dropped["response to no SAT question"] += 1
                continue
            tally = tallies.setdefault(question.skill.id, _Tally())
            tally.total += 1
            tally.correct += bool(row.is_correct)
            tally.state = update(tally.state, _MIDDLE, right=bool(row.is_correct))
            if row.time_spent is not None and row.time_spent >= 0:
                tally.seconds += float(row.time_spent)
                tally.timed += 1
            if row.proficiencies is not None and (not latest or latest[-1] is not row.proficiencies):
                latest = [*latest[-4:], row.proficiencies]
        if tallies:
            yield user, self._rows(tallies, latest)

    def _rows(self, tallies: Mapping[str, _Tally], latest: Sequence[Any]) -> list[SkillPerformance]:
        rows = []
        results = [as_json(value) for value in reversed(latest)]
        for skill_id, tally in tallies.items():
            if tally.total < self.minimum or not tally.timed:
                self.dropped["too few answers of a student in a skill"] += 1
                continue
            skill = load_taxonomy().get(skill_id)
            names = load_taxonomy().names_of(skill)
            known = (level for result in results for name in names if (level := _found(result, name)) is not None)
            level = round(next(known, proficiency(tally.state)), 1)
            pace = round(tally.seconds / tally.timed)
            rows.append(
                SkillPerformance(skill.section, skill.domain, skill.label, tally.correct, tally.total, pace, level)
            )
        return rows

    def _plans(self, batch: Mapping[Any, list[SkillPerformance]]) -> Iterator[Pair]:
        for user, plans in self.source.plans([user for user, rows in batch.items() if rows]).items():
            for plan in plans:
                yield from self._plan(plan, batch[user], user)

    def _plan(
        self,
        plan: Any,
        rows: Sequence[SkillPerformance],
        user: Any,
        said: str | None = None,
        table: str = "study_plans",
    ) -> Iterator[Pair]:
        try:
            tasks = plan_tasks(plan) if isinstance(plan, Mapping) else []
            bare: dict[str, list[dict[str, Any]]] = {}
            for task in tasks:
                skill = self._skill(task.skill, None)
                name = skill.label if skill else task.skill
                bare.setdefault(task.phase, []).append({"day": task.day, "type": task.type, "skill": name})
            request, adjustment = plan_request(bare, rows)
        except SchemaError:
            self.dropped["plan without readable tasks"] += 1
            return
        skill = self._skill(adjustment.focus.skill, adjustment.focus.domain)
        if skill is None:
            self.dropped["plan of no SAT skill"] += 1
            return
        if said is None:
            seed = row_random(0, request.prompt.text, 0).randrange(_WORDINGS)
            said = fill(request.template(seed), request.prompt.slots)
        pair: Pair = {"kind": "plan", "input": request.prompt.text, "output": said, "skill": skill.id, "table": table}
        yield pair | self._of(user)

    def _actions(self) -> Iterator[Pair]:
        for row in self.source.rows("study_plan_actions"):
            performance, before = as_json(row.performance_update), as_json(row.plan_before)
            plan = before or {"skill_building": [as_json(row.task)]}
            try:
                rows = parse_performance(performance or {})
            except SchemaError:
                self.dropped["plan action without readable performance"] += 1
                continue
            yield from self._plan(plan, rows, row.user_id, row.ai_response, "study_plan_actions")

    def _asked(self, table: str, kind: str) -> Iterator[Pair]:
        for row in self.source.rows(table):
            question = self._bank.get(row.question_id) if row.question_id is not None else None
            known = question.words if question else frozenset()
            query, said = self._clean(str(row.user_query or ""), known), str(row.ai_response or "").strip()
            if not query or not said:
                self.dropped[f"{kind} without words"] += 1
                continue
            if not on_topic(query, known):
                self.dropped[f"{kind} off topic"] += 1
                continue
            given = f"{question.prompt} Student: {query}" if question else query
            skill = question.skill.id if question and question.skill else None
            yield {
                "kind": kind,
                "input": given,
                "output": even_tone(self._clean(said, known, openings=False)),
                "skill": skill,
                **self._of(row.user_id, row.other_id),
            }

    def rated(self) -> Iterator[tuple[int, Pair]]:
        """Rated feedback with its stars; those between are counted and left out."""
        for row in self.source.rows("feedback_ratings"):
            data = as_json(row.performance_data)
            if not isinstance(data, Mapping) or not row.feedback_text or not 1 <= int(row.rating or 0) <= 5:
                self.dropped["rating without stars, text or performance"] += 1
                continue
            if REJECTED_STARS < row.rating < KEPT_STARS:
                self.dropped["rating of three stars"] += 1
                continue
            question = self._bank.get(str(data.get("question_id")))
            given = json.dumps(data, ensure_ascii=False)
            if question is not None:
                shown = json.dumps({key: value for key, value in data.items() if key != "question_id"})
                given = f"{question.prompt} Performance: {shown}"
            text = even_tone(
                self._clean(str(row.feedback_text), question.words if question else frozenset(), openings=False)
            )
            skill = question.skill.id if question and question.skill else None
            yield (
                int(row.rating),
                {"kind": "rated", "input": given, "output": text, "skill": skill, "rating": row.rating}
                | self._of(row.user_id),
            )
