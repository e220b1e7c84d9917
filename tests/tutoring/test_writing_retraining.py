"""One retraining from a store: what it trains on, that the champion stays until beaten, that kills do no harm."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lm_parts import train_minute, write_pairs
from skillscope.errors import InputError
from skillscope.settings import Settings
from skillscope.store import open_database
from skillscope.synthesis.files import file_sha256
from skillscope.tutoring.bank import load_demo_tutoring
from skillscope.tutoring.retraining import read_training
from skillscope.tutoring.volume import simulate_month
from skillscope.tutoring.writing import retrain as module
from skillscope.tutoring.writing.evaluate import Evaluation, Measured
from skillscope.tutoring.writing.holdout import freeze_holdout
from skillscope.tutoring.writing.retrain import retrain
from skillscope.tutoring.writing.small_model import SmallModel, champion_path, make_champion

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pairs, a model that has learned next to nothing, and three prompts of each set."""
    folder = tmp_path_factory.mktemp("retraining")
    train_minute(write_pairs(folder / "pairs.jsonl", 30), folder / "minute", steps=3)
    freeze_holdout(folder / "holdout.jsonl.gz", 3)
    return folder


@pytest.fixture
def settings(tmp_path: Path, parts: Path) -> Settings:
    """A store in which a few simulated users have practised for a month, and a champion."""
    made = Settings(data_dir=tmp_path / "data", models_dir=tmp_path / "models", database_url=None)
    made.data_dir.mkdir()
    sessions = open_database(made.database)
    load_demo_tutoring(sessions)
    simulate_month(sessions, 12, end=NOW)
    make_champion(made, parts / "minute")
    return made


def _retrain(settings: Settings, parts: Path, **options: object) -> module.Retrained:
    return retrain(
        settings, parts / "pairs.jsonl", parts / "holdout.jsonl.gz", minimum=5, steps=2, threads=1, now=NOW, **options
    )


def test_a_model_that_does_not_pass_leaves_the_champion(settings: Settings, parts: Path) -> None:
    told: list[str] = []
    done = _retrain(settings, parts, tell=told.append)
    assert told == [
        "extracting",
        "putting numbers back into slots",
        "mixing",
        "training",
        "comparing with the champion",
    ]
    assert done.trainable >= 5
    assert done.trainable + sum(done.left_out.values()) == done.extracted
    assert not done.verdict.promoted
    assert champion_path(settings) == (parts / "minute").resolve()
    assert sorted(path.name for path in (settings.data_dir / "lm").iterdir()) == ["champion.json", "retrained.json"]
    training = read_training(settings.data_dir)
    assert training is not None
    assert (training.trained_at, training.real_pairs) == (NOW, done.extracted)


def test_no_word_of_a_student_is_trained_on(settings: Settings, parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    finetune = module.finetune_own

    def spy(base: Path, data: Path, output: Path, **options: object) -> object:
        seen.append(data.read_text("utf-8"))
        return finetune(base, data, output, **options)

    monkeypatch.setattr(module, "finetune_own", spy)
    _retrain(settings, parts)
    rows = [json.loads(line) for line in seen[0].splitlines()]
    assert {row["kind"] for row in rows if row["origin"] == "real"} <= {"feedback", "plan"}
    assert not any(row["kind"] in ("help", "note") for row in rows)


def _always_better(measured: Callable[..., Measured]) -> Callable[..., Measured]:
    """Measures like the real thing, and then says that all is well with the challenger."""

    def measure(bundle: Path, *args: object, **options: object) -> Measured:
        found = measured(bundle, *args, **options)
        if bundle.name == "minute":
            return found
        right = {name: [1.0] * len(values) for name, values in found.right.items()}
        sets = {
            name: figures.model_copy(
                update={
                    "prompts": 600,
                    "cpu_ms": 1.0,
                    **{key: figures.right.model_copy(update={"value": 1.0}) for key in ("right", "faithful")},
                    "fallback": figures.right.model_copy(update={"value": 0.0}),
                }
            )
            for name, figures in found.evaluation.sets.items()
        }
        better: Evaluation = found.evaluation.model_copy(update={"sets": sets})
        bits = [(0.5 * value, length) for value, length in found.bits]
        real = [(0.5 * value, length) for value, length in found.real_bits]
        return Measured(better, right, bits, real)

    return measure


def test_a_better_model_answers_from_then_on(settings: Settings, parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from skillscope.tutoring.writing import promote

    model = SmallModel(settings)
    before = model.writer()
    monkeypatch.setattr(promote, "measure", _always_better(promote.measure))
    monkeypatch.setattr("skillscope.tutoring.writing.small_model._LOOK_SECONDS", 0.0)
    done = _retrain(settings, parts)
    assert done.verdict.promoted
    assert champion_path(settings) == settings.data_dir / "lm" / done.model
    assert model.writer() is not before
    assert model.writer().record.base == file_sha256(parts / "minute" / "manifest.json")


@pytest.mark.parametrize("step", ["delexicalise_pairs", "mix_pairs", "finetune_own", "promote"])
def test_a_run_that_died_goes_on_and_harms_nothing(
    settings: Settings, parts: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    whole = _retrain(settings, parts)
    (settings.data_dir / "lm" / "retrained.json").unlink()

    def die(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, step, die)
        with pytest.raises(KeyboardInterrupt):
            _retrain(settings, parts)
    assert champion_path(settings) == (parts / "minute").resolve()
    assert SmallModel(settings).writer() is not None
    told: list[str] = []
    again = _retrain(settings, parts, tell=told.append)
    assert "extracting" not in told
    assert ("training" in told) is (step != "promote")
    assert (again.trainable, again.mixed, again.model) == (whole.trainable, whole.mixed, whole.model)


def test_too_few_real_pairs_are_no_training(settings: Settings, parts: Path) -> None:
    with pytest.raises(InputError, match="the model stays"):
        retrain(settings, parts / "pairs.jsonl", parts / "holdout.jsonl.gz", minimum=10**6, threads=1)
    assert [path.name for path in (settings.data_dir / "lm").iterdir()] == ["champion.json"]
