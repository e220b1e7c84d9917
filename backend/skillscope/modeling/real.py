"""Real children's answers (MIND-CA): what the champion is worth there as it stands, and what training on them gives.

MIND-CA (Kovatchev et al. 2020, CC BY 4.0): answers of children aged 7 to 14 to questions on short films and stories,
each rated 0, 1 or 2 by people for how well it understands another mind, the cognitive side of empathy.
"""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skillscope.datasets.files import require_file
from skillscope.errors import FileError, SchemaError
from skillscope.evaluation.metrics import Interval, bootstrap_interval, mae, pearson_r, qwk, r_squared
from skillscope.features import LINGUISTIC, TELEMETRY, StoredRow, aggregate, derive, extract_linguistic
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.baselines import held_out_baselines
from skillscope.modeling.boosting import Floats
from skillscope.modeling.bundle import Bundle
from skillscope.modeling.crossval import cross_validate
from skillscope.modeling.folds import FOLDS, group_folds
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.samples import Samples
from skillscope.settings import get_settings
from skillscope.skills import SKILLS

__all__ = ["MindCaReport", "TrainedRow", "evaluate_mind_ca", "read_mind_ca"]

MIND_CA_COLUMNS: Final = ("child_id", "answer", "score", "age", "gender", "question")
EMPATHY: Final = SKILLS.index("empathy")
TOP_SCORE: Final = 2
_AT: Final = datetime(2020, 1, 1, tzinfo=UTC)  # answers carry no time; one moment for all keeps every one of them


def read_mind_ca(path: Path) -> pd.DataFrame:
    """The rated answers of MIND-CA with columns child_id, answer, score and question; rows without an answer left out.

    Raises:
        FileError: missing, empty or not UTF-8.
        SchemaError: wrong columns, or a score that is not 0, 1 or 2; the row is named.
    """
    require_file(path, what=f"MIND-CA with columns {', '.join(MIND_CA_COLUMNS)}")
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", quoting=csv.QUOTE_MINIMAL)
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8; save it as UTF-8") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SchemaError(f"{path} is no well-formed CSV: {str(error).strip()}") from error
    missing = [name for name in MIND_CA_COLUMNS if name not in frame.columns]
    if missing:
        raise SchemaError(f"{path} has no column {', '.join(missing)}; expected {', '.join(MIND_CA_COLUMNS)}")
    scores = frame["score"].str.strip()
    wrong = ~scores.isin([str(value) for value in range(TOP_SCORE + 1)])
    if wrong.any():
        row = int(wrong.to_numpy().argmax()) + 1
        raise SchemaError(f"{path}: score in row {row} must be 0, 1 or 2", field="score")
    frame = frame.assign(score=scores.astype("int64"))[["child_id", "answer", "score", "question"]]
    frame = frame[frame["answer"].str.strip() != ""].reset_index(drop=True)
    if frame["child_id"].nunique() < 2:
        raise SchemaError(f"{path} holds answers of fewer than 2 children", field="child_id")
    return frame


@dataclass(frozen=True, slots=True)
class TrainedRow:
    """How well one predictor does on held-out rows."""

    name: str
    r: Interval
    r2: float
    qwk: float
    mae: float
    within_r: float
    child_r: float


@dataclass(frozen=True)
class MindCaReport:
    """Both experiments on MIND-CA."""

    answers: int
    children: int
    version: str
    label_source: str
    child: Interval
    answer: Interval
    length: Interval
    known: list[TrainedRow]
    unseen: list[TrainedRow]

    def as_it_stands(self) -> str:
        """What the model's score has to do with the human score, as a table."""
        return "\n".join(
            [
                "| correlation with the human score | r |",
                "| --- | --- |",
                f"| one assessment per child, against the child's mean score | {self.child} |",
                f"| one assessment per answer, against the answer's score | {self.answer} |",
                f"| for comparison: number of words in the answer | {self.length} |",
            ]
        )

    def trained(self) -> str:
        """What training on the human scores gives, as a table."""
        lines = [
            "| held out | predictor | r | R2 | QWK | MAE | r within a question | r of child means |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        for held, rows in (("children", self.known), ("question", self.unseen)):
            lines += [
                f"| {held} | {row.name} | {_shown(row.r)} | {row.r2:.3f} | {row.qwk:.3f} | {row.mae:.3f} "
                f"| {_number(row.within_r)} | {_number(row.child_r)} |"
                for row in rows
            ]
        return "\n".join(lines)

    def markdown(self) -> str:
        """Both tables, with what they are of."""
        return "\n".join(
            [
                f"{self.answers:,} answers by {self.children:,} children (MIND-CA). Brackets: 95% bootstrap over "
                "children.",
                "",
                f"As it stands: `empathy` of the model trained on {self.label_source} labels against the human score.",
                "",
                self.as_it_stands(),
                "",
                "Trained on the human scores (score / 2), held-out rows; children in five folds, each question in its "
                "own:",
                "",
                self.trained(),
            ]
        )


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.3f}"


def _shown(interval: Interval) -> str:
    return "" if np.isnan(interval.value) else str(interval)


def _feature_rows(linguistic: Floats) -> Floats:
    """Rows of 29 features of answers without telemetry."""
    telemetry = np.full((len(linguistic), len(TELEMETRY)), np.nan)
    return np.hstack([linguistic, telemetry, derive(linguistic, telemetry)])


def _child_rows(frame: pd.DataFrame, linguistic: Floats) -> tuple[Floats, Floats, NDArray[np.object_]]:
    """Each child's aggregated features, mean human score / 2, and id."""
    rows, means, children = [], [], []
    for child, part in frame.groupby("child_id", sort=True):
        answers = [StoredRow(_AT, linguistic[int(row)]) for row in part.index]
        rows.append(aggregate(answers, [], at=_AT))
        means.append(float(part["score"].mean()) / TOP_SCORE)
        children.append(child)
    return np.array(rows), np.array(means), np.array(children, dtype=object)


def _child_means(values: Floats, children: pd.Series) -> Floats:
    return np.asarray(pd.Series(values).groupby(children.to_numpy()).mean(), dtype=np.float64)


def _within(actual: Floats, predicted: Floats, questions: pd.Series) -> float:
    """The mean over questions of the correlation among its answers: how hard a question is plays no part."""
    labels = questions.to_numpy(dtype=str)
    figures = [pearson_r(actual[labels == name], predicted[labels == name]) for name in np.unique(labels)]
    return float(np.nanmean(figures)) if not np.isnan(figures).all() else float("nan")


def _row(name: str, frame: pd.DataFrame, predicted: Floats, seed: int) -> TrainedRow:
    actual = frame["score"].to_numpy(dtype=np.float64) / TOP_SCORE
    predicted = np.clip(predicted, 0.0, 1.0)
    rated = np.rint(predicted * TOP_SCORE)
    constant = name == "mean"
    undefined = Interval(float("nan"), float("nan"), float("nan"))
    children = frame["child_id"]
    return TrainedRow(
        name=name,
        # What a mean correlates with is which fold a row lay in, so it is left out.
        r=undefined if constant else bootstrap_interval(pearson_r, actual, predicted, groups=children, seed=seed),
        r2=r_squared(actual, predicted),
        qwk=qwk(frame["score"], rated),
        mae=mae(actual, predicted),
        within_r=float("nan") if constant else _within(actual, predicted, frame["question"]),
        child_r=float("nan")
        if constant
        else pearson_r(_child_means(actual, children), _child_means(predicted, children)),
    )


def _trained(
    frame: pd.DataFrame, features: Floats, by: str, *, count: int, seed: int, threads: int
) -> list[TrainedRow]:
    """Our regressor and the baselines, trained and tested on `count` folds that never cut a group of column `by`."""
    scores = (frame["score"].to_numpy(dtype=np.float64) / TOP_SCORE)[:, None]
    groups = np.unique(frame[by].to_numpy(dtype=str), return_inverse=True)[1]
    folds = group_folds(groups.tolist(), [0] * len(groups), folds=count, seed=seed)
    held = cross_validate(Samples.plain(features, scores, folds, groups), Recipe(seed=seed), threads=threads)
    texts = pd.DataFrame(
        {
            "response": frame["answer"],
            "skill": "",
            "skill_level": "",
            "word_count": features[:, FEATURE_NAMES.index("word_count")],
        }
    )
    baselines = held_out_baselines(texts, scores, folds, seed=seed)
    named = {
        "mean": baselines["mean"],
        "number of words": baselines["length"],
        "TF-IDF ridge": baselines["tfidf"],
        "XGBoost, 29 features": held[0].whole[:, None],
    }
    return [_row(name, frame, values[:, 0], seed) for name, values in named.items()]


def evaluate_mind_ca(path: Path, bundle: Bundle, *, seed: int = 42) -> MindCaReport:
    """Assess every child with `bundle` as it stands, then train `empathy` on the human scores; report both.

    A child is assessed from the aggregate of all own answers, without telemetry, as the service would.

    Raises:
        FileError, SchemaError: the file cannot be used.
    """
    settings = get_settings()
    frame = read_mind_ca(path)
    linguistic = extract_linguistic(frame["answer"].tolist(), processes=settings.workers)
    features = _feature_rows(linguistic)
    by_child, means, children = _child_rows(frame, linguistic)
    actual = frame["score"].to_numpy(dtype=np.float64) / TOP_SCORE
    words = features[:, [item.name for item in LINGUISTIC].index("word_count")]

    def agreement(human: Floats, machine: Floats, groups: object) -> Interval:
        return bootstrap_interval(pearson_r, human, machine, groups=np.asarray(groups, dtype=str), seed=seed)

    return MindCaReport(
        answers=len(frame),
        children=len(children),
        version=bundle.version,
        label_source=bundle.label_source,
        child=agreement(means, bundle.predict(by_child)[:, EMPATHY], children),
        answer=agreement(actual, bundle.predict(features)[:, EMPATHY], frame["child_id"]),
        length=agreement(actual, words, frame["child_id"]),
        known=_trained(frame, features, "child_id", count=FOLDS, seed=seed, threads=settings.workers),
        unseen=_trained(
            frame, features, "question", count=frame["question"].nunique(), seed=seed, threads=settings.workers
        ),
    )
