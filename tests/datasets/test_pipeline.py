import os
from pathlib import Path

import pandas as pd
import pytest

from skillscope.datasets.contract import FEATURE_COLUMNS, LINGUISTIC_COLUMNS, RESPONSE_COLUMNS, validate_dataset
from skillscope.datasets.io import read_dataset, read_frame
from skillscope.datasets.manifest import file_sha256, manifest_path, read_manifest
from skillscope.datasets.parts import TextPart, distinct_texts, render_part, students_of
from skillscope.datasets.pipeline import (
    auto_label_skills,
    extract_linguistic_features,
    generate_behavioral_features,
    generate_synthetic_responses,
    generate_training_data,
)
from skillscope.datasets.pool import WorkerPool
from skillscope.errors import ConfigurationError, ConflictError, FileError, InputError, SchemaError, TextError
from skillscope.features import StoredRow, aggregate
from skillscope.features.schema import FEATURE_NAMES, LINGUISTIC, TELEMETRY
from skillscope.features.versions import installed_pipeline
from skillscope.language import pipeline_version
from skillscope.simulation.plan import ResponsePlan
from skillscope.skills import SCORE_COLUMNS
from skillscope.synthesis.lock import RunLock


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """The outputs of the four stages run one by one."""
    folder = tmp_path_factory.mktemp("chain")
    paths = [folder / f"{name}.csv" for name in ("responses", "linguistic", "features", "training")]
    generate_synthetic_responses(84, paths[0])
    extract_linguistic_features(paths[0], paths[1])
    generate_behavioral_features(paths[1], paths[2])
    auto_label_skills(paths[2], paths[3])
    return paths


def test_the_stages_one_by_one_give_the_same_bytes(grid, chain):
    assert chain[3].read_bytes() == grid.read_bytes()


def test_each_stage_adds_its_columns(chain):
    for path, columns in zip(chain, (RESPONSE_COLUMNS, LINGUISTIC_COLUMNS, FEATURE_COLUMNS), strict=False):
        assert list(read_frame(path, columns).columns) == list(columns)
        assert read_manifest(path).sha256 == file_sha256(path)
        assert read_manifest(path).seed == 42


def test_the_manifest_says_how_it_was_made(grid):
    manifest = read_manifest(grid)
    assert manifest.counts.planned == manifest.counts.kept == 84
    assert manifest.label_source == "simulated"
    assert manifest.versions.language_pipeline == installed_pipeline()
    assert installed_pipeline().startswith(f"{pipeline_version()}+")
    assert all(0.9 < ceiling < 1.0 for ceiling in manifest.noise_ceiling.values())


def test_a_row_is_the_aggregate_of_its_response_and_session(frame):
    from datetime import UTC, datetime

    at = datetime(2026, 1, 1, tzinfo=UTC)
    words, play = [item.name for item in LINGUISTIC], [item.name for item in TELEMETRY]
    for _, row in frame.head(20).iterrows():
        pooled = aggregate([StoredRow(at, row[words])], [StoredRow(at, row[play])], at=at)
        assert pooled.tolist() == row[list(FEATURE_NAMES)].tolist()


def test_counts_are_rounded_up_to_grids_and_it_is_said(tmp_path):
    result = generate_synthetic_responses(20, tmp_path / "a.csv")
    assert result.rows == 84
    assert "20 rounded up to 84" in result.notes[0]
    assert generate_synthetic_responses(84, tmp_path / "b.csv").notes == []
    exact = generate_synthetic_responses(100, tmp_path / "c.csv", exact=True)
    assert exact.rows == 100
    assert exact.notes == []


def test_another_seed_gives_other_students(tmp_path):
    one = generate_synthetic_responses(84, tmp_path / "a.csv", seed=1).manifest.sha256
    assert one == generate_synthetic_responses(84, tmp_path / "b.csv", seed=1).manifest.sha256
    assert one != generate_synthetic_responses(84, tmp_path / "c.csv", seed=2).manifest.sha256


def test_parquet_holds_the_same_rows(grid, tmp_path):
    path = tmp_path / "training.parquet"
    generate_training_data(84, path)
    pd.testing.assert_frame_equal(read_dataset(path), read_dataset(grid), check_exact=True)


def test_heuristic_and_empty_labels(frame, tmp_path):
    generate_training_data(84, tmp_path / "heuristic.csv", labels="heuristic")
    rated = read_dataset(tmp_path / "heuristic.csv")
    validate_dataset(rated)
    assert (rated[list(SCORE_COLUMNS)] != frame[list(SCORE_COLUMNS)]).any(axis=None)
    assert read_manifest(tmp_path / "heuristic.csv").label_source == "heuristic"
    generate_training_data(84, tmp_path / "none.csv", labels="none")
    bare = read_dataset(tmp_path / "none.csv")
    assert bare[list(SCORE_COLUMNS)].isna().all(axis=None)
    assert read_manifest(tmp_path / "none.csv").label_source is None
    pd.testing.assert_frame_equal(bare[list(FEATURE_NAMES)], frame[list(FEATURE_NAMES)], check_exact=True)


def test_processes_change_no_byte(tmp_path, monkeypatch):
    monkeypatch.setattr("skillscope.datasets.stage.ROWS_FOR_ONE_PROCESS", 0)
    monkeypatch.setattr("skillscope.datasets.pipeline.PART_ROWS", 50)
    one = generate_training_data(168, tmp_path / "one.csv", workers=1).manifest.sha256
    monkeypatch.setattr("skillscope.datasets.pipeline.PART_ROWS", 84)
    assert generate_training_data(168, tmp_path / "two.csv", workers=2).manifest.sha256 == one


def test_without_a_manifest_students_are_drawn_and_it_is_said(chain, tmp_path):
    bare = tmp_path / "linguistic.csv"
    bare.write_bytes(chain[1].read_bytes())
    result = generate_behavioral_features(bare, tmp_path / "features.csv")
    assert (
        "has no manifest: simulated students are drawn from its skill, level and grade with seed 42" in result.notes[0]
    )
    assert result.manifest.seed == 42
    other = generate_behavioral_features(bare, tmp_path / "other.csv", seed=7)
    assert other.manifest.sha256 != result.manifest.sha256


def test_a_file_changed_after_its_manifest_is_not_vouched_for(chain, tmp_path):
    path = tmp_path / "linguistic.csv"
    lines = chain[1].read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:5]), encoding="utf-8")
    manifest_path(path).write_bytes(manifest_path(chain[1]).read_bytes())
    result = generate_behavioral_features(path, tmp_path / "features.csv")
    assert "was changed after its manifest was written" in result.notes[0]
    assert result.rows == 4


def test_a_seed_that_contradicts_the_manifest_is_refused(chain, tmp_path):
    with pytest.raises(InputError, match="--seed 7 contradicts the manifest"):
        generate_behavioral_features(chain[1], tmp_path / "features.csv", seed=7)
    assert names(tmp_path) == []


def real(path, *texts, skill="", level=""):
    rows = [{"response": t, "skill": skill, "skill_level": level, "grade": 4, "source": "human:class"} for t in texts]
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_rows_without_skill_get_a_student_of_their_grade(tmp_path):
    frame = pd.read_csv(real(tmp_path / "r.csv", "a", "b", "c"), keep_default_na=False)
    drawn = students_of(frame, seed=3)
    assert [student.grade for student in drawn] == [4, 4, 4]
    assert len({student.traits for student in drawn}) == 3


def test_texts_without_english_words_are_measured_as_what_they_are(tmp_path):
    source = real(tmp_path / "r.csv", "😀 🎉!!", "Ich war traurig, weil er geweint hat.", "我很难过")
    extract_linguistic_features(source, tmp_path / "out.csv")
    rows = read_frame(tmp_path / "out.csv", LINGUISTIC_COLUMNS)
    assert rows.loc[0, "word_count"] == 0
    assert rows.loc[0, ["empathy_markers", "avg_sentence_length", "readability_score"]].isna().all()
    assert rows.loc[1, "word_count"] == 7
    assert (rows["empathy_markers"].dropna() == 0).all()


def test_a_text_of_a_megabyte_is_refused_by_row_and_nothing_is_left(tmp_path):
    source = real(tmp_path / "r.csv", "short", "sad " * 262_144)
    with pytest.raises((SchemaError, TextError), match="row 2 has 1,048,576 characters; at most 20,000"):
        extract_linguistic_features(source, tmp_path / "out.csv")
    assert names(tmp_path) == ["r.csv"]


@pytest.mark.parametrize(
    ("stage", "columns"),
    [
        (extract_linguistic_features, "response"),
        (generate_behavioral_features, "empathy_markers"),
        (auto_label_skills, "event_count"),
    ],
)
def test_a_stage_refuses_the_output_of_another(tmp_path, grid, stage, columns):
    short = tmp_path / "short.csv"
    pd.read_csv(grid).drop(columns=columns).to_csv(short, index=False)
    with pytest.raises(SchemaError, match=f"missing: {columns}"):
        stage(short, tmp_path / "out.csv")
    with pytest.raises(FileError, match=r"none\.csv does not exist"):
        stage(tmp_path / "none.csv", tmp_path / "out.csv")
    with pytest.raises(InputError, match="is the input itself"):
        stage(short, short)
    assert names(tmp_path) == ["short.csv"]


@pytest.mark.parametrize(("count", "seed", "says"), [(0, 1, "count must be at least 1"), (84, -1, "seed must be 0")])
def test_counts_and_seeds_out_of_range(tmp_path, count, seed, says):
    with pytest.raises(InputError, match=says):
        generate_training_data(count, tmp_path / "out.csv", seed=seed)
    assert names(tmp_path) == []


def test_scores_that_do_not_rise_stop_the_run(tmp_path, monkeypatch):
    import numpy as np

    monkeypatch.setattr(
        "skillscope.simulation.raters.rate_students", lambda students, seed, rows: np.full((len(students), 4), 0.5)
    )
    with pytest.raises(SchemaError, match="does not rise with skill_level"):
        generate_training_data(84, tmp_path / "out.csv")
    assert names(tmp_path) == []


def test_a_text_that_occurred_before_is_worded_anew():
    part = render_part(TextPart(ResponsePlan(84, 5), 0, 4))
    seen: set[bytes] = set()
    first, again = distinct_texts(part, seen)
    assert (first, again) == (part, 0)
    second, again = distinct_texts(part, seen)
    assert again == 4
    assert not set(second.texts) & set(first.texts)
    assert distinct_texts(part, {*seen})[0].texts != second.texts


def test_a_scenario_that_runs_out_of_texts_is_named(monkeypatch):
    monkeypatch.setattr("skillscope.datasets.parts.render_row", lambda spec, seed, attempt=0: "always")
    part = TextPart(ResponsePlan(84, 5), 0, 2, ("always", "always"))
    with pytest.raises(SchemaError, match=r"row 2: scenario .* has no new text left"):
        distinct_texts(part, set())


def die(_: int) -> int:
    import os

    os._exit(9)


def test_a_worker_that_dies_is_one_error():
    with WorkerPool(2) as pool, pytest.raises(ConfigurationError, match="a worker process died"):
        list(pool.map(die, range(3)))


def test_two_runs_on_one_output_are_refused_with_the_holders_pid(tmp_path: Path) -> None:
    output = tmp_path / "responses.csv"
    with RunLock(output), pytest.raises(ConflictError, match=f"pid {os.getpid()}"):
        generate_synthetic_responses(84, output)
    assert list(tmp_path.iterdir()) == []
    generate_synthetic_responses(84, output)
    beside = {"responses.datasheet.md", "responses.manifest.json"}
    assert {path.name for path in tmp_path.iterdir()} == {"responses.csv", *beside}
