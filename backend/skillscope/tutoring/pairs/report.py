"""The pairs report: one self-contained HTML page, histograms as inline SVG."""

from collections import Counter
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined, select_autoescape

from skillscope.lm.verify import LIMITS
from skillscope.synthesis.files import replacing
from skillscope.tutoring.pairs.measures import KindFigures, PairFigures, measure_pairs, read_pairs
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["Bar", "report_pairs", "targets"]

Bar = tuple[float, float, float, float, str]
"""x, y, width, height, title: in units of the view box."""
WIDTH, HEIGHT = 900.0, 170.0


def targets(kind: str, figures: KindFigures) -> list[tuple[str, str, str, bool]]:
    """(what, measured, target, met) for one kind."""
    low, high = LIMITS[kind]
    near = figures.near_duplicate_share
    return [
        ("pass verification", f"{figures.verified} of {figures.pairs}", "all", figures.verified == figures.pairs),
        ("exact duplicates", str(figures.exact_duplicates), "0", figures.exact_duplicates == 0),
        ("near duplicates", f"{near:.2%}", "under 5%", near < 0.05),
        ("sentence frames used", str(figures.frames_used), "at least 200", figures.frames_used >= 200),
        (
            "rarest skill, of its even share",
            f"{figures.least_skill_share:.0%}",
            "at least 50%",
            figures.least_skill_share >= 0.5,
        ),
        (
            "words",
            f"{figures.words_low} to {figures.words_high}",
            f"{low} to {high}",
            low <= figures.words_low <= figures.words_high <= high,
        ),
    ]


def _bars(lengths: dict[int, int]) -> list[Bar]:
    low, high = min(lengths), max(lengths)
    step = WIDTH / (high - low + 1)
    top = max(lengths.values())
    return [
        ((words - low) * step, HEIGHT * (1 - count / top), step * 0.85, HEIGHT * count / top, f"{words} words: {count}")
        for words, count in lengths.items()
    ]


def _ticks(top: int) -> list[tuple[int, float]]:
    """Round counts for the grid, with their heights."""
    step = 10 ** max(len(str(top)) - 1, 0)
    step = step // 2 if top < 2 * step and step > 1 else step
    return [(value, HEIGHT * (1 - value / top)) for value in range(0, top + 1, step)]


def _examples(pairs: Path, figures: PairFigures) -> dict[str, list[tuple[str, str]]]:
    """Three pairs of each kind, from the first, middle and last third of the file."""
    wanted = {kind: {row.pairs // 6, row.pairs // 2, 5 * row.pairs // 6} for kind, row in figures.kinds.items()}
    found: dict[str, list[tuple[str, str]]] = {kind: [] for kind in wanted}
    place: Counter[str] = Counter()
    for row in read_pairs(pairs):
        kind = str(row.get("kind"))
        if place[kind] in wanted.get(kind, ()):
            found[kind].append((str(row["input"]), str(row["output"])))
        place[kind] += 1
    return found


def _render(pairs: Path, figures: PairFigures) -> str:
    environment = Environment(autoescape=select_autoescape(default=True), undefined=StrictUndefined)
    template = environment.from_string(files("skillscope.tutoring").joinpath("pairs", "report.html").read_text("utf-8"))
    labels = {skill.id: skill.label for skill in load_taxonomy().skills}
    examples = _examples(pairs, figures)
    kinds = [
        {
            "name": kind,
            "figures": row,
            "targets": targets(kind, row),
            "bars": _bars(row.lengths),
            "ticks": _ticks(max(row.lengths.values())),
            "skills": [(labels[skill], count, count / max(row.skills.values())) for skill, count in row.skills.items()],
            "examples": examples[kind],
        }
        for kind, row in figures.kinds.items()
    ]
    verdicts = [met for kind, row in figures.kinds.items() for *_, met in targets(kind, row)]
    return template.render(
        file=figures.file,
        kinds=kinds,
        total=sum(row.pairs for row in figures.kinds.values()),
        verified=sum(row.verified for row in figures.kinds.values()),
        wanted=len(verdicts),
        missed=verdicts.count(False),
        width=WIDTH,
        height=HEIGHT,
    )


def report_pairs(pairs: Path, output: Path) -> PairFigures:
    """Measures a pairs file, writes the page and, beside it, the figures as JSON.

    Raises:
        FileError: a file cannot be read or written.
        SchemaError: the pairs file is malformed.
    """
    figures = measure_pairs(pairs)
    with replacing(output) as stream:
        stream.write(_render(pairs, figures))
    with replacing(output.with_suffix(".json")) as stream:
        stream.write(figures.model_dump_json(indent=2) + "\n")
    return figures
