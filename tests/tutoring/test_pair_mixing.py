import json
from pathlib import Path

import pytest

from skillscope.errors import FileError, InputError, SchemaError
from skillscope.tutoring.mix import mix_pairs, phase_for


def write(path: Path, origin: str, count: int, kinds: tuple[str, ...] = ("feedback", "plan")) -> Path:
    rows = [
        {"input": f"{origin} {n}", "output": f"{origin} says {n}", "kind": kinds[n % len(kinds)]} for n in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("real", "phase", "synthetic"),
    [
        (0, "synthetic-fills-up", 50_000),
        (5_000, "synthetic-fills-up", 45_000),
        (49_999, "synthetic-fills-up", 1),
        (50_000, "quarter-synthetic", 16_667),
        (99_999, "quarter-synthetic", 33_333),
        (100_000, "real-only", 0),
    ],
)
def test_the_policy_at_its_edges(real: int, phase: str, synthetic: int) -> None:
    found = phase_for(real)
    assert (found.name, found.synthetic_wanted(real)) == (phase, synthetic)


def test_all_real_pairs_and_the_synthetic_ones_that_there_are(tmp_path: Path) -> None:
    made, real = write(tmp_path / "made.jsonl", "made", 40), write(tmp_path / "real.jsonl", "real", 10)
    manifest = mix_pairs(made, real, tmp_path / "mixed.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "mixed.jsonl").read_text("utf-8").splitlines()]
    assert (manifest.phase, manifest.real, manifest.synthetic_kept) == ("synthetic-fills-up", 10, 40)
    assert sum(row["origin"] == "real" for row in rows) == 10
    assert json.loads((tmp_path / "mixed.manifest.json").read_text("utf-8"))["phase"] == "synthetic-fills-up"


def test_a_share_overrides_and_keeps_kinds_in_proportion(tmp_path: Path) -> None:
    made = write(tmp_path / "made.jsonl", "made", 90, ("feedback", "feedback", "plan"))
    real = write(tmp_path / "real.jsonl", "real", 30, ("feedback",))
    manifest = mix_pairs(made, real, tmp_path / "mixed.jsonl", share=0.5)
    assert (manifest.phase, manifest.synthetic_kept) == ("overridden", 30)
    assert manifest.by_kind == {"feedback": 50, "plan": 10}
    again = mix_pairs(made, real, tmp_path / "again.jsonl", share=0.5)
    assert again.sha256 == manifest.sha256


def test_what_cannot_be_mixed_is_refused(tmp_path: Path) -> None:
    made, empty = write(tmp_path / "made.jsonl", "made", 3), write(tmp_path / "empty.jsonl", "real", 0)
    with pytest.raises(FileError):
        mix_pairs(made, tmp_path / "missing.jsonl", tmp_path / "out.jsonl")
    with pytest.raises(InputError, match="nothing to mix"):
        mix_pairs(empty, empty, tmp_path / "out.jsonl")
    with pytest.raises(InputError, match="below 1"):
        mix_pairs(made, empty, tmp_path / "out.jsonl", share=1.0)
    (tmp_path / "bad.jsonl").write_text('{"input": 3}\n', encoding="utf-8")
    with pytest.raises(SchemaError, match="line 1"):
        mix_pairs(made, tmp_path / "bad.jsonl", tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
