"""JUSThink: what a team's game tells of the test that the two children take afterwards."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV

from skillscope.errors import FileError, SchemaError
from skillscope.evaluation.real.data import real_folder
from skillscope.evaluation.real.predictors import Predicted
from skillscope.evaluation.real.simulated import SimulatedRows, fit_mixed, stretched
from skillscope.evaluation.real.tables import Experiment, Row, measure
from skillscope.features import TELEMETRY
from skillscope.features.derived import derive
from skillscope.features.justhink import justhink_features
from skillscope.features.schema import FEATURE_NAMES, LINGUISTIC
from skillscope.modeling.bundle import Bundle
from skillscope.skills import SKILLS

__all__ = ["justhink", "load_justhink"]

Floats = NDArray[np.float64]
Predict = Callable[[Floats, Floats], float]

QUESTIONS: Final = 10
SCALE: Final = np.array([0.0, 2.0 * QUESTIONS])
_PENALTIES: Final = np.logspace(0, 4, 17)


def _right(path: Path) -> dict[str, float]:
    """Right answers of both children together, 0 to 20, by team."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read; SKILLSCOPE_SHARED_DATA names the folder of the data") from error
    key = next((row for row in rows if row.get("team_no") == "key"), None)
    if key is None:
        raise SchemaError(f"{path} has no row `key` with the right answers", field="team_no")
    items = [name for name in key if name != "team_no"]
    return {
        f"justhink-{int(row['team_no']):02d}": float(sum(row[name] == key[name] for name in items))
        for row in rows
        if row is not key
    }


def load_justhink(folder: Path | None = None) -> tuple[Floats, Floats, Floats, list[str]]:
    """The 29 features of each team's game (n, 29), right answers before and after (n,) from 0 to 20, and the teams.

    Nothing was written, so language features are unknown, as are those that such logs cannot tell. Teams without both
    tests are left out.

    Raises:
        FileError, SchemaError: the data are missing or of another form.
    """
    base = real_folder(folder) / "justhink"
    table = justhink_features(base)
    before = _right(base / "test_responses" / "justhink19_pretest.csv")
    after = _right(base / "test_responses" / "justhink19_posttest.csv")
    teams = [team for team in table["student_id"].to_list() if team in before and team in after]
    by_team = {row["student_id"]: [row[item.name] for item in TELEMETRY] for row in table.iter_rows(named=True)}
    play = np.array([by_team[team] for team in teams], dtype=np.float64)
    text = np.full((len(teams), len(LINGUISTIC)), np.nan)
    rows = np.hstack([text, play, derive(text, play)])
    return rows, np.array([before[team] for team in teams]), np.array([after[team] for team in teams]), teams


def _each_left_out(count: int, predict: Callable[[NDArray[np.int64], int], float]) -> Predicted:
    everyone = np.arange(count)
    found = np.array([predict(np.delete(everyone, team), team) for team in range(count)])
    return Predicted(found, np.clip(np.rint(found), *SCALE))


def _line(known: Floats, scores: Floats) -> Predicted:
    def predict(train: NDArray[np.int64], team: int) -> float:
        slope, base = np.polyfit(known[train], scores[train], 1)
        return float(slope * known[team] + base)

    return _each_left_out(len(scores), predict)


def _ridge(columns: Floats, scores: Floats) -> Predicted:
    """Ridge regression on standardised columns, its penalty chosen by leaving one out of the training teams."""

    def predict(train: NDArray[np.int64], team: int) -> float:
        mean, spread = columns[train].mean(axis=0), columns[train].std(axis=0)
        scaled = (columns - mean) / np.where(spread > 0.0, spread, 1.0)
        return float(RidgeCV(alphas=_PENALTIES).fit(scaled[train], scores[train]).predict(scaled[[team]])[0])

    return _each_left_out(len(scores), predict)


def justhink(
    folder: Path | None = None,
    *,
    champion: Bundle | None = None,
    simulated: SimulatedRows | None = None,
    resamples: int = 500,
    report: Callable[[str], None] = lambda _line: None,
) -> list[Experiment]:
    """JUSThink: the test after the game, from the features of the game, every team left out once."""
    rows, before, after, teams = load_justhink(folder)
    report(f"JUSThink: {len(teams)} teams")
    place = FEATURE_NAMES.index("event_count")
    known = np.isfinite(rows).all(axis=0)
    found: dict[str, Predicted] = {}
    if champion is not None:
        scores = stretched(champion.predict(rows)[:, SKILLS.index("problem_solving")], SCALE)
        found["simulated students only, as it stands"] = Predicted(scores, np.rint(scores))
    found["mean"] = _each_left_out(len(teams), lambda train, _team: float(after[train].mean()))
    found["length: number of events"] = _line(rows[:, place], after)
    found["the test before the game"] = _line(before, after)
    found["features of the game"] = _ridge(rows[:, known], after)
    found["features of the game, and the test before"] = _ridge(np.column_stack([rows[:, known], before]), after)
    if simulated is not None:
        made, labels = simulated.known("play"), simulated.labels_of("problem_solving")
        found["29 features, 80% simulated and 20% real"] = _each_left_out(
            len(teams),
            lambda train, team: float(
                fit_mixed(made, labels, rows[train], after[train], SCALE).predict(rows[[team]])[0]
            ),
        )
    table = measure(after, found, groups=teams, resamples=resamples)
    return [
        Experiment(
            title="JUSThink: the test after the game",
            design=f"Game logs of {len(teams)} teams of two children aged 9 to 12, as evidence for problem solving, "
            f"against the right answers of both in the test afterwards (0 to 20; mean {after.mean():.1f}, standard "
            f"deviation {after.std():.1f}). {int(known.sum())} of the 13 behavioral features can be had from such "
            "logs. Each team is left out once; 95% bootstrap intervals over teams.",
            command="skillscope real-data justhink",
            rows=table,
            meaning=_meaning(table),
            notes=(
                "QWK and accuracy are of scores rounded to whole answers. Leaving one team out draws r below zero "
                "where nothing is known: the training mean is the lower, the better the team that was left out. With "
                "so few teams every interval is wide: none of these figures could tell a useful model from a useless "
                "one.",
            ),
        )
    ]


def _meaning(table: tuple[Row, ...]) -> str:
    rows = {row.name: row.r for row in table}
    game, test = rows["features of the game"], rows["the test before the game"]
    worth = "nothing that these teams could show" if game.low <= 0.0 or np.isnan(game.value) else "something"
    return (
        f"What a team did in the game tells {worth} about the test afterwards (r {game.value:.2f}); the test before "
        f"the game does so at r {test.value:.2f}."
    )
