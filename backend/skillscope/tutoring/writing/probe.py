"""Word problems that the model was not trained on (GSM8K): it must decline, not invent."""

import json
from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from skillscope.errors import SchemaError
from skillscope.lm.slots import SlotError, fill
from skillscope.lm.writer import Writer
from skillscope.synthesis.files import file_sha256, lines_of
from skillscope.tutoring.answerer import Request, explanation_request
from skillscope.tutoring.questions.gsm8k import question_from_gsm8k
from skillscope.tutoring.writing.figures import Figure, mean_of

__all__ = ["Probe", "probe_gsm8k"]


class Probe(BaseModel):
    """`declined`: the share that the scope turns away; `shown`: what would have reached a student, of three draws.

    `shown_without_scope` is what verification alone would have let through, had the model been made to answer.
    """

    model_config = ConfigDict(extra="forbid")

    source_sha256: str
    problems: int
    declined: Figure
    shown: Figure
    shown_without_scope: Figure
    refused_without_scope: dict[str, int]


def _requests(path: Path, at_most: int) -> list[Request]:
    requests: list[Request] = []
    for number, line in enumerate(lines_of(path)):
        if len(requests) == at_most:
            break
        try:
            requests.append(explanation_request(question_from_gsm8k(json.loads(line), number)))
        except SchemaError:
            continue  # a calculation that cannot be read: nothing to compare with
        except ValueError as error:
            raise SchemaError(f"{path}, line {number + 1}: not JSON") from error
    return requests


def _passes(request: Request, delex: str | None, refused: Counter[str]) -> bool:
    if delex is None:
        refused["without an end"] += 1
        return False
    try:
        text = fill(delex, request.prompt.slots)
    except SlotError:
        refused["a slot cannot be filled"] += 1
        return False
    verdict = request.check(text, delex)
    if not verdict.ok:
        refused[verdict.reasons[0].split(":")[0]] += 1
    return verdict.ok


def probe_gsm8k(writer: Writer, path: Path, *, at_most: int = 500, tries: int = 3) -> Probe:
    """Puts word problems to a model, with its scope and without.

    Raises:
        FileError, SchemaError: the file cannot be read, or holds no problem.
    """
    requests = _requests(path, at_most)
    if not requests:
        raise SchemaError(f"{path} holds no word problem with readable calculations")
    inside = [writer.in_scope(request.prompt.delex) for request in requests]
    refused: Counter[str] = Counter()
    passed = [False] * len(requests)
    for _ in range(tries):
        rows = [index for index, done in enumerate(passed) if not done]
        drawn = writer.write_unasked([requests[index].prompt.delex for index in rows])
        for index, delex in zip(rows, drawn, strict=True):
            passed[index] = _passes(requests[index], delex, refused)
    return Probe(
        source_sha256=file_sha256(path),
        problems=len(requests),
        declined=mean_of([not known for known in inside]),
        shown=mean_of([known and done for known, done in zip(inside, passed, strict=True)]),
        shown_without_scope=mean_of([float(done) for done in passed]),
        refused_without_scope=dict(refused.most_common()),
    )
