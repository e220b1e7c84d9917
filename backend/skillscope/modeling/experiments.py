"""The learning curve and recovery as runs: data made where none are given, JSON and figure written, both logged."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from matplotlib.figure import Figure

from skillscope.datasets.files import replacing
from skillscope.datasets.pipeline import generate_training_data
from skillscope.modeling.curve import CURVE_NAME, LearningCurve, learning_curve
from skillscope.modeling.figures import learning_curve_figure, recovery_figure
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.recovery import RECOVERY_NAME, Recovery, recover, recover_unseen
from skillscope.modeling.registry import load_champion
from skillscope.modeling.tracking import log_experiment
from skillscope.settings import Settings, get_settings

__all__ = ["POOL_ROWS", "make_learning_curve", "make_recovery", "report_path"]

POOL_ROWS: Final = 6300
"""Rows of the pool: four fifths of them are the 5,040 of the largest size."""

Report = Callable[[str], None]


def report_path(name: str, settings: Settings | None = None) -> Path:
    """Where the JSON of a measurement lies: `<data folder>/reports/<name>.json`; its figure has the ending .png."""
    return (settings or get_settings()).data_dir / "reports" / f"{name}.json"


@contextmanager
def _pool(data: Path | None, seed: int, say: Report) -> Iterator[Path]:
    """The given set, or one that is made for the time of the measurement."""
    if data is not None:
        yield data
        return
    with TemporaryDirectory(prefix="skillscope-") as folder:
        say(f"making {POOL_ROWS:,} rows")
        path = Path(folder) / "pool.parquet"
        generate_training_data(POOL_ROWS, path, seed=seed)
        yield path


def _draw(figure: Figure, path: Path) -> None:
    picture = path.with_suffix(".png")
    with replacing(picture) as temporary:
        figure.savefig(temporary, format="png", dpi=130)


def make_learning_curve(
    data: Path | None = None,
    output: Path | None = None,
    *,
    seed: int = 7,
    register: bool = True,
    settings: Settings | None = None,
    report: Report | None = None,
) -> tuple[LearningCurve, Path]:
    """Measure the learning curve, write its JSON and figure, log both to MLflow; gives the curve and the JSON's path.

    Raises:
        FileError, SchemaError, InputError, BundleError, ConfigurationError: data or stores cannot be used.
    """
    settings = settings or get_settings()
    say = report or (lambda _: None)
    path = output or report_path(CURVE_NAME, settings)
    with _pool(data, seed, say) as pool:
        curve = learning_curve(pool, recipe=Recipe(seed=seed), threads=settings.workers, report=say)
    figure = learning_curve_figure(curve)
    curve.write(path)
    _draw(figure, path)
    if register:
        log_experiment(
            CURVE_NAME,
            params={"pool_rows": curve.pool_rows, "scenarios": curve.scenarios, "seed": seed, "dataset": curve.sha256},
            metrics=curve.metrics(),
            figures={CURVE_NAME: figure},
            tables={CURVE_NAME: curve.model_dump(mode="json")},
            settings=settings,
        )
    return curve, path


def make_recovery(
    data: Path | None = None,
    output: Path | None = None,
    *,
    champion: bool = False,
    students: int = 300,
    seed: int = 7,
    register: bool = True,
    settings: Settings | None = None,
    report: Report | None = None,
) -> tuple[Recovery, Path]:
    """Measure recovery, write its JSON and figure, log both to MLflow; gives the figures and the JSON's path.

    Without `champion` models are trained on four fifths of the scenarios of `data`, and students answer the others.

    Raises:
        NotFoundError: the champion is asked for and there is none.
        FileError, SchemaError, InputError, BundleError, ConfigurationError: data or stores cannot be used.
    """
    settings = settings or get_settings()
    say = report or (lambda _: None)
    path = output or report_path(RECOVERY_NAME, settings)
    if champion:
        found = recover(load_champion(settings), students=students, seed=seed)
    else:
        with _pool(data, seed, say) as pool:
            say("training on four fifths of the scenarios")
            found = recover_unseen(pool, recipe=Recipe(seed=seed), students=students, seed=seed, settings=settings)
    figure = recovery_figure(found)
    found.write(path)
    _draw(figure, path)
    if register:
        log_experiment(
            RECOVERY_NAME,
            params={"students": students, "seed": seed, "model_version": found.model_version, "champion": champion},
            metrics=found.metrics(),
            figures={RECOVERY_NAME: figure},
            tables={RECOVERY_NAME: found.model_dump(mode="json")},
            settings=settings,
        )
    return found, path
