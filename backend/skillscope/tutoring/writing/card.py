"""The page beside a shipped model: what it is, what it was trained on, what it is worth, with figures from its JSON."""

from pathlib import Path

from pydantic import ValidationError

from skillscope.errors import SchemaError
from skillscope.lm.bundle import MANIFEST, LmRecord, read_record
from skillscope.synthesis.files import file_sha256, lines_of, replacing
from skillscope.tutoring.writing.evaluate import Evaluation
from skillscope.tutoring.writing.figures import Figure

__all__ = ["write_card"]

_SETS = {
    "feedback": "feedback, profiles not trained on",
    "explanation": "explanations, equations not trained on",
    "plan": "plan adjustments not trained on",
    "wide": "explanations, coefficients up to 10 times those trained on",
}


def _percent(figure: Figure) -> str:
    return f"{figure.value:.1%} [{figure.low:.1%}, {figure.high:.1%}]"


def _number(figure: Figure | None) -> str:
    return "not measured" if figure is None else f"{figure.value:.3g} [{figure.low:.3g}, {figure.high:.3g}]"


def _share(figure: Figure | None) -> str:
    return "not measured" if figure is None else _percent(figure)


def _tables(found: Evaluation) -> list[str]:
    lines = [
        "| prompts | number | numbers faithful | right | passes at once | passes within 3 | template writes | cpu |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in found.sets.items():
        cells = [
            _percent(figure) for figure in (row.faithful, row.right, row.passes, row.passes_of_three, row.fallback)
        ]
        lines.append(f"| {_SETS[name]} | {row.prompts} | {' | '.join(cells)} | {row.cpu_ms:.1f} ms |")
    lines += [
        "",
        "Numbers and answers are judged on first drafts, which no student has seen yet: `right` is what a draft says, "
        "whatever its length; a draft that does not pass is drawn again, twice at most, and then the template writes.",
        "",
        f"Texts shown with a slot left in them: {found.slots_shown}.",
        "",
        "| on delexicalised text | bits per character | perplexity | BLEU | chrF | distinct-2 "
        "| texts known word for word | sentences known |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in found.sets.items():
        named = (row.bits_per_character, row.perplexity, row.bleu, row.chrf, row.distinct_2)
        cells = [_number(figure) for figure in named]
        lines.append(f"| {name} | {' | '.join(cells)} | {_share(row.verbatim)} | {_share(row.known_sentences)} |")
    return lines


def _probe(found: Evaluation) -> list[str]:
    if found.probe is None:
        return []
    probe = found.probe
    return [
        "",
        f"Out of scope: of {probe.problems} word problems (GSM8K) the model declines {_percent(probe.declined)} before "
        f"it writes a word, and {_percent(probe.shown)} would have reached a student. Made to answer all of them, "
        f"verification alone lets {_percent(probe.shown_without_scope)} through.",
    ]


def _origin(record: LmRecord) -> str:
    if record.blend:
        return f" Its weights are the mean of two: {record.blend:.0%} of a fine-tuned model's, the rest of its base's."
    if record.base:
        return " That is its last fine-tuning, of a model trained before; `docs/lm.md` has the whole course."
    return ""


def _cost(record: LmRecord) -> str:
    return "" if record.core_seconds is None else f", {record.core_seconds:.0f} core-seconds"


def _text(record: LmRecord, found: Evaluation) -> str:
    pairs = sum(record.trained_on.values())
    epochs = "epoch" if record.epochs == 1 else "epochs"
    lines = [
        "# The small language model",
        "",
        "It words feedback, explanations and plan adjustments for SAT practice. It writes no number: it is given and "
        "writes slots, code computes and fills them, and a text that does not pass verification is never shown "
        "(`docs/lm.md`). It was trained on texts from templates alone. The figures say that it keeps to them on "
        "prompts that it has not seen; they say nothing about whether its texts help a student.",
        "",
        f"A Llama of {record.parameters:,} weights ({record.preset}), vocabulary {record.vocabulary}, context "
        f"{record.context}; {pairs:,} pairs, {record.epochs} {epochs}, {record.steps} steps{_cost(record)}; "
        f"last loss {record.final_loss:.3f} nats per token." + _origin(record),
        "",
        "Licence: trained on texts of this project's own templates, no outside text; it is used under the licence of "
        "the project.",
        "",
        "## Figures",
        "",
        "In brackets 95% bootstrap intervals over prompts. The prompts stand in `holdout.jsonl.gz`, and their keys "
        "(profile, plan, normalised equation) are kept out of every training. `docs/lm.md` says how often models were "
        "measured on them before this one was chosen.",
        "",
        *_tables(found),
        *_probe(found),
        "",
        f"Over all sets: {_number(found.bits_per_character)} bits per character, perplexity "
        f"{_number(found.perplexity)}. {found.perplexity_note}",
        "",
    ]
    return "\n".join(lines)


def write_card(bundle: Path, evaluation: Path, output: Path) -> None:
    """Writes the page from a bundle's manifest and the JSON of its evaluation.

    Raises:
        BundleError, FileError: something cannot be read, or the page not written.
        SchemaError: the file is no evaluation, or one of another model.
    """
    record = read_record(bundle)
    try:
        found = Evaluation.model_validate_json("\n".join(lines_of(evaluation)))
    except ValidationError as error:
        raise SchemaError(f"{evaluation} is no evaluation: `skillscope lm evaluate --output` writes one") from error
    if found.model_sha256 != file_sha256(bundle / MANIFEST):
        raise SchemaError(f"{evaluation} is of another model than {bundle}")
    with replacing(output) as stream:
        stream.write(_text(record, found))
