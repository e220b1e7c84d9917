"""The real data sets as tables of answers with human ratings, read where they lie."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skillscope.errors import FileError, SchemaError
from skillscope.features import extract_linguistic
from skillscope.features.families import Answers
from skillscope.settings import get_settings

__all__ = ["RealData", "load_empathic_reactions", "load_mind_ca", "load_scientsbank", "real_folder"]

Floats = NDArray[np.float64]
CORRECT: Final = "correct"


@dataclass(frozen=True, slots=True)
class RealData:
    """Rated answers. `people` says who wrote each, "" where the data do not say; `age` in years, NaN where missing."""

    answers: Answers
    people: list[str]
    age: Floats

    @property
    def scores(self) -> Floats:
        """The ratings, shape (n,)."""
        if self.answers.scores is None:
            raise SchemaError("these answers have no ratings", field="scores")
        return self.answers.scores

    @property
    def prompts(self) -> list[str]:
        """The name of each answer's prompt, "" where it has none."""
        return list(self.answers.prompt_ids) if self.answers.prompt_ids is not None else [""] * len(self.people)

    @property
    def linguistic(self) -> Floats:
        """Features 1 to 16 of each answer, shape (n, 16)."""
        if self.answers.linguistic is None:
            raise SchemaError("these answers were not measured", field="linguistic")
        return self.answers.linguistic

    def __len__(self) -> int:
        return len(self.people)

    def take(self, rows: NDArray[np.int64]) -> "RealData":
        """Some rows, in this order."""
        return RealData(self.answers.take(rows), [self.people[row] for row in rows.tolist()], self.age[rows])


def real_folder(folder: Path | None = None) -> Path:
    """The folder of the real data sets: the given one, or that of the settings."""
    return folder if folder is not None else get_settings().shared_data / "real"


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=dict.fromkeys(columns, str), keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise FileError(f"{path} cannot be read as CSV; SKILLSCOPE_SHARED_DATA names the folder of the data") from error
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise SchemaError(f"{path} lacks the columns {', '.join(missing)}", field=missing[0])
    return frame


def _numbers(frame: pd.DataFrame, column: str, path: Path) -> Floats:
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64)
    if np.isnan(values).any():
        row = int(np.isnan(values).argmax())
        raise SchemaError(f"{path}, row {row + 2}: {column} is no number", field=column)
    return values


def load_mind_ca(folder: Path | None = None, *, rows: int | None = None) -> RealData:
    """MIND-CA: answers of children aged 7 to 14, rated 0, 1 or 2; a prompt is a question.

    `rows` takes the answers of the first children only, at most that many.

    Raises:
        FileError, SchemaError: the file is missing or of another form.
    """
    path = real_folder(folder) / "mind-ca" / "dev.csv"
    frame = _read(path, ("child_id", "answer", "score", "age", "question"))
    if rows is not None:
        children = frame["child_id"].drop_duplicates()
        first = frame["child_id"].map(frame["child_id"].value_counts()).groupby(frame["child_id"]).first()[children]
        frame = frame[frame["child_id"].isin(children[np.cumsum(first.to_numpy()) <= rows])]
    age = _numbers(frame, "age", path)
    answers = Answers(
        frame["answer"].tolist(),
        prompt_ids=frame["question"].tolist(),
        scores=_numbers(frame, "score", path),
        linguistic=extract_linguistic(frame["answer"].tolist()),
    )
    return RealData(answers, frame["child_id"].tolist(), np.where(age > 0, age, np.nan))


def load_empathic_reactions(folder: Path | None = None, *, target: str = "empathy") -> RealData:
    """Empathic Reactions: adults' texts after a news article, with their own rating of empathy (or distress), 1 to 7;
    a prompt is an article.

    Raises:
        FileError, SchemaError: the file is missing or of another form.
    """
    path = real_folder(folder) / "empathic-reactions" / "dev.csv"
    frame = _read(path, ("response_id", "article_id", "essay", target))
    answers = Answers(
        frame["essay"].tolist(),
        prompt_ids=frame["article_id"].tolist(),
        scores=_numbers(frame, target, path),
        linguistic=extract_linguistic(frame["essay"].tolist()),
    )
    return RealData(answers, frame["response_id"].tolist(), np.full(len(frame), np.nan))


def load_scientsbank(part: str, folder: Path | None = None) -> RealData:
    """SciEntsBank (`train` or `test-unseen-answers`): science answers of grades 3 to 6; the score is 1 for `correct`,
    else 0. Who wrote an answer is not said.

    Raises:
        FileError, SchemaError: the file is missing or of another form.
    """
    path = real_folder(folder) / "scientsbank" / f"{part}.csv"
    frame = _read(path, ("question_id", "question", "reference", "answer", "label"))
    answers = Answers(
        frame["answer"].tolist(),
        prompt_ids=frame["question_id"].tolist(),
        prompts=frame["question"].tolist(),
        references=[text.split(" | ") for text in frame["reference"]],
        scores=np.where(frame["label"] == CORRECT, 1.0, 0.0),
        linguistic=extract_linguistic(frame["answer"].tolist()),
    )
    return RealData(answers, [""] * len(frame), np.full(len(frame), np.nan))
