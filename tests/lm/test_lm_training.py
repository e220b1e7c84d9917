"""Training: what is counted, that it learns, that the same gives the same, and that a kill changes nothing."""

import itertools
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lm_parts import MINUTE, train_minute
from skillscope.errors import ConflictError, InputError, SchemaError
from skillscope.lm.bundle import read_record
from skillscope.lm.network import build, target_loss
from skillscope.lm.presets import PRESETS, preset_named
from skillscope.lm.rows import read_examples
from skillscope.lm.train import Schedule, train
from skillscope.synthesis.files import file_sha256

WEIGHTS = "weights/model.safetensors"


@pytest.mark.parametrize(
    ("name", "low", "high"), [("tiny", 0.94e6, 0.96e6), ("small", 3.4e6, 3.6e6), ("base", 28e6, 32e6)]
)
def test_presets_are_as_large_as_they_say(name: str, low: float, high: float) -> None:
    assert low < PRESETS[name].parameters < high


def test_the_reckoned_size_is_the_networks() -> None:
    made = build(MINUTE, MINUTE.vocabulary, 0)
    assert sum(weight.numel() for weight in made.parameters()) == MINUTE.parameters


def test_an_unknown_preset_lists_the_known() -> None:
    with pytest.raises(InputError, match="tiny, small, base"):
        preset_named("huge")


def test_the_loss_is_that_of_the_targets_alone() -> None:
    """By hand: minus the mean log-probability of the ids that are asked for, the prompt's left out."""
    import torch

    model = build(MINUTE, 50, 3)
    given = torch.tensor([[1, 7, 3, 9, 2], [1, 3, 8, 2, 0]])
    wanted = torch.tensor([[-100, -100, 9, 2, -100], [-100, 8, 2, -100, -100]])
    with torch.no_grad():
        scores = torch.log_softmax(model(input_ids=given).logits, -1)
        by_hand = -(scores[0, 2, 9] + scores[0, 3, 2] + scores[1, 1, 8] + scores[1, 2, 2]) / 4
        assert math.isclose(float(target_loss(model, given, wanted)), float(by_hand), rel_tol=1e-5)


def test_padding_changes_nothing() -> None:
    import torch

    model = build(MINUTE, 50, 3)
    with torch.no_grad():
        short = model(input_ids=torch.tensor([[1, 7, 3, 9]])).logits
        padded = model(input_ids=torch.tensor([[1, 7, 3, 9, 0, 0]])).logits[:, :4]
    assert torch.allclose(short, padded, atol=1e-5)


def test_it_learns_and_tells_how_far_it_is(pairs: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int, float, float]] = []
    done = train(
        pairs,
        tmp_path / "model",
        preset=MINUTE,
        steps=30,
        epochs=5,
        threads=1,
        every=10,
        report=lambda *, step, steps, loss, seconds_left: told.append((step, steps, loss, seconds_left)),
    )
    assert [step for step, *_ in told] == list(range(1, 31))
    assert {steps for _, steps, *_ in told} == {30}
    assert told[-1][2] < told[0][2] - 0.2
    assert told[-1][3] == 0
    assert list(done.losses) == [10, 20, 30]
    record = read_record(tmp_path / "model")
    assert (record.steps, record.preset, record.vocabulary) == (30, "minute", 700)
    assert sum(record.trained_on.values()) == len(read_examples(pairs).train)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_the_same_seed_gives_the_same_model(
    pairs: Path, minute: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes: the manifest's sum names the model."""
    monkeypatch.setattr(time, "process_time", itertools.count(0.0, 60.0).__next__)
    again = train_minute(pairs, tmp_path / "again")
    assert read_record(again).core_seconds != read_record(minute).core_seconds
    assert file_sha256(again / "manifest.json") == file_sha256(minute / "manifest.json")
    assert file_sha256(again / WEIGHTS) == file_sha256(minute / WEIGHTS)
    assert file_sha256(again / "model.bin") == file_sha256(minute / "model.bin")


_KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from lm_parts import MINUTE
from skillscope.lm.train import train

def report(*, step, steps, loss, seconds_left):
    if step == 13:
        os.kill(os.getpid(), signal.SIGKILL)

train(Path({pairs!r}), Path({output!r}), preset=MINUTE, steps=20, epochs=20, threads=1, every=5, report=report)
"""


def test_a_killed_training_ends_with_the_same_weights(pairs: Path, minute: Path, tmp_path: Path) -> None:
    output = tmp_path / "killed"
    code = _KILLED.format(tests=str(Path(__file__).parents[1]), pairs=str(pairs), output=str(output))
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not output.exists()
    steps: list[int] = []
    train(pairs, output, preset=MINUTE, steps=20, epochs=20, threads=1, every=5, report=_Noted(steps))
    assert steps == list(range(11, 21))
    assert file_sha256(output / WEIGHTS) == file_sha256(minute / WEIGHTS)
    assert file_sha256(output / "manifest.json") == file_sha256(minute / "manifest.json")


class _Noted:
    """Keeps the steps that it is told of."""

    def __init__(self, steps: list[int]) -> None:
        self.steps = steps

    def __call__(self, *, step: int, steps: int, loss: float, seconds_left: float) -> None:
        self.steps.append(step)


def test_another_training_is_not_taken_up(pairs: Path, tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(*, step: int, steps: int, loss: float, seconds_left: float) -> None:
        if step == 3:
            raise StoppedError

    output = tmp_path / "model"
    with pytest.raises(StoppedError):
        train(pairs, output, preset=MINUTE, steps=20, threads=1, every=1, report=stop)
    with pytest.raises(ConflictError, match="other data or settings"):
        train(pairs, output, preset=MINUTE, steps=21, threads=1)
    assert train(pairs, output, preset=MINUTE, steps=2, threads=1, fresh=True).record.steps == 2


def test_an_old_bundle_stays_until_the_new_one_is_whole(pairs: Path, minute: Path, tmp_path: Path) -> None:
    output = train_minute(pairs, tmp_path / "model", steps=2)
    before = file_sha256(output / "manifest.json")

    def fail(*, step: int, steps: int, loss: float, seconds_left: float) -> None:
        raise RuntimeError("the machine goes down")

    with pytest.raises(RuntimeError):
        train(pairs, output, preset=MINUTE, steps=3, threads=1, report=fail)
    assert file_sha256(output / "manifest.json") == before


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"steps": 0}])
def test_nothing_to_do_is_refused(pairs: Path, tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(InputError):
        train(pairs, tmp_path / "model", preset=MINUTE, threads=1, **wrong)


def test_a_file_without_pairs_leaves_nothing_behind(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("", encoding="utf-8")
    with pytest.raises(SchemaError, match="no pair to train on"):
        train(empty, tmp_path / "model", preset=MINUTE, threads=1)
    assert [path.name for path in tmp_path.iterdir()] == ["empty.jsonl"]


def test_the_rate_rises_and_falls() -> None:
    from skillscope.lm.train import _rate

    rates = [_rate(step, 1000, 1.0) for step in range(1000)]
    assert rates.index(max(rates)) in (99, 100)
    assert math.isclose(rates[49], 0.5)
    assert math.isclose(rates[-1], 0.1, abs_tol=1e-4)
    assert Schedule(8, 1, 1e-3, 0, 1).every == 100
