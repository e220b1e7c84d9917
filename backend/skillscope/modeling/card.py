"""The model card (after Mitchell et al. 2019): what a bundle is, and first of all what it is not."""

from collections.abc import Sequence
from typing import Final

from skillscope.modeling.bundle import BundleRecord, SkillRecord
from skillscope.modeling.conformal import COVERAGES
from skillscope.modeling.evidence import Evidence
from skillscope.skills import SKILL_MEANINGS, SKILLS, Skill

__all__ = ["model_card"]

_SYNTHETIC: Final = (
    "**What this is not.** It is no validated instrument, and no decision about a child may rest on it. Its labels "
    "come from {sources}; the figures below say how well the models recover scores that a program gave to simulated "
    "students. Agreement on synthetic data is not validity: it says nothing about how well they agree with people who "
    "know real children. Measure that on your own rated responses before any use."
)
_MACHINE: Final = (
    "**What this is not.** It is no validated instrument, and no decision about a child may rest on it. Its labels "
    "come from {sources}, and no person gave any of them; the figures below say how well the models repeat those "
    "labels, and nothing about how well they agree with people who know the children. Measure that on your own rated "
    "responses before any use."
)
_HUMAN: Final = (
    "**What this is not.** It is no diagnosis, and no decision about a child may rest on it alone. Its labels come "
    "from {sources}; the figures below hold for students, prompts and raters like those, and are no more than that."
)
_MIXED: Final = (
    "**What this is not.** It is no validated instrument, and no decision about a child may rest on it. Its labels "
    "come from {sources}; only part of them were given by people, so the figures below mix agreement with people and "
    "agreement with a program. The release gate looks at the rated rows alone."
)
_RATERS: Final = {
    "simulated": "simulated raters",
    "heuristic": "a heuristic rater",
    "human": "human raters",
    "unknown": "raters whom the data do not name",
}
_HELD_OUT: Final = {"both": "scenarios and students", "scenario": "scenarios", "student": "students"}
_EVIDENCE: Final[dict[Evidence, str]] = {"both": "text and play", "text": "text alone", "play": "play alone"}

Known = list[tuple[Skill, SkillRecord]]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _figure(values: dict[str, float], name: str) -> str:
    return f"{values[name]:.3f}" if name in values else ""


def _not(record: BundleRecord) -> str:
    sources = set(record.label_sources)
    named = " and ".join(_RATERS.get(source, source) for source in record.label_sources)
    if "human" in sources:
        text = _HUMAN if sources == {"human"} else _MIXED
    else:
        text = _SYNTHETIC if sources <= {"simulated", "unknown"} else _MACHINE
    return text.format(sources=named)


def _is(record: BundleRecord, known: Known) -> list[str]:
    families = ""
    if record.families:
        families = " Beside the 29 it reads " + ", ".join(
            f"`{family.key}` ({len(family.columns)} columns)" for family in record.families
        ) + ", fitted on the training rows and kept in the bundle."  # fmt: skip
    rows = [
        [
            f"`{skill}`",
            SKILL_MEANINGS[skill],
            "{:.3f}, {:.3f}".format(*item.cut_points),
            ", ".join(f"`{name}`" for name in list(item.importance)[:5]),
        ]
        for skill, item in known
    ]
    return [
        "## What it is",
        f"One gradient-boosted regressor a skill on {len(record.features)} features of responses and telemetry "
        f"(schema {record.feature_schema}, language pipeline {record.language_pipeline}, code {record.code})."
        f"{families} A score is a number from 0 to 1; levels are read off the cut points.",
        _table(["skill", "a high score means", "cut points", "strongest features"], rows),
    ]


def _uses() -> list[str]:
    return [
        "## What it is for",
        "- **For:** trying out the machinery; helping a rater to sort a pile; research in which people rate too.\n"
        "- **Not for:** grades, placement, diagnosis, discipline, comparing schools or teachers, or anything that a "
        "child or parent cannot question.\n"
        "- **Students:** grades 2 to 8, in English, in short responses and game sessions. A student unlike the "
        "training rows is marked `extrapolating`, and the interval widened.\n"
        "- **Every score** comes with an interval, what was missing, and on request its evidence: reasons, the "
        "student's own words that moved it (checked by taking them away), and events.",
    ]


def _trained_on(record: BundleRecord, known: Known) -> list[str]:
    facts = [f"- {name.replace('_', ' ')}: {value}" for name, value in record.trained_on.items()]
    facts += [f"- {skill}: {item.rows:,} labelled rows, {item.trees} trees" for skill, item in known]
    return ["## Trained on", "\n".join(facts)]


def _made(record: BundleRecord, known: Known) -> list[str]:
    """How the rows were learnt, beside as they are."""
    lines = []
    if pooled := record.params.get("pooled"):
        lines.append(
            f"- {pooled:.0%} of the rows also pooled with those of like students, as a student of many responses and "
            "sessions is assessed"
        )
    if taught := record.params.get("taught"):
        lines.append(
            f"- up to {taught:g} rows beside each that a Gaussian process labelled, fitted on the same rows, where "
            "there are enough of them"
        )
    if adversarial := record.params.get("adversarial"):
        lines.append(f"- {adversarial:.0%} of the rows also with a text that tries to game the score, same label")
    if record.params.get("smote"):
        to = record.params.get("augment_to")
        lines.append(f"- SMOTE within skill and level{f', up to {to:,} rows' if to else ''}, in training folds alone")
    if trials := record.params.get("trials"):
        chosen = "; ".join(
            f"{skill}: " + ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in item.tuned.items())
            for skill, item in known
        )
        lines.append(f"- parameters chosen among {trials} in every training fold anew; on all rows {chosen}")
    return ["## How they were learnt", "\n".join(lines)] if lines else []


def _quality(known: Known, held_out: str) -> list[str]:
    rows = [
        [
            f"`{skill}`",
            *(_figure(item.metrics, name) for name in ("r2", "mae", "rmse", "r")),
            "{:.3f} to {:.3f}".format(*item.intervals["r2"]) if "r2" in item.intervals else "",
            "" if item.noise_ceiling is None else f"{item.noise_ceiling:.3f}",
            *(_figure(item.baselines.get(name, {}), "r2") for name in ("mean", "length", "level", "tfidf")),
        ]
        for skill, item in known
    ]
    heads = ["R2 of mean", "of length", "of level tag", "of TF-IDF"]
    return [
        f"## How well, on {held_out} held out whole",
        _table(["skill", "R2", "MAE", "RMSE", "r", "R2, 95% bootstrap", "noise ceiling", *heads], rows),
        "The noise ceiling is the best R2 that any model could reach, given how far the raters err. The level tag is "
        "no feature; its row says how much of the label it alone would give away.",
    ]


def _sure(known: Known) -> list[str]:
    rows = [
        [
            f"`{skill}`",
            _EVIDENCE[kind],
            _figure(item.metrics_by_evidence.get(kind, {}), "r2"),
            *(f"{item.half_widths[kind][key]:.3f} ({share:.1%})" for key, share in shares.items()),
        ]
        for skill, item in known
        for kind, shares in item.measured_coverage.items()
    ]
    intervals = [f"{coverage:.0%} interval" for coverage in COVERAGES]
    parts = [
        "## How sure",
        "A student may have written, played, or both. Intervals are split-conformal: half-width, and in brackets "
        "the share of held-out scores that lie inside.",
        _table(["skill", "evidence", "R2", *intervals], rows),
    ]
    bands = [
        [
            f"`{skill}`",
            _EVIDENCE[kind],
            band,
            *(
                f"{item.half_widths_by_band[kind][band][key]:.3f} ({share:.1%})"
                for key, share in shares.items()
            ),
        ]
        for skill, item in known
        for kind, by_band in item.measured_coverage_by_band.items()
        for band, shares in by_band.items()
    ]  # fmt: skip
    if bands:
        parts += ["By band of grades, which is what is served where the grade is known:",
                  _table(["skill", "evidence", "grades", *intervals], bands)]  # fmt: skip
    return parts


def _limits(record: BundleRecord) -> list[str]:
    lines = [
        "- Features count words of lists, lengths and acts; they do not understand what was said. A score can be moved "
        "by wording alone.",
        "- The lists, the language pipeline and the simulated students are in English of the United States; other "
        "dialects and second-language speakers may score lower for their way of speaking.",
        "- How scores differ between groups of students must be measured on rated responses of those groups.",
        "- Figures on real children's answers stand in `docs/real-data.md`.",
    ]
    if record.novelty is None:
        lines.append("- This bundle cannot tell how far a student lies from its training rows.")
    return ["## What is known to be weak", "\n".join(lines)]


def model_card(record: BundleRecord) -> str:
    """The card in Markdown, made from the record alone."""
    known: Known = [(skill, record.skills[skill]) for skill in SKILLS if skill in record.skills]
    parts = [
        "# Model card: Skillscope",
        _not(record),
        *_is(record, known),
        *_uses(),
        *_trained_on(record, known),
        *_made(record, known),
        *_quality(known, _HELD_OUT.get(str(record.trained_on.get("held_out")), "scenarios")),
        *_sure(known),
        *_limits(record),
    ]
    return "\n\n".join(parts) + "\n"
