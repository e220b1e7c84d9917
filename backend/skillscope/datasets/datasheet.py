"""The datasheet beside every dataset (Gebru et al. 2021, Datasheets for Datasets), written from its manifest alone.

It answers the questions of the paper's seven sections as far as a manifest can, and says what only the people who
collected real data can answer. It holds no time and no path: the same manifest gives the same bytes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skillscope.datasets.files import replacing

if TYPE_CHECKING:
    from skillscope.datasets.manifest import Manifest

__all__ = ["datasheet_path", "render_datasheet", "write_datasheet"]

_STAGES: Final = {
    "responses": ("responses", "Each row is one short text of a student, with skill, level, grade and source."),
    "linguistic": ("responses with language features", "Each row is one short text with its 16 linguistic features."),
    "features": (
        "responses with all features",
        "Each row is one short text of a student and one game session, as 29 features.",
    ),
    "training": (
        "a training set",
        "Each row is one short text of a student and, where there was one, a game session, as 29 features, with a "
        "score from 0 to 1 for each of empathy, problem solving, self-regulation and resilience; empty where nobody "
        "gave one.",
    ),
}
_RATERS: Final = {
    "simulated": "simulated raters: a program that knows the trait which it gave the simulated student, with noise",
    "heuristic": "a heuristic rater: documented weights over the features, no person and no learning",
    "human": "people",
    "unknown": "somebody whom the file does not name",
}


def datasheet_path(dataset: Path) -> Path:
    """`<stem>.datasheet.md` beside the dataset."""
    return dataset.with_name(f"{dataset.stem}.datasheet.md")


def write_datasheet(manifest: "Manifest", dataset: Path) -> Path:
    """Write the datasheet beside the dataset, whole or not at all; its own path is returned.

    Raises:
        FileError: it cannot be written.
    """
    beside = datasheet_path(dataset)
    with replacing(beside) as temporary:
        temporary.write_text(render_datasheet(manifest, dataset.name), encoding="utf-8")
    return beside


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows])


def _rater(source: str) -> str:
    return _RATERS.get(source, f"a language model, {source}")


def _is_simulated(manifest: "Manifest") -> bool:
    return manifest.seed is not None and not manifest.parts


def _motivation(manifest: "Manifest") -> str:
    if _is_simulated(manifest):
        return (
            "Made so that models of four non-academic skills can be built and tested before any child's data are at "
            "hand. No child wrote a word of it. It was made with Skillscope by whoever ran the command below."
        )
    return (
        "Brings rows from other files into the form that models of four non-academic skills are trained on. Why and by "
        "whom the rows were collected, and who paid for it, the sources must say."
    )


def _composition(manifest: "Manifest") -> str:
    kind, meaning = _STAGES[manifest.stage]
    counts = manifest.counts
    lines = [
        f"{meaning} This is {kind} with {counts.kept:,} rows.",
        "",
        f"- planned rows: {counts.planned:,}; in the file: {counts.kept:,}",
        *(f"- left out, {reason}: {count:,}" for reason, count in sorted(counts.dropped.items())),
        *(f"- failed, {reason}: {count:,}" for reason, count in sorted(counts.failed.items())),
    ]
    if counts.pending:
        lines.append(f"- not made yet: {counts.pending:,} ({manifest.stopped or 'the run goes on'})")
    if manifest.balanced:
        lines.append("- rows are spread evenly over 4 skills, 3 levels and grades 2 to 8")
    if manifest.rerendered:
        lines.append(f"- texts made again because an earlier row had the same: {manifest.rerendered:,}")
    if manifest.parts:
        table = _table(
            ["part, in the order of rows", "rows", "labelled by", "sha256"],
            [
                [part.file, f"{part.rows:,}", part.label_source or "not said", f"`{part.sha256}`"]
                for part in manifest.parts
            ],
        )
        lines += ["", table]
    lines += [
        "",
        "Rows of one scenario (the part of `source` after the colon) are alike and belong on one side of any split. "
        + (
            "Nothing in it identifies a person: students and names are made up."
            if _is_simulated(manifest)
            else "Whether a row can identify a person depends on its source: texts of children can, even without names."
        ),
    ]
    return "\n".join(lines)


def _collection(manifest: "Manifest") -> str:
    facts = [f"- command: `{manifest.command}`"]
    if manifest.seed is not None:
        facts.append(f"- seed of the simulated students: {manifest.seed}")
    if manifest.requested is not None:
        facts.append(f"- rows asked for: {manifest.requested:,}")
    facts += [f"- from `{name}`, sha256 `{digest}`" for name, digest in sorted(manifest.sources.items())]
    spend = manifest.spend
    if spend.requests:
        facts.append(f"- requests to language models: {spend.requests:,}")
    how = (
        "Simulated: a grade, a target level and four correlated traits are drawn for each row; templates or a language "
        "model word what such a student would say, and telemetry is simulated event by event from the same traits. "
        "Nobody's consent was needed."
        if _is_simulated(manifest)
        else "Collected elsewhere. Consent, assent of the children, and ethical review are matters of the sources."
    )
    return how + "\n\n" + "\n".join(facts)


def _labelling(manifest: "Manifest") -> str:
    versions = manifest.versions
    lines = [
        "Texts stand as they were given. Features were measured by Skillscope "
        f"{versions.code}, feature schema {versions.feature_schema}, language pipeline "
        f"{versions.language_pipeline or 'not used yet'}"
        + (f", prompts {versions.prompts}" if versions.prompts else "")
        + "; undefined is empty, never a made-up number.",
    ]
    if manifest.stage != "training":
        lines += ["", "There are no labels in it yet."]
    elif manifest.label_source:
        raters = "; ".join(_rater(source) for source in manifest.label_source.split("+"))
        lines += ["", f"Labels come from {raters}."]
    else:
        lines += ["", "Nobody has labelled it."]
    if manifest.ratings:
        rows = [[run.rater, f"{run.counts.planned:,}", f"{run.counts.kept:,}"] for run in manifest.ratings]
        lines += ["", _table(["rater", "asked about", "rated"], rows)]
    if manifest.agreement:
        rows = []
        for skill, figures in manifest.agreement.items():
            values = [figures[name][0] if name in figures else None for name in ("alpha", "r", "qwk")]
            rows.append([skill, *("–" if value is None else f"{value:.3f}" for value in values)])
        lines += ["", "How far the raters agree:", "", _table(["skill", "Krippendorff's alpha", "r", "QWK"], rows)]
    if manifest.noise_ceiling:
        rows = [[skill, f"{value:.3f}"] for skill, value in manifest.noise_ceiling.items()]
        lines += [
            "",
            "The simulated raters err, so no model can reach a higher R2 than:",
            "",
            _table(["skill", "noise ceiling"], rows),
        ]
    return "\n".join(lines)


def _uses(manifest: "Manifest") -> str:
    sources = set((manifest.label_source or "").split("+"))
    lines = [
        "For training and testing Skillscope's models, and for teaching how such models fail.",
        "",
        "Not for decisions about a child, and not as evidence that a model is valid for children"
        + (": agreement with labels that no person gave says nothing about people." if "human" not in sources else "."),
    ]
    return "\n".join(lines)


def render_datasheet(manifest: "Manifest", name: str) -> str:
    """The datasheet in Markdown, of the dataset file `name`."""
    sections = {
        "Motivation": _motivation(manifest),
        "Composition": _composition(manifest),
        "Collection process": _collection(manifest),
        "Preprocessing, cleaning, labelling": _labelling(manifest),
        "Uses": _uses(manifest),
        "Distribution": "Whoever holds the file decides. Rows from other sources keep the licence and the conditions "
        f"of those sources. The file is told by its sha256: `{manifest.sha256}`.",
        "Maintenance": "The manifest beside it says how it was made; simulated files are made again, byte for byte, "
        "by the same command, seed and versions. Errors are mended in the generator or the source, not in the file.",
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    return (
        f"# Datasheet: {name}\n\nAfter Gebru et al. (2021), Datasheets for Datasets; written from the manifest, so it "
        f"says no more than that knows.\n\n{body}\n"
    )
