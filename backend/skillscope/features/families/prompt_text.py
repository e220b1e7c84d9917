"""`prompt_text.v1`: a text model for each prompt with enough rated responses, and a general one for all prompts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from skillscope.errors import BundleError, SchemaError
from skillscope.features.families.answers import Answers, Floats, Need
from skillscope.features.families.base import FeatureFamily, FittedFamily
from skillscope.features.families.linear import LinearTextModel
from skillscope.features.families.ngrams import Counts, count_terms
from skillscope.features.families.storage import read_arrays, read_json, write_arrays, write_json

__all__ = ["FittedPromptText", "PromptText"]

COLUMNS: Final = (
    "prompt_text_score",
    "prompt_text_lowest",
    "prompt_text_highest",
    "prompt_text_mean",
    "prompt_text_general",
)
RATED_AT_LEAST: Final = 20
"""Fewer rated responses than this make no model of a prompt's own."""
GENERAL_AT_MOST: Final = 20_000
"""Rated responses of the general model, taken evenly where there are more."""
Values = Callable[[LinearTextModel, NDArray[np.int64]], Floats]


@dataclass(frozen=True, slots=True)
class FittedPromptText(FittedFamily):
    """The models by prompt, the shrunken mean rating by prompt, and the general model."""

    models: dict[str, LinearTextModel]
    means: dict[str, float]
    general: LinearTextModel

    def transform(self, answers: Answers) -> Floats:
        """See `PromptText`."""

        def values(model: LinearTextModel, rows: NDArray[np.int64]) -> Floats:
            return model.values([answers.texts[row] for row in rows.tolist()])

        return self.columns_of(answers, values)

    def columns_of(self, answers: Answers, values: Values) -> Floats:
        """The columns, given how a model's values of some rows are had."""
        out = np.full((len(answers), len(COLUMNS)), np.nan)
        for prompt, rows in answers.by_prompt().items():
            if prompt in self.means:
                out[rows, 3] = self.means[prompt]
            model = self.models.get(prompt)
            if model is None:
                continue
            found = values(model, rows)
            if len(model.classes):
                out[rows, 0] = found @ model.classes
                out[rows, 1], out[rows, 2] = found[:, 0], found[:, -1]
            else:
                out[rows, 0] = found[:, 0]
        if len(answers):
            out[:, 4] = values(self.general, np.arange(len(answers)))[:, 0]
        return out

    def save(self, folder: Path) -> None:
        """One JSON file with names and terms, one npz file with numbers."""
        models = {**{f"p{number}": self.models[key] for number, key in enumerate(self.models)}, "general": self.general}
        write_json(
            folder / "models.json",
            {
                "prompts": list(self.models),
                "means": self.means,
                "terms": {name: model.terms for name, model in models.items()},
                "characters": {name: model.characters for name, model in models.items()},
            },
        )
        arrays: dict[str, Floats] = {}
        for name, model in models.items():
            arrays |= {
                f"{name}.idf": model.idf,
                f"{name}.weights": model.weights,
                f"{name}.base": model.base,
                f"{name}.classes": model.classes,
            }
        write_arrays(folder / "models.npz", arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        record, arrays = read_json(folder / "models.json"), read_arrays(folder / "models.npz")

        def model(name: str) -> LinearTextModel:
            parts = [arrays[f"{name}.{part}"] for part in ("idf", "weights", "base", "classes")]
            terms = list(record["terms"][name])
            if parts[0].shape != (len(terms),) or parts[1].shape != (len(terms), len(parts[2])):
                raise BundleError(f"{folder} holds models whose terms and weights differ; train the bundle again")
            return LinearTextModel(terms, parts[0], parts[1], parts[2], parts[3], int(record["characters"][name]))

        try:
            models = {prompt: model(f"p{number}") for number, prompt in enumerate(record["prompts"])}
            return cls(models, {str(key): float(value) for key, value in record["means"].items()}, model("general"))
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"{folder} is no folder of {PromptText().key}; train the bundle again") from error


class PromptText(FeatureFamily):
    """Columns: `prompt_text_score`, the expected rating by the prompt's own model; `prompt_text_lowest` and
    `prompt_text_highest`, the probabilities of the scale's ends (NaN where ratings are a continuum);
    `prompt_text_mean`, the prompt's mean rating, drawn towards that of all; `prompt_text_general`, how far above its
    prompt's mean a model over all prompts puts the response. The first three are NaN for prompts with fewer than
    `RATED_AT_LEAST` ratings, the fourth for prompts never rated.
    """

    name: ClassVar[str] = "prompt_text"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset({Need.PROMPT_ID, Need.SCORES})
    columns: ClassVar[tuple[str, ...]] = COLUMNS
    fitted: ClassVar[type[FittedFamily]] = FittedPromptText

    def fit(self, answers: Answers) -> FittedPromptText:
        """Fit on the rated rows."""
        rated = answers.take(answers.rated())
        return self._fit(count_terms(rated.texts), rated, np.arange(len(rated)))

    def fit_general(self, answers: Answers) -> FittedPromptText:
        """Fit the means and the general model alone: all that there is for prompts that nobody rated."""
        rated = answers.take(answers.rated())
        return self._fit(count_terms(rated.texts), rated, np.arange(len(rated)), own=False)

    def out_of_fold(self, answers: Answers, folds: NDArray[np.int64], fitted: FittedFamily) -> Floats:
        """As any family's, but the n-grams of all rows are counted once."""
        del fitted
        counts = count_terms(answers.texts)
        rated = np.zeros(len(answers), dtype=bool)
        rated[answers.rated()] = True
        out = np.full((len(answers), len(self.columns)), np.nan)
        for fold in np.unique(folds).tolist():
            held, kept = np.flatnonzero(folds == fold), np.flatnonzero((folds != fold) & rated)
            part = self._fit(counts, answers.take(kept), kept)

            def values(model: LinearTextModel, rows: NDArray[np.int64], held: NDArray[np.int64] = held) -> Floats:
                return model.values_of(counts, held[rows])

            out[held] = part.columns_of(answers.take(held).unrated(), values)
        return out

    def _fit(self, counts: Counts, rated: Answers, places: NDArray[np.int64], *, own: bool = True) -> FittedPromptText:
        """Fit on rated answers that stand at these rows of the counts; `own` makes the models of single prompts."""
        if rated.scores is None or len(rated) < 2:
            raise SchemaError(f"{self.key} needs at least 2 rated responses to be fitted", field="scores")
        centre = float(rated.scores.mean())
        models, means = {}, rated.prompt_means()
        deviations = rated.scores - centre
        for prompt, rows in rated.by_prompt().items():
            scores = rated.scores[rows]
            deviations[rows] = scores - means[prompt]
            if own and len(rows) >= RATED_AT_LEAST:
                models[prompt] = LinearTextModel.fit(counts, places[rows], scores)
        if len(places) > GENERAL_AT_MOST:
            chosen = np.linspace(0, len(places) - 1, GENERAL_AT_MOST).astype(np.int64)
            places, deviations = places[chosen], deviations[chosen]
        return FittedPromptText(
            models, means, LinearTextModel.fit(counts, places, deviations, fewest=3, continuous=True)
        )
