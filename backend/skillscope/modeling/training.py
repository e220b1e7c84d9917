"""Train the four models on a dataset, measure them on held-out scenarios, write and register the bundle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from skillscope.errors import SchemaError
from skillscope.features.families import FamilySet, FittedFamilies, Need
from skillscope.features.schema import FEATURE_NAMES
from skillscope.features.versions import installed_pipeline
from skillscope.modeling.baselines import held_out_baselines
from skillscope.modeling.boosting import BoostingParams, Floats
from skillscope.modeling.bundle import BUNDLE_NAME, Bundle, BundleRecord, FamilyRecord, write_bundle
from skillscope.modeling.card import model_card
from skillscope.modeling.columns import BundleFamilies, split_families
from skillscope.modeling.crossval import FittedSkill, HeldOut, cross_validate, fit_skill
from skillscope.modeling.loading import ROWS_AT_LEAST, HoldOut, Loaded, load_training_set, trainable
from skillscope.modeling.measuring import logged_metrics, skill_record
from skillscope.modeling.novelty import fit_novelty
from skillscope.modeling.prompts import PromptBook, read_prompts, shipped_prompts
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.samples import Samples
from skillscope.modeling.threads import fitting_threads
from skillscope.modeling.tracking import Registration, log_training
from skillscope.settings import Settings, get_settings
from skillscope.skills import SKILLS, Skill

__all__ = ["DEFAULT_SEED", "ROWS_AT_LEAST", "TrainingResult", "train_models"]

DEFAULT_SEED: Final = 42

Report = Callable[[str], None]


@dataclass(frozen=True)
class TrainingResult:
    """What a training gave."""

    bundle: Bundle
    registration: Registration | None
    notes: list[str] = field(default_factory=list)

    @property
    def metrics(self) -> dict[Skill, dict[str, float]]:
        """By skill: r2, mae, rmse and r on held-out scenarios."""
        return {skill: item.metrics for skill, item in self.bundle.record.skills.items()}


def _book(families: FamilySet, prompts: Path | None) -> PromptBook:
    if prompts is None or not families.families:
        return shipped_prompts()
    return PromptBook(shipped_prompts().prompts | read_prompts(prompts).prompts)


def _check_needs(families: FamilySet, loaded: Loaded) -> None:
    answers = loaded.samples.answers
    if answers is None or Need.PROMPT_ID not in families.needs:
        return
    if not any(answers.prompt_ids or ()):
        raise SchemaError("these families read which prompt a response answers, and no row names one", field="source")


def _fit_all(
    samples: Samples, held: dict[Skill, HeldOut], recipe: Recipe, *, threads: int
) -> tuple[dict[Skill, FittedSkill], FittedFamilies | None]:
    """The models on all rows, and the families that they share; `samples` have a column of labels for each."""
    columns = {skill: column for column, skill in enumerate(held)}
    families = split_families(recipe.families)[0]
    shared: Floats = np.empty((len(samples.features), 0))
    fitted = None
    if families.families and samples.answers is not None:
        fitted = families.fit(samples.answers.unrated())
        shared = fitted.transform(samples.answers)

    def fit(skill: Skill) -> FittedSkill:
        return fit_skill(samples, recipe, columns[skill], shared=shared, trees=held[skill].typical_trees)

    with fitting_threads(threads) as pool:
        return dict(zip(held, pool.map(fit, held), strict=True)), fitted


def _families_of(
    loaded: Loaded, recipe: Recipe, models: dict[Skill, FittedSkill], shared: FittedFamilies | None, book: PromptBook
) -> BundleFamilies:
    if not recipe.families.families:
        return BundleFamilies()
    answers = loaded.samples.answers
    asked = set(answers.prompt_ids or ()) if answers is not None else set[str]()
    rated = {skill: item.families for skill, item in models.items() if item.families is not None}
    return BundleFamilies(recipe.families, shared, rated, book.only(asked))


def train_models(
    data: Path,
    models_dir: Path,
    *,
    seed: int = DEFAULT_SEED,
    params: BoostingParams | None = None,
    families: Sequence[str] = (),
    prompts: Path | None = None,
    hold_out: HoldOut = "both",
    recipe: Recipe | None = None,
    register: bool = True,
    settings: Settings | None = None,
    report: Report | None = None,
) -> TrainingResult:
    """Train one regressor a skill on the 29 features and write the bundle to `models_dir`/skillscope.

    Figures come from grouped cross-validation: rows of one scenario or of one student (see `hold_out`) are never split
    between training and test. A sample trains the skills that it has labels for. `families` are feature families beside
    the 29, by key, fitted inside the training folds; `prompts` is a CSV of prompts and reference answers that they may
    read. `recipe` says more of how (SMOTE, tuning, weights of label sources); `seed`, `params` and `families` stand in
    it too and are taken from it where it is given. With `register` the run is logged to MLflow, the bundle registered
    there as `skillscope`, alias `challenger`; while no model was released a demonstration becomes `champion` too. Same
    data, seed and versions: the same bytes.

    Raises:
        FileError, SchemaError: the dataset cannot be used, or has too few labels or scenarios.
        BundleError: the features were measured by another language pipeline.
        ConfigurationError: a family is unknown, or the MLflow store cannot be used.
    """
    settings = settings or get_settings()
    if recipe is None:
        recipe = Recipe(params=params or BoostingParams(), families=FamilySet.of(families), seed=seed)
    say = report or (lambda _: None)
    book = _book(recipe.families, prompts)
    loaded = load_training_set(data, recipe, hold_out=hold_out, book=book)
    _check_needs(recipe.families, loaded)
    skills, notes = trainable(loaded, data)
    columns = [SKILLS.index(skill) for skill in skills]
    say(f"{len(loaded.frame)} rows, {loaded.scenarios} scenarios: cross-validating")
    chosen = replace(loaded.samples, scores=loaded.scores[:, columns])
    held = dict(zip(skills, cross_validate(chosen, recipe, threads=settings.workers), strict=True))
    say("fitting the four models" if len(skills) == len(SKILLS) else f"fitting {len(skills)} models")
    models, shared = _fit_all(chosen, held, recipe, threads=settings.workers)
    fitted = _families_of(loaded, recipe, models, shared, book)
    say("measuring the baselines")
    baselines = held_out_baselines(loaded.frame, loaded.scores, loaded.samples.folds, seed=recipe.seed)
    names = (*FEATURE_NAMES, *(name for part in split_families(recipe.families) for name in part.columns))
    record = BundleRecord(
        families=tuple(FamilyRecord(key=item.key, columns=item.columns) for item in recipe.families.families),
        language_pipeline=installed_pipeline(),
        label_sources=loaded.sources,
        trained_on=loaded.facts(recipe.seed),
        params=recipe.as_dict(),
        skills={
            skill: skill_record(
                loaded,
                skill,
                held=held[skill],
                baselines=baselines,
                fitted=models[skill],
                names=names,
                seed=recipe.seed,
            )
            for skill in skills
        },
        novelty=fit_novelty(loaded.features, loaded.samples.folds),
    )
    boosters = {skill: item.model for skill, item in models.items()}
    bundle = write_bundle(record, boosters, model_card(record), models_dir / BUNDLE_NAME, families=fitted)
    registration = None
    if register:
        say("logging to MLflow")
        registration = _register(bundle, loaded, held, data, settings)
    return TrainingResult(bundle, registration, notes)


def _register(
    bundle: Bundle, data: Loaded, held: dict[Skill, HeldOut], source: Path, settings: Settings
) -> Registration:
    from skillscope.modeling.figures import importance_figure, predicted_actual_figure

    actual, predicted = {}, {}
    for skill, item in held.items():
        known = np.isfinite(item.whole)
        actual[skill] = data.scores[known, SKILLS.index(skill)]
        predicted[skill] = item.whole[known]
    records = bundle.record.skills
    return log_training(
        bundle,
        data.frame,
        source=source,
        metrics=logged_metrics(bundle.record),
        figures={
            "predicted-vs-actual": predicted_actual_figure(actual, predicted, records),
            "feature-importance": importance_figure(records),
        },
        settings=settings,
    )
