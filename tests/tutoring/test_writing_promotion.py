"""Champion and challenger: each bound by itself, the pointer, and what happens where something is missing or broken."""

import json
import re
import shutil
from pathlib import Path

import pytest

from lm_parts import train_minute, write_pairs
from skillscope.errors import BundleError, SchemaError
from skillscope.settings import Settings
from skillscope.tutoring.writing.evaluate import Evaluation, Measured, SetFigures, evaluate
from skillscope.tutoring.writing.figures import Figure
from skillscope.tutoring.writing.holdout import SETS, freeze_holdout, read_holdout
from skillscope.tutoring.writing.promote import compare, promote
from skillscope.tutoring.writing.small_model import SHIPPED, SmallModel, champion_path, make_champion


def _figure(value: float, prompts: int = 600) -> Figure:
    return Figure(value=value, low=value, high=value, prompts=prompts)


def _measured(
    *,
    right: float = 1.0,
    faithful: float = 1.0,
    fallback: float = 0.0,
    cpu_ms: float = 5.0,
    slots: int = 0,
    bits: float = 1.0,
    real: float | None = 1.0,
    prompts: int = 600,
) -> Measured:
    """A model of which every set is alike."""
    figures = SetFigures(
        prompts=prompts,
        faithful=_figure(faithful),
        right=_figure(right),
        passes=_figure(right),
        passes_of_three=_figure(1.0),
        fallback=_figure(fallback),
        refused={},
        bits_per_character=_figure(bits),
        perplexity=_figure(1.1),
        bleu=_figure(50),
        chrf=_figure(50),
        distinct_2=_figure(0.5),
        cpu_ms=cpu_ms,
    )
    evaluation = Evaluation(
        model_sha256="0" * 64,
        holdout_sha256="1" * 64,
        seed=0,
        sets=dict.fromkeys(SETS, figures),
        slots_shown=slots,
        bits_per_character=_figure(bits),
        perplexity=_figure(1.1),
    )
    hits = round(right * prompts)
    values = [1.0] * hits + [0.0] * (prompts - hits)
    real_bits = [] if real is None else [(real * 100, 100)] * 50
    return Measured(evaluation, dict.fromkeys(SETS, values), [(bits * 100, 100)] * prompts, real_bits)


def _unmet(challenger: Measured, champion: Measured | None) -> dict[str, str]:
    return {bound.name: bound.passed for bound in compare(challenger, champion).unmet}


def test_the_first_model_needs_the_floors_alone() -> None:
    verdict = compare(_measured(real=None), None)
    assert (verdict.promoted, verdict.first) == (True, True)


def test_a_better_model_takes_over() -> None:
    verdict = compare(_measured(real=0.9), _measured())
    assert (verdict.promoted, verdict.first) == (True, False)


@pytest.mark.parametrize(
    ("challenger", "unmet"),
    [
        (_measured(real=0.9, right=0.985), {"plan: right", "feedback: right"}),
        (_measured(real=0.9, faithful=0.99), {f"{name}: numbers faithful" for name in SETS}),
        (_measured(real=0.9, fallback=0.03), {f"{name}: fallback" for name in SETS}),
        (_measured(real=0.9, cpu_ms=12.0), {"feedback: processor time"}),
        (_measured(real=0.9, slots=1), {"slots shown"}),
        (_measured(real=0.9, bits=1.06), {"synthetic bits per character"}),
        (_measured(real=1.0), {"real bits per character"}),
    ],
)
def test_one_unmet_bound_keeps_the_champion(challenger: Measured, unmet: set[str]) -> None:
    found = _unmet(challenger, _measured(right=0.985))
    assert unmet <= {name for name, passed in found.items() if passed == "fail"}
    assert set(found.values()) == {"fail"}
    assert not compare(challenger, _measured(right=0.985)).promoted


def test_a_point_lost_keeps_the_champion() -> None:
    """Two in a hundred lost, though the floor of 98% still holds."""
    found = _unmet(_measured(real=0.9, right=0.98), _measured(right=1.0))
    assert found["explanation: right texts lost"] == "fail"
    assert "explanation: right" not in found


@pytest.mark.parametrize("challenger", [_measured(real=None), _measured(real=0.9, prompts=499)])
def test_too_little_data_is_no_pass(challenger: Measured) -> None:
    champion = _measured(real=None if not challenger.real_bits else 1.0, prompts=len(challenger.bits))
    verdict = compare(challenger, champion)
    assert not verdict.promoted
    assert {bound.passed for bound in verdict.unmet} == {"insufficient"}


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that has learned next to nothing."""
    folder = tmp_path_factory.mktemp("writing")
    return train_minute(write_pairs(folder / "pairs.jsonl", 30), folder / "minute", steps=3)


@pytest.fixture(scope="module")
def holdout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three prompts of each set."""
    path = tmp_path_factory.mktemp("holdout") / "holdout.jsonl.gz"
    freeze_holdout(path, 3)
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Folders of their own, without a shipped model."""
    return Settings(data_dir=tmp_path / "data", models_dir=tmp_path / "models")


def test_the_holdout_is_the_same_every_time(holdout: Path, tmp_path: Path) -> None:
    freeze_holdout(tmp_path / "again.jsonl.gz", 3)
    assert (tmp_path / "again.jsonl.gz").read_bytes() == holdout.read_bytes()
    items = read_holdout(holdout)
    assert [item.set for item in items] == [name for name in SETS for _ in range(3)]
    assert len(read_holdout(holdout, at_most=1)) == 4


def test_the_wide_set_reaches_further(project: Path) -> None:
    """The shipped prompts: coefficients beyond the largest of the common set."""
    items = read_holdout(project / "models" / "lm" / "holdout.jsonl.gz")

    def largest(name: str) -> list[int]:
        sizes = [
            max((int(value) for slot, value in item.request.prompt.slots.items() if value.isdigit()), default=0)
            for item in items
            if item.set == name
        ]
        return sorted(sizes)

    assert len(items) == 4 * 600
    assert largest("wide")[300] > 5 * largest("explanation")[300]


def test_a_key_that_is_trained_on_measures_nothing(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "leak.jsonl.gz"
    row = {"set": "feedback", "input": "{}", "key": "feedback | 0", "reference": "x"}
    path.write_bytes(gzip.compress(json.dumps(row).encode()))
    with pytest.raises(SchemaError, match="trained on"):
        read_holdout(path)


def test_a_poor_model_is_measured_and_kept_out(minute: Path, holdout: Path, settings: Settings) -> None:
    verdict = promote(settings, minute, holdout)
    assert not verdict.promoted
    assert verdict.first
    assert not (settings.data_dir / "lm").exists()
    found = verdict.challenger
    assert found.slots_shown == 0
    assert all(figures.fallback.value == 1.0 for figures in found.sets.values())
    assert all(figures.right.value == 0.0 for figures in found.sets.values())


def test_an_evaluation_is_the_same_every_time(minute: Path, holdout: Path) -> None:
    def told() -> str:
        return re.sub(r'"cpu_ms":[^,}]*', "", evaluate(minute, holdout, seed=4).model_dump_json())

    assert told() == told()


def test_the_pointer_names_the_champion(minute: Path, settings: Settings) -> None:
    assert champion_path(settings) == settings.models_dir / "lm" / SHIPPED
    inside = settings.data_dir / "lm" / "model-1"
    shutil.copytree(minute, inside)
    make_champion(settings, inside)
    assert champion_path(settings) == inside
    assert json.loads((settings.data_dir / "lm" / "champion.json").read_text("utf-8"))["folder"] == "model-1"
    make_champion(settings, minute)
    assert champion_path(settings) == minute.resolve()


def test_a_changed_champion_is_no_champion(minute: Path, settings: Settings) -> None:
    inside = settings.data_dir / "lm" / "model-1"
    shutil.copytree(minute, inside)
    make_champion(settings, inside)
    with (inside / "manifest.json").open("a", encoding="utf-8") as stream:
        stream.write("\n")
    with pytest.raises(BundleError, match="not the model that was promoted"):
        champion_path(settings)


def test_the_model_before_answers_while_the_new_one_is_broken(
    minute: Path, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skillscope.tutoring.writing.small_model._LOOK_SECONDS", 0.0)
    make_champion(settings, minute)
    model = SmallModel(settings)
    first = model.writer()
    (settings.data_dir / "lm" / "champion.json").write_text("{", encoding="utf-8")
    assert model.writer() is first
    assert model.writer() is first
    assert [row.levelname for row in caplog.records].count("WARNING") == 1
    other = settings.data_dir / "lm" / "model-2"
    shutil.copytree(minute, other)
    make_champion(settings, other)
    assert model.writer() is not first
