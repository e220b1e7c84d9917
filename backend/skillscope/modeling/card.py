"""The model card: what a bundle is, and first of all what it is not."""

from skillscope.modeling.bundle import BundleRecord
from skillscope.modeling.conformal import COVERAGES
from skillscope.skills import SKILL_MEANINGS, SKILLS

__all__ = ["model_card"]

_SYNTHETIC = (
    "**What this is not.** It is no validated instrument, and no decision about a child may rest on it. Its labels "
    "come from {sources}; the figures below say how well the models recover scores that a program gave to simulated "
    "students. Agreement on synthetic data is not validity: it says nothing about how well they agree with people who "
    "know real children. Measure that on your own rated responses before any use."
)
_HUMAN = (
    "**What this is not.** It is no diagnosis, and no decision about a child may rest on it alone. Its labels come "
    "from {sources}; the figures below hold for students, prompts and raters like those, and are no more than that."
)


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def model_card(record: BundleRecord) -> str:
    """The card in Markdown, made from the record alone."""
    people = all(source == "human" for source in record.label_sources)
    sources = {"simulated": "simulated raters", "heuristic": "a heuristic rater", "human": "human raters"}
    named = " and ".join(sources.get(source, source) for source in record.label_sources)
    known = [(skill, record.skills[skill]) for skill in SKILLS if skill in record.skills]

    def figure(values: dict[str, float], name: str) -> str:
        return f"{values[name]:.3f}" if name in values else ""

    quality = [
        [
            f"`{skill}`",
            *(figure(item.metrics, name) for name in ("r2", "mae", "rmse", "r")),
            "{:.3f} to {:.3f}".format(*item.intervals["r2"]) if "r2" in item.intervals else "",
            "" if item.noise_ceiling is None else f"{item.noise_ceiling:.3f}",
            *(figure(item.baselines.get(name, {}), "r2") for name in ("mean", "length", "level", "tfidf")),
        ]
        for skill, item in known
    ]
    names = {"both": "text and play", "text": "text alone", "play": "play alone"}
    sure = [
        [
            f"`{skill}`",
            names[kind],
            figure(item.metrics_by_evidence[kind], "r2"),
            *(f"{item.half_widths[kind][key]:.3f} ({share:.1%})" for key, share in shares.items()),
        ]
        for skill, item in known
        for kind, shares in item.measured_coverage.items()
    ]
    use = [
        [
            f"`{skill}`",
            SKILL_MEANINGS[skill],
            "{:.3f}, {:.3f}".format(*item.cut_points),
            ", ".join(f"`{name}`" for name in list(item.importance)[:5]),
        ]
        for skill, item in known
    ]
    facts = "\n".join(f"- {name.replace('_', ' ')}: {value}" for name, value in record.trained_on.items())
    return "\n\n".join(
        [
            "# Model card: Skillscope",
            (_HUMAN if people else _SYNTHETIC).format(sources=named),
            "## What it is",
            f"One gradient-boosted regressor a skill on {len(record.features)} features of responses and telemetry "
            f"(schema {record.feature_schema}, language pipeline {record.language_pipeline}, code {record.code}). "
            "A score is a number from 0 to 1; levels are read off the cut points.",
            _table(["skill", "a high score means", "cut points", "strongest features"], use),
            "## Trained on",
            facts,
            "## How well, on scenarios held out whole",
            _table(
                ["skill", "R2", "MAE", "RMSE", "r", "R2, 95% bootstrap", "noise ceiling", "R2 of mean", "of length",
                 "of level tag", "of TF-IDF"],
                quality,
            ),
            "The noise ceiling is the best R2 that any model could reach, given how far the raters err.",
            "## How sure",
            "A student may have written, played, or both. Intervals are split-conformal: half-width, and in brackets "
            "the share of held-out scores that lie inside.",
            _table(["skill", "evidence", "R2", *(f"{coverage:.0%} interval" for coverage in COVERAGES)], sure),
        ]
    ) + "\n"  # fmt: skip
