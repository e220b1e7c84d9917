"""Measures a model on frozen prompts: is what it says right, how often does the template step in, what does it cost.

Serving is measured as it runs: a text is drawn, filled and verified; up to three draws; then the template.
"""

import math
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from skillscope.lm.bundle import MANIFEST
from skillscope.lm.rows import Example, read_examples
from skillscope.lm.slots import SlotError, fill
from skillscope.lm.verify import numbers_in
from skillscope.lm.writer import Writer
from skillscope.synthesis.files import file_sha256
from skillscope.tutoring.answerer import Request
from skillscope.tutoring.writing.compose import compose
from skillscope.tutoring.writing.figures import (
    Figure,
    distinct_2,
    faithful,
    mean_of,
    memorised,
    overlap,
    perplexity,
    ratio_of,
)
from skillscope.tutoring.writing.holdout import SETS, HeldOut, of_set, read_holdout
from skillscope.tutoring.writing.probe import Probe, probe_gsm8k

__all__ = ["Evaluation", "Measured", "SetFigures", "evaluate", "measure"]

TRIES: Final = 3
_TIMED: Final = 60
_LENGTH: Final = re.compile(r"\d+ words instead of \d+ to \d+")
PERPLEXITY_NOTE: Final = (
    "Perplexity proves nothing here: models at 1.5 gave wrong numbers in every text, because a wrong digit costs one "
    "token among many and the other tokens follow from a template."
)


class SetFigures(BaseModel):
    """One set of prompts.

    `right`: the content of the first draw is right (answer, statements, numbers, names), whatever its length.
    `passes`: the first draw may be shown as it is; `passes_of_three`: one of three may; `fallback`: none may.
    """

    model_config = ConfigDict(extra="forbid")

    prompts: int
    faithful: Figure
    right: Figure
    passes: Figure
    passes_of_three: Figure
    fallback: Figure
    refused: dict[str, int]
    bits_per_character: Figure
    perplexity: Figure
    bleu: Figure
    chrf: Figure
    distinct_2: Figure | None
    verbatim: Figure | None = None
    known_sentences: Figure | None = None
    cpu_ms: float
    """Median processor time of one text, in milliseconds, drawn once on one thread."""


class Evaluation(BaseModel):
    """All figures of one model on one holdout."""

    model_config = ConfigDict(extra="forbid")

    kind: str = "skillscope.lm.evaluation.v1"
    model_sha256: str
    holdout_sha256: str
    seed: int
    sets: dict[str, SetFigures]
    slots_shown: int
    """Texts shown with a slot left in them."""
    bits_per_character: Figure
    real_bits_per_character: Figure | None = None
    perplexity: Figure
    perplexity_note: str = PERPLEXITY_NOTE
    probe: Probe | None = None


@dataclass(frozen=True)
class Measured:
    """An evaluation with its values by prompt, so that two models can be compared pair by pair."""

    evaluation: Evaluation
    right: Mapping[str, Sequence[float]]
    bits: Sequence[tuple[float, int]]
    real_bits: Sequence[tuple[float, int]]


@dataclass
class _Tried:
    """What became of one prompt: the first text, and whether it and any of three was right."""

    first: str | None = None
    right: bool = False
    first_ok: bool = False
    ok: bool = False
    faithful: bool = False
    shown: str = ""
    refused: str = ""


def judge(request: Request, delex: str | None) -> tuple[str | None, str]:
    """The filled text where it may be shown, else None with the first reason."""
    text, reasons = _judged(request, delex)
    return (None, reasons[0].split(":")[0]) if reasons else (text, "")


def _judged(request: Request, delex: str | None) -> tuple[str | None, tuple[str, ...]]:
    if delex is None:
        return None, ("declined, or without an end",)
    try:
        text = fill(delex, request.prompt.slots)
    except SlotError:
        return None, ("a slot cannot be filled",)
    return text, request.check(text, delex).reasons


def _is_faithful(request: Request, delex: str | None) -> bool:
    if delex is None:
        return False
    prompt = request.prompt
    try:
        text = fill(delex, prompt.slots)
        return faithful(prompt.kind, delex, text, prompt.slots, set(numbers_in(prompt.text)))
    except SlotError:
        return False


def _serve(writer: Writer, items: Sequence[HeldOut], refused: Counter[str]) -> list[_Tried]:
    """Draws for every prompt, at most three times for those not right yet; then the template."""
    tried = [_Tried() for _ in items]
    open_rows = list(range(len(items)))
    for attempt in range(TRIES):
        drawn = compose(writer, [items[index].request.prompt for index in open_rows])
        left = []
        for index, delex in zip(open_rows, drawn, strict=True):
            row, request = tried[index], items[index].request
            text, reasons = _judged(request, delex)
            if attempt == 0:
                row.first, row.first_ok, row.faithful = delex, not reasons, _is_faithful(request, delex)
                row.right = not [reason for reason in reasons if not _LENGTH.fullmatch(reason)]
            if reasons or text is None:
                refused[_LENGTH.sub("too short or too long", reasons[0].split(":")[0])] += 1
                left.append(index)
            else:
                row.ok, row.shown = True, text
        open_rows = left
    for index in open_rows:
        request = items[index].request
        tried[index].shown = fill(request.template(index), request.prompt.slots)
    return tried


def _bits(writer: Writer, pairs: Sequence[tuple[str, str]]) -> list[float]:
    return [-value / math.log(2) for value in writer.log_likelihoods(pairs)]


def _cpu_ms(writer: Writer, items: Sequence[HeldOut]) -> float:
    spent = []
    for item in items[:_TIMED]:
        before = time.process_time()
        compose(writer, [item.request.prompt])
        spent.append(1000 * (time.process_time() - before))
    return round(median(spent), 2)


def _set_figures(
    writer: Writer, items: Sequence[HeldOut], training: Sequence[str]
) -> tuple[SetFigures, list[_Tried], list[float]]:
    refused: Counter[str] = Counter()
    tried = _serve(writer, items, refused)
    bits = _bits(writer, [(item.request.prompt.delex, item.reference) for item in items])
    tokens = [writer.count_tokens(item.reference) for item in items]
    texts = [row.first or "" for row in tried]
    verbatim, known = memorised(texts, training) if training else (None, None)
    return (
        SetFigures(
            prompts=len(items),
            faithful=mean_of([row.faithful for row in tried]),
            right=mean_of([row.right for row in tried]),
            passes=mean_of([row.first_ok for row in tried]),
            passes_of_three=mean_of([row.ok for row in tried]),
            fallback=mean_of([not row.ok for row in tried]),
            refused=dict(refused.most_common()),
            bits_per_character=ratio_of(bits, [len(item.reference) for item in items]),
            perplexity=perplexity([value * math.log(2) for value in bits], tokens),
            distinct_2=distinct_2(texts),
            verbatim=verbatim,
            known_sentences=known,
            cpu_ms=_cpu_ms(writer, items),
            **overlap(texts, [item.reference for item in items]),
        ),
        tried,
        bits,
    )


def measure(
    bundle: Path,
    holdout: Path,
    *,
    training: Sequence[Example] = (),
    real: Sequence[Example] = (),
    gsm8k: Path | None = None,
    seed: int = 0,
    at_most: int | None = None,
    progress: Callable[[str], None] = lambda _name: None,
) -> Measured:
    """Every figure of a bundle on a holdout, with the values by prompt. The same seed gives the same texts.

    `training` is what memorisation is measured against; `real` are held-out real pairs; `gsm8k` word problems that the
    model must decline.

    Raises:
        BundleError, FileError, SchemaError: something cannot be read.
        ConfigurationError: an extra is not installed.
    """
    items = read_holdout(holdout, at_most=at_most)
    writer = Writer(bundle, seed=seed)
    outputs: dict[str, list[str]] = {}
    for example in training:
        outputs.setdefault(example.kind, []).append(example.target)
    sets: dict[str, SetFigures] = {}
    right: dict[str, list[float]] = {}
    bits: list[tuple[float, int]] = []
    tokens: list[int] = []
    shown = 0
    for name in SETS:
        progress(name)
        chosen = of_set(items, name)
        kind = "explanation" if name == "wide" else name
        sets[name], tried, found = _set_figures(writer, chosen, outputs.get(kind, []))
        right[name] = [float(row.right) for row in tried]
        shown += sum("⟨" in row.shown or "⟩" in row.shown for row in tried)
        bits += [(value, len(item.reference)) for value, item in zip(found, chosen, strict=True)]
        tokens += [writer.count_tokens(item.reference) for item in chosen]
    real_bits = list(zip(_bits(writer, [(row.prompt, row.target) for row in real]), map(_length, real), strict=True))
    if gsm8k is not None:
        progress("word problems")
    evaluation = Evaluation(
        model_sha256=file_sha256(bundle / MANIFEST),
        holdout_sha256=file_sha256(holdout),
        seed=seed,
        sets=sets,
        slots_shown=shown,
        bits_per_character=_rate(bits),
        real_bits_per_character=_rate(real_bits) if real_bits else None,
        perplexity=perplexity([value * math.log(2) for value, _ in bits], tokens),
        probe=probe_gsm8k(writer, gsm8k) if gsm8k is not None else None,
    )
    return Measured(evaluation, right, bits, real_bits)


def _length(example: Example) -> int:
    return len(example.target)


def _rate(bits: Sequence[tuple[float, int]]) -> Figure:
    return ratio_of([value for value, _ in bits], [length for _, length in bits])


def evaluate(
    bundle: Path,
    holdout: Path,
    *,
    data: Path | None = None,
    real: Path | None = None,
    **options: Any,
) -> Evaluation:
    """As `measure`, with files: `data` holds the pairs it was trained on, `real` real ones (the reserved count)."""
    training = read_examples(data).train if data else ()
    held = read_examples(real).reserved if real else ()
    return measure(bundle, holdout, training=training, real=held, **options).evaluation
