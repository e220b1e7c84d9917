"""A test of the test: where labels are dealt out anew among the rows there is nothing to learn, and R2 must say so."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from skillscope.evaluation.metrics import r_squared
from skillscope.modeling.crossval import cross_validate
from skillscope.modeling.loading import HoldOut, load_training_set, trainable
from skillscope.modeling.prompts import PromptBook, read_prompts, shipped_prompts
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.tracking import log_experiment
from skillscope.settings import Settings, get_settings
from skillscope.skills import SKILLS, Skill

__all__ = ["R2_AT_MOST", "Shuffled", "train_shuffled"]

R2_AT_MOST: Final = 0.02


@dataclass(frozen=True)
class Shuffled:
    """R2 of each skill on held-out rows after training on shuffled labels."""

    r2: dict[Skill, float]
    run_id: str | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing was learnt: every R2 at most `R2_AT_MOST`."""
        return all(value <= R2_AT_MOST for value in self.r2.values())

    def text(self) -> str:
        """One line a skill, and the verdict."""
        lines = [f"{skill}: R2 {value:.3f}" for skill, value in self.r2.items()]
        verdict = "as it must be" if self.passed else "something leaks from test to training"
        return "\n".join([*lines, f"shuffled labels: R2 at most {R2_AT_MOST}: {verdict}"])


def train_shuffled(
    data: Path,
    recipe: Recipe,
    *,
    prompts: Path | None = None,
    hold_out: HoldOut = "both",
    register: bool = True,
    settings: Settings | None = None,
) -> Shuffled:
    """Cross-validate the recipe on labels that are dealt out anew among all rows, whole rows of labels at a time.

    Groups, folds, families and everything else are those of a real run. No bundle is written; with `register` the
    figures are logged to MLflow.

    Raises:
        FileError, SchemaError, BundleError, ConfigurationError: as `train_models`.
    """
    settings = settings or get_settings()
    known = shipped_prompts()
    book = known if prompts is None else PromptBook(known.prompts | read_prompts(prompts).prompts)
    loaded = load_training_set(data, recipe, hold_out=hold_out, book=book)
    skills, _ = trainable(loaded, data)
    columns = [SKILLS.index(skill) for skill in skills]
    dealt = np.random.default_rng(recipe.seed).permutation(len(loaded.scores))
    scores = loaded.scores[dealt][:, columns]
    held = cross_validate(replace(loaded.samples, scores=scores), recipe, threads=settings.workers)
    r2 = {}
    for column, skill in enumerate(skills):
        labelled = np.isfinite(held[column].whole)
        r2[skill] = round(r_squared(scores[labelled, column], held[column].whole[labelled]), 6)
    run_id = None
    if register:
        ceiling = (loaded.manifest.noise_ceiling or {}) if loaded.manifest else {}
        run_id = log_experiment(
            "shuffled-labels",
            params={"dataset": loaded.sha256[:16], "rows": len(loaded.frame), **recipe.as_dict()},
            metrics={
                **{f"{skill}_r2": value for skill, value in r2.items()},
                **{f"{skill}_noise_ceiling": value for skill, value in ceiling.items()},
            },
            settings=settings,
        )
    return Shuffled(r2, run_id)
