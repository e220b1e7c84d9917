"""A dataset as training takes it: checked, its rows put in groups and folds, its labels weighed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import xgboost
from numpy.typing import NDArray

from skillscope.datasets.contract import scenario_of, student_of
from skillscope.datasets.files import require_file
from skillscope.datasets.io import read_dataset
from skillscope.datasets.manifest import Manifest, file_sha256, read_manifest
from skillscope.errors import BundleError, SchemaError
from skillscope.features.schema import FEATURE_NAMES, LINGUISTIC
from skillscope.features.versions import installed_pipeline
from skillscope.modeling.adversarial import adversaries_of
from skillscope.modeling.boosting import Floats
from skillscope.modeling.folds import FOLDS, group_folds, join_groups
from skillscope.modeling.prompts import Prompt, PromptBook
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.samples import Samples
from skillscope.modeling.weights import label_sources_of, source_weights
from skillscope.skills import LEVELS, SCORE_COLUMNS, SKILLS, Skill

__all__ = ["ROWS_AT_LEAST", "HoldOut", "Loaded", "load_training_set", "trainable"]

ROWS_AT_LEAST: Final = 40
"""Labelled rows below which a skill gets no model."""

HoldOut = Literal["both", "scenario", "student"]
"""What is never split between training and test: scenarios, students, or whatever shares either."""


@dataclass(frozen=True)
class Loaded:
    """A training set with what is known of its making."""

    frame: pd.DataFrame
    manifest: Manifest | None
    samples: Samples
    sha256: str
    scenarios: int
    hold_out: HoldOut
    sources: tuple[str, ...]
    label_weights: dict[str, float]

    @property
    def features(self) -> Floats:
        """The 29 features, (n, 29)."""
        return self.samples.features

    @property
    def scores(self) -> Floats:
        """The labels, (n, 4), NaN where there is none."""
        return self.samples.scores

    def facts(self, seed: int) -> dict[str, Any]:
        """What a bundle says of its training set."""
        facts = {
            "rows": len(self.frame),
            "scenarios": self.scenarios,
            "groups": int(self.samples.groups.max()) + 1,
            "folds": self.samples.fold_count,
            "held_out": self.hold_out,
            "data_seed": self.manifest.seed if self.manifest else None,
            "seed": seed,
            "sha256": self.sha256,
            "xgboost": xgboost.__version__,
        }
        return facts | ({"label_weights": self.label_weights} if len(self.label_weights) > 1 else {})


def _groups(frame: pd.DataFrame, hold_out: HoldOut) -> NDArray[np.int64]:
    scenarios = [scenario_of(source) for source in frame["source"]]
    students = [student_of(source) for source in frame["source"]]
    if hold_out == "scenario":
        return join_groups(scenarios)
    if hold_out == "student":
        # A row of nobody known is held out with its scenario.
        return join_groups([student or f"scenario {name}" for student, name in zip(students, scenarios, strict=True)])
    groups = join_groups(scenarios, students)
    if len(np.unique(groups)) == 1 and len(set(scenarios)) > 1:
        raise SchemaError(
            "students and scenarios join all rows into one group, so none can be held out; hold out either "
            "(--hold-out student, or --hold-out scenario)",
            field="source",
        )
    return groups


def _strata(frame: pd.DataFrame, scores: Floats) -> NDArray[np.str_]:
    """Skill and level of each row; where a row has no tag, the third of all such rows that its mean score lies in."""
    tags = (frame["skill"] + "/" + frame["skill_level"]).to_numpy(dtype=object)
    untagged = np.flatnonzero(((frame["skill"] == "") | (frame["skill_level"] == "")).to_numpy())
    if len(untagged):
        known = np.isfinite(scores[untagged])
        counts = known.sum(axis=1)
        means = np.where(known, scores[untagged], 0.0).sum(axis=1) / np.maximum(counts, 1)
        low, high = np.quantile(means[counts > 0], [1 / 3, 2 / 3]) if counts.any() else (0.0, 0.0)
        for row, mean in zip(untagged.tolist(), means.tolist(), strict=True):
            tags[row] = f"untagged/{LEVELS[int(mean > low) + int(mean > high)]}"
    return tags.astype(np.str_)


def _label_sources(frame: pd.DataFrame, manifest: Manifest | None) -> list[str]:
    return label_sources_of(manifest, [source.partition(":")[0] for source in frame["source"]])


def load_training_set(
    path: Path, recipe: Recipe, *, hold_out: HoldOut = "both", book: PromptBook | None = None
) -> Loaded:
    """Read a dataset of 38 columns and prepare it for training; `book` holds the prompts that families may read.

    Raises:
        FileError, SchemaError: it cannot be used.
        BundleError: its features were measured by another language pipeline.
    """
    require_file(path, what="a dataset of 38 columns")
    frame = read_dataset(path)
    digest = file_sha256(path)
    manifest = read_manifest(path)
    if manifest is not None and manifest.sha256 != digest:
        manifest = None  # it describes other bytes
    pipeline = manifest.versions.language_pipeline if manifest else None
    if pipeline is not None and pipeline != installed_pipeline():
        raise BundleError(
            f"{path} holds features of {pipeline}, installed is {installed_pipeline()}; "
            "make the features again with extract_linguistic_features"
        )
    features = frame[list(FEATURE_NAMES)].to_numpy(dtype=np.float64)
    scores = frame[list(SCORE_COLUMNS)].to_numpy(dtype=np.float64)
    groups = _groups(frame, hold_out)
    folds = group_folds(groups.tolist(), frame["skill"].tolist(), folds=FOLDS, seed=recipe.seed)
    sources = _label_sources(frame, manifest)
    answers = None
    if recipe.families.families:
        answers = (book or PromptBook()).answers(
            frame["response"].tolist(), sources=frame["source"].tolist(), linguistic=features[:, : len(LINGUISTIC)]
        )
    weights = source_weights(sources, recipe.weights)
    adversaries = None
    if recipe.adversarial:
        asked = book or PromptBook()
        adversaries = adversaries_of(
            features,
            frame["response"].tolist(),
            [asked.prompts.get(scenario_of(source), Prompt()).text for source in frame["source"]],
            seed=recipe.seed,
            share=recipe.adversarial,
        )
    samples = Samples(features, scores, groups, folds, _strata(frame, scores), weights, answers, adversaries)
    named = {source: round(float(weight), 6) for source, weight in sorted(zip(sources, weights, strict=True))}
    return Loaded(
        frame=frame,
        manifest=manifest,
        samples=samples,
        sha256=digest,
        scenarios=len({scenario_of(source) for source in frame["source"]}),
        hold_out=hold_out,
        sources=tuple(sorted({part for source in named for part in source.split("+")})),
        label_weights=named,
    )


def trainable(loaded: Loaded, path: Path) -> tuple[list[Skill], list[str]]:
    """The skills with enough labels to train on, and a note for each of the others.

    Raises:
        SchemaError: there is none.
    """
    samples = loaded.samples
    counts = np.isfinite(samples.scores).sum(axis=0)
    chosen: list[Skill] = []
    notes = []
    for column, skill in enumerate(SKILLS):
        labelled = samples.labelled(column)
        spread = len(np.unique(samples.scores[labelled, column])) > 1
        per_fold = [int((labelled & (samples.folds == fold)).sum()) for fold in range(samples.fold_count)]
        # Each training fold needs a group to learn from and one that says when to stop.
        left = [len(np.unique(samples.groups[labelled & (samples.folds != fold)])) for fold in range(len(per_fold))]
        enough = sum(count > 0 for count in per_fold) > 1 and min(left) > 1
        if counts[column] >= ROWS_AT_LEAST and spread and enough:
            chosen.append(skill)
        else:
            notes.append(
                f"no model for {skill}: {counts[column]} labelled rows, at least {ROWS_AT_LEAST} are needed"
                + ("" if counts[column] < ROWS_AT_LEAST else ", not all alike, from 3 scenarios or students")
            )
    if not chosen:
        raise SchemaError(
            f"{path} has too few labels to train on ("
            + ", ".join(f"{name}: {count}" for name, count in zip(SCORE_COLUMNS, counts, strict=True))
            + f"); at least {ROWS_AT_LEAST} labelled rows of one skill, not all alike, from 3 scenarios or students "
            "are needed",
            field=SCORE_COLUMNS[0],
        )
    return chosen, notes
