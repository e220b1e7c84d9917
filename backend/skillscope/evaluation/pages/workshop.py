"""What the figures of the documents are measured on: generated sets and trained models, each made once when needed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from skillscope.datasets.contract import COLUMNS, scenario_of
from skillscope.datasets.io import read_dataset, write_frame
from skillscope.datasets.pipeline import generate_training_data
from skillscope.evaluation.holding import coverage_figures
from skillscope.evaluation.rated import RatedRows, read_rated
from skillscope.evaluation.record import CoverageFigures
from skillscope.modeling.bundle import Bundle
from skillscope.modeling.folds import FOLDS, group_folds
from skillscope.modeling.real import MindCaReport, evaluate_mind_ca
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.training import DEFAULT_SEED, train_models
from skillscope.settings import Settings

__all__ = ["FRESH_SEED", "POOL_SEED", "Scale", "Workshop", "pooled_coverage"]

FRESH_SEED: Final = 777
POOL_SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: rows of `make run`, rows of a large set, rows of the pool of curve and recovery, students
    of recovery, parameters that tuning tries, and training sets of the size of `make run` that coverage is the mean
    of. Tests take less; the documents hold the defaults."""

    run: int = 1008
    large: int = 5040
    pool: int = 6300
    students: int = 300
    trials: int = 8
    sets: int = 3


@dataclass
class Workshop:
    """Sets and models in `folder`, all from fixed seeds: training sets 42, fresh students 777, the pool 7.
    `real` is the folder of the real data sets.
    """

    folder: Path
    settings: Settings
    real: Path
    scale: Scale = field(default_factory=Scale)
    recipe: Recipe = field(default_factory=Recipe)
    say: Callable[[str], None] = lambda _line: None

    def rows(self, count: int, seed: int) -> Path:
        """A generated set of so many rows."""
        path = self.folder / f"{seed}-{count}.csv"
        if not path.exists():
            self.say(f"making {count:,} rows of seed {seed}")
            generate_training_data(count, path, seed=seed)
        return path

    @property
    def training_set(self) -> Path:
        """The training set of `make run`."""
        return self.rows(self.scale.run, DEFAULT_SEED)

    @cached_property
    def fresh(self) -> RatedRows:
        """As many students whom no model has seen, of the same scenarios."""
        return read_rated(self.rows(self.scale.run, FRESH_SEED))

    @property
    def pool(self) -> Path:
        """The pool of the learning curve and of recovery."""
        return self.rows(self.scale.pool, POOL_SEED)

    def _train(self, data: Path, name: str, recipe: Recipe) -> Bundle:
        self.say(f"training: {name}")
        return train_models(
            data, self.folder / name, recipe=recipe, register=False, settings=self.settings, report=self.say
        ).bundle

    @cached_property
    def champion(self) -> Bundle:
        """The model of `make run`."""
        return self._train(self.training_set, "champion", self.recipe)

    @cached_property
    def unguarded(self) -> Bundle:
        """The same without copies whose text tries to game the score."""
        return self._train(self.training_set, "unguarded", replace(self.recipe, adversarial=0.0))

    @cached_property
    def tuned(self) -> Bundle:
        """The same with parameters that Optuna chose."""
        return self._train(self.training_set, "tuned", replace(self.recipe, trials=self.scale.trials))

    @cached_property
    def children(self) -> MindCaReport:
        """The champion asked about real children's answers, and models trained on their ratings."""
        self.say("asking about real children's answers")
        return evaluate_mind_ca(self.real / "mind-ca" / "dev.csv", self.champion)

    def coverage_unseen(self, count: int, *, sets: int = 1) -> tuple[list[CoverageFigures], str]:
        """Coverage on scenarios that a model never saw, and how it was measured.

        Scenarios are cut in five. Five models learn from the rows of a training set of `count` that are about four
        fifths of them, each is asked about fresh students (another seed) of the other fifth, and rows are put together.
        So they are for `sets` training sets, of this seed and those after it, each asked about the same students.
        """
        found: list[CoverageFigures] = []
        designs = []
        for seed in range(DEFAULT_SEED, DEFAULT_SEED + sets):
            figures, design = self._coverage_of(self.rows(count, seed), str(seed))
            found += figures
            designs.append(design)
        seeds = f"{DEFAULT_SEED} to {DEFAULT_SEED + sets - 1}"
        more = f" The same for {sets} training sets (seeds {seeds}): each of the students counts {sets} times."
        return pooled_coverage([found]), f"{designs[0]}{more if sets > 1 else ''}"

    def _coverage_of(self, data: Path, name: str) -> tuple[list[CoverageFigures], str]:
        """The same for one training set."""
        frame, fresh = read_dataset(data), read_dataset(self.rows(self.scale.large, FRESH_SEED))
        names, asked = frame["source"].map(scenario_of), fresh["source"].map(scenario_of)
        folds = group_folds(names.tolist(), frame["skill"].tolist(), folds=FOLDS, seed=DEFAULT_SEED)
        found: list[list[CoverageFigures]] = []
        learnt, tested = [], 0
        for fold in np.unique(folds).tolist():
            held = set(names[folds == fold])
            place = f"other-scenarios-{len(frame)}-{name}-{fold}"
            parts = {"training": frame[folds != fold], "fresh": fresh[asked.isin(held)]}
            paths = {part: self.folder / f"{place}-{part}.parquet" for part in parts}
            for part, rows in parts.items():
                write_frame(rows.reset_index(drop=True), paths[part], COLUMNS)
            bundle = self._train(paths["training"], place, self.recipe)
            rated = read_rated(paths["fresh"])
            found.append(coverage_figures(bundle, rated, rated.features))
            learnt.append(len(parts["training"]))
            tested += len(rated.frame)
        design = (
            f"Five models, each trained on the rows of four fifths of {len(set(names))} scenarios (about "
            f"{np.mean(learnt):,.0f} of {len(frame):,}) and tested on fresh students (another seed) of the other "
            f"fifth: {tested:,} in all."
        )
        return pooled_coverage(found), design


def pooled_coverage(parts: Sequence[Sequence[CoverageFigures]]) -> list[CoverageFigures]:
    """Coverage and mean width over the rows of all parts together."""
    by_place: dict[tuple[str, str, float, str], list[CoverageFigures]] = {}
    for item in (item for part in parts for item in part if item.rows):
        by_place.setdefault((item.skill, item.evidence, item.nominal, item.band), []).append(item)
    found = []
    for items in by_place.values():
        rows = sum(item.rows for item in items)
        covered, width = (
            sum(item.rows * (getattr(item, name) or 0.0) for item in items) / rows for name in ("covered", "width")
        )
        found.append(items[0].model_copy(update={"rows": rows, "covered": covered, "width": width, "held_out": None}))
    return found
