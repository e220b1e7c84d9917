"""What `make run` makes before it serves: made once, reused afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from skillscope.modeling import training
from skillscope.service import prepare as prepared_module
from skillscope.service.prepare import prepare
from skillscope.service.secrets import load_keyring
from skillscope.service.tokens import Role, read_token
from skillscope.settings import Settings


class Told:
    """Steps that are only listened to."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @contextmanager
    def bar(self, label: str) -> Iterator[Callable[[int, int | None], None]]:
        yield lambda _done, _total: None

    @contextmanager
    def status(self, label: str) -> Iterator[Callable[[str], None]]:
        yield lambda _part: None

    def done(self, line: str) -> None:
        self.lines.append(line)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # BentoML and MLflow, on being imported
@pytest.mark.filterwarnings("ignore::UserWarning:mlflow")
def test_everything_is_made_once_and_then_reused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared_module, "TRAINING_ROWS", 168)
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bentoml"))
    settings = Settings(
        data_dir=tmp_path / "data",
        models_dir=tmp_path / "models",
        mlflow_tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}",
        database_url=f"sqlite:///{tmp_path / 'skillscope.db'}",
        token_secret=None,
    )
    first = Told()
    made = prepare(settings, first)
    assert made.student_id == "demo-01"
    assert read_token(made.token, load_keyring(settings)).role is Role.TEACHER
    assert (tmp_path / "data" / "training_168.csv").exists()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(training, "train_models", refuse)
    second = Told()
    assert prepare(settings, second).student_id == "demo-01"
    assert second.lines == first.lines[1:]  # all but the training set, which is not looked at once there is a model
