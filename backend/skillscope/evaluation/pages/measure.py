"""Measure the figures that the marked places of documents ask for, and write them there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pandas as pd

from skillscope.datasets.ratings import import_ratings
from skillscope.errors import InputError
from skillscope.evaluation.holding import coverage_figures, probe_figures
from skillscope.evaluation.pages.blocks import block_names, fill_page, read_page
from skillscope.evaluation.pages.strange import strange_real, strange_simulated, strange_table
from skillscope.evaluation.pages.tables import (
    cost_sentence,
    coverage_tables,
    curve_table,
    gaming_tables,
    markdown_table,
    recovery_table,
)
from skillscope.evaluation.pages.workshop import FRESH_SEED, POOL_SEED, Scale, Workshop
from skillscope.evaluation.real.data import real_folder
from skillscope.features.families import FamilySet
from skillscope.modeling.bundle import Bundle
from skillscope.modeling.curve import learning_curve
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.recovery import recover_unseen
from skillscope.modeling.shuffled import train_shuffled
from skillscope.modeling.training import train_models
from skillscope.settings import Settings, get_settings
from skillscope.skills import Skill, grade_for_age

__all__ = ["MEASUREMENTS", "measure_pages"]

_MIND_CA_FAMILIES: Final = ("reference_overlap.v1", "prompt_text.v1")


def _strange(shop: Workshop) -> str:
    return strange_table(strange_simulated(shop.champion, shop.fresh.features) + strange_real(shop.champion, shop.real))


def _unseen(sizes: Callable[[Scale], tuple[int, int]]) -> Callable[[Workshop], str]:
    def measure(shop: Workshop) -> str:
        count, sets = sizes(shop.scale)
        figures, design = shop.coverage_unseen(count, sets=sets)
        return f"{design}\n\n{coverage_tables(figures)}"

    return measure


def _seen(shop: Workshop) -> str:
    figures = coverage_figures(shop.champion, shop.fresh, shop.fresh.features)
    design = (
        f"Trained on {shop.scale.run:,} simulated students, tested on {len(shop.fresh.frame):,} fresh ones "
        f"(seed {FRESH_SEED}) of the same scenarios."
    )
    return f"{design}\n\n{coverage_tables(figures)}"


def _gaming(shop: Workshop) -> str:
    before, after = (probe_figures(bundle, shop.fresh, 0) for bundle in (shop.unguarded, shop.champion))
    costs = [_text_alone(bundle) for bundle in (shop.unguarded, shop.champion)]
    return f"{gaming_tables(before, after)}\n\n{cost_sentence(*costs)}"


def _text_alone(bundle: Bundle) -> dict[Skill, float]:
    return {skill: item.metrics_by_evidence["text"]["r2"] for skill, item in bundle.record.skills.items()}


def _held_out(shop: Workshop) -> str:
    rows = []
    for skill, item in shop.champion.record.skills.items():
        alone = item.metrics_by_evidence
        rows.append(
            [
                f"`{skill}`",
                *(f"{alone[kind]['r2']:.3f} ({alone[kind]['mae']:.3f})" for kind in ("both", "play", "text")),
                f"{item.baselines['tfidf']['r2']:.3f}",
                f"{item.baselines['length']['r2']:.3f}",
                "" if item.noise_ceiling is None else f"{item.noise_ceiling:.3f}",
            ]
        )
    header = ["skill", "text and play", "play alone", "text alone", "TF-IDF ridge", "length", "noise ceiling"]
    return markdown_table(header, rows)


def _curve(shop: Workshop) -> str:
    curve = learning_curve(
        shop.pool, recipe=replace(shop.recipe, seed=POOL_SEED), threads=shop.settings.workers, report=shop.say
    )
    return curve_table(curve)


def _recovery(shop: Workshop) -> str:
    recipe = replace(shop.recipe, seed=POOL_SEED)
    found = recover_unseen(
        shop.pool, recipe=recipe, students=shop.scale.students, seed=POOL_SEED, settings=shop.settings
    )
    return recovery_table(found)


def _shuffled(shop: Workshop) -> str:
    found = train_shuffled(shop.training_set, shop.recipe, register=False, settings=shop.settings)
    figures = ", ".join(f"`{skill}` {value:.3f}" for skill, value in found.r2.items())
    verdict = "passed" if found.passed else "NOT passed"
    return f"`skillscope models train --shuffled-labels` on {shop.scale.run:,} rows gives R2 {figures}: {verdict}."


def _tuning(shop: Workshop) -> str:
    sides = {"as set": shop.champion, f"`--tune {shop.scale.trials}`": shop.tuned}
    rows = [
        [name, *(f"{item.metrics['r2']:.4f} ({item.metrics['mae']:.4f})" for item in bundle.record.skills.values())]
        for name, bundle in sides.items()
    ]
    return markdown_table(["parameters", *(f"`{skill}`" for skill in shop.champion.record.skills)], rows)


def _mind_ca_families(shop: Workshop) -> str:
    """MIND-CA as a training set, through the command's own path."""
    frame = pd.read_csv(shop.real / "mind-ca" / "dev.csv", keep_default_na=False)
    ratings = pd.DataFrame(
        {
            "student": frame["child_id"],
            "scenario": frame["question"],
            "grade": frame["age"].map(grade_for_age),
            "response": frame["answer"],
            "empathy_score": frame["score"],
        }
    )
    given, data = shop.folder / "mind-ca-ratings.csv", shop.folder / "mind-ca.parquet"
    ratings.to_csv(given, index=False)
    import_ratings(given, data, low=0, high=2)
    recipe = replace(shop.recipe, families=FamilySet.of(_MIND_CA_FAMILIES))
    found = train_models(
        data, shop.folder / "mind-ca", recipe=recipe, hold_out="student", register=False, settings=shop.settings
    ).bundle.record.skills["empathy"]
    return (
        f"gives r {found.metrics['r']:.3f} with the human score, R2 {found.metrics['r2']:.3f}; a TF-IDF ridge R2 "
        f"{found.baselines['tfidf']['r2']:.3f}."
    )


def _as_it_stands(shop: Workshop) -> str:
    return shop.children.as_it_stands()


def _trained_on_children(shop: Workshop) -> str:
    return shop.children.trained()


MEASUREMENTS: Final[Mapping[str, Callable[[Workshop], str]]] = {
    "held-out": _held_out,
    "strange-rows": _strange,
    "coverage-unseen": _unseen(lambda scale: (scale.run, scale.sets)),
    "coverage-unseen-large": _unseen(lambda scale: (scale.large, 1)),
    "coverage-seen": _seen,
    "gaming": _gaming,
    "shuffled": _shuffled,
    "learning-curve": _curve,
    "recovery": _recovery,
    "mind-ca-families": _mind_ca_families,
    "mind-ca-as-it-stands": _as_it_stands,
    "mind-ca-trained": _trained_on_children,
    "tuning": _tuning,
}
"""By the name of the marked place; in the order in which they are measured."""


def measure_pages(
    pages: Sequence[Path],
    *,
    only: Sequence[str] = (),
    real: Path | None = None,
    scale: Scale | None = None,
    recipe: Recipe | None = None,
    settings: Settings | None = None,
    report: Callable[[str], None] | None = None,
) -> dict[str, list[str]]:
    """Measure what the marked places of these pages ask for (or `only` some of it) and write it there.

    A page is written each time that a figure of it is known, whole or not at all, so a run that is stopped keeps what
    it has measured. Gives, by page, the names that were filled. The same versions give the same figures.

    Raises:
        InputError: a page or `only` names a figure that there is none of.
        FileError, SchemaError: a page or the real data cannot be used.
    """
    settings = settings or get_settings()
    say = report or (lambda _line: None)
    asked = {page: block_names(read_page(page)) for page in pages}
    named = {name for names in asked.values() for name in names}
    for name in (*sorted(named), *only):
        if name not in MEASUREMENTS:
            raise InputError(f"there is no figure {name}; known are {', '.join(MEASUREMENTS)}", field="figures")
    for name in only:
        if name not in named:
            raise InputError(f"none of the pages has a place for {name}", field="figures")
    wanted = [name for name in MEASUREMENTS if name in (only or named)]
    filled: dict[str, list[str]] = {str(page): [] for page in pages}
    with TemporaryDirectory(prefix="skillscope-") as folder:
        shop = Workshop(Path(folder), settings, real_folder(real), scale or Scale(), recipe or Recipe(), say)
        for name in wanted:
            say(name)
            text = MEASUREMENTS[name](shop)
            for page, names in asked.items():
                if name in names:
                    filled[str(page)] += fill_page(page, {name: text})
    return filled
