"""Simulated raters, preferences made of their ratings, and one optimisation through TRL."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_parts import train_minute, write_pairs
from skillscope.errors import InputError
from skillscope.lm.bundle import read_record
from skillscope.lm.prefer import Preference, prefer
from skillscope.lm.rows import is_reserved
from skillscope.lm.writer import Writer
from skillscope.synthesis.files import file_sha256
from skillscope.tutoring.writing import preferences as module
from skillscope.tutoring.writing.holdout import freeze_holdout
from skillscope.tutoring.writing.preferences import prefer_simulated, real_preferences
from skillscope.tutoring.writing.raters import SimulatedRaters, features_of

WARM = "Great work, you are ready to shine. Try one more set and review your notes, and keep going, well done."
HARD = "You were slow and wrong and only weak. You are behind, and it is not good, and your level is low."


def test_what_raters_look_at_by_hand() -> None:
    assert features_of("Great and good. Try it, but not so slow.") == {"warm": 2, "next": 1, "hard": 2, "long": 0}
    assert features_of("word " * 75)["long"] == 5


def test_a_panel_likes_warm_words_and_agrees_with_another() -> None:
    for seed in (1, 2, 3):
        panel = SimulatedRaters(seed)
        assert panel.mean(WARM, 0) > panel.mean(HARD, 0) + 1


@given(st.text(max_size=200), st.integers(0, 99))
def test_stars_are_one_to_five_and_the_same_again(text: str, occasion: int) -> None:
    stars = SimulatedRaters(5).stars(text, occasion)
    assert len(stars) == 5
    assert all(1 <= star <= 5 for star in stars)
    assert stars == SimulatedRaters(5).stars(text, occasion)


def test_real_preferences_pair_texts_of_one_profile(tmp_path: Path) -> None:
    free = next(f"feedback | {number}" for number in range(99) if not is_reserved("feedback", f"feedback | {number}"))
    kept = next(f"feedback | {number}" for number in range(99) if is_reserved("feedback", f"feedback | {number}"))

    def row(prompt: str, text: str) -> str:
        return json.dumps({"kind": "feedback", "key": prompt, "input_delex": prompt, "output_delex": text}) + "\n"

    (tmp_path / "good.jsonl").write_text(
        row(free, "fine") + row(free, "finer") + row(kept, "fine") + row("other", "fine"), encoding="utf-8"
    )
    (tmp_path / "bad.jsonl").write_text(row(free, "poor") + row(kept, "poor"), encoding="utf-8")
    found = real_preferences(tmp_path / "good.jsonl", tmp_path / "bad.jsonl")
    assert found == [Preference(free, "fine", "poor")]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has learned next to nothing, and four prompts of each set."""
    folder = tmp_path_factory.mktemp("preferences")
    train_minute(write_pairs(folder / "pairs.jsonl", 30), folder / "minute", steps=3)
    freeze_holdout(folder / "holdout.jsonl.gz", 4)
    return folder


def test_no_preference_is_no_training(parts: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="better and a worse"):
        prefer(parts / "minute", [], tmp_path / "liked")


def test_the_better_answer_gains_and_the_rest_is_reported(
    parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One pair of answers, seen often: the margin between them grows; the base is left as it was."""
    prompt = "feedback | ⟨skill1⟩ low steady fair"
    wanted = Preference(prompt, "Well done, ⟨skill1⟩ is on its way.", "So slow in ⟨skill1⟩.")
    monkeypatch.setattr(module, "simulated_preferences", lambda _base, _count, *, seed: [wanted] * 24)
    before = file_sha256(parts / "minute" / "manifest.json")
    report = prefer_simulated(
        parts / "minute", tmp_path / "liked", parts / "holdout.jsonl.gz", count=1, epochs=4, rate=1e-2, threads=1
    )
    assert (report.preferences, report.prompts) == (24, 4)
    assert not report.helps
    assert read_record(tmp_path / "liked").base == before
    assert file_sha256(parts / "minute" / "manifest.json") == before

    def margin(folder: Path) -> float:
        good, bad = Writer(folder).log_likelihoods([(prompt, wanted.chosen), (prompt, wanted.rejected)])
        return good - bad

    assert margin(tmp_path / "liked") > margin(parts / "minute") + 1


def test_simulated_preferences_need_texts_that_may_be_shown(parts: Path) -> None:
    """A model that says nothing right gives no preference, whatever the raters like."""
    assert module.simulated_preferences(parts / "minute", 3) == []
