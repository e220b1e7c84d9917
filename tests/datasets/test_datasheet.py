"""The datasheet beside a dataset says what its manifest knows, and does not say more."""

from pathlib import Path

import pytest

from skillscope.datasets.combine import combine_datasets
from skillscope.datasets.contract import COLUMNS
from skillscope.datasets.datasheet import datasheet_path, render_datasheet
from skillscope.datasets.io import read_dataset, write_dataset
from skillscope.datasets.manifest import Counts, Manifest, RaterRun, read_manifest
from skillscope.datasets.pipeline import generate_synthetic_responses, generate_training_data

SECTIONS = (
    "Motivation",
    "Composition",
    "Collection process",
    "Preprocessing, cleaning, labelling",
    "Uses",
    "Distribution",
    "Maintenance",
)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sheet") / "made.csv"
    generate_training_data(84, path, seed=7, workers=1)
    return path


def test_a_simulated_training_set_has_a_sheet_with_all_sections(simulated: Path) -> None:
    sheet = datasheet_path(simulated).read_text(encoding="utf-8")
    assert [line[3:] for line in sheet.splitlines() if line.startswith("## ")] == list(SECTIONS)
    manifest = read_manifest(simulated)
    assert manifest is not None
    assert manifest.sha256 in sheet
    assert "84 rows" in sheet
    assert "seed of the simulated students: 7" in sheet
    assert "No child wrote a word of it" in sheet
    assert "says nothing about people" in sheet
    assert manifest.noise_ceiling is not None
    for value in manifest.noise_ceiling.values():
        assert f"{value:.3f}" in sheet


def test_the_sheet_is_made_from_the_manifest_alone(simulated: Path) -> None:
    manifest = read_manifest(simulated)
    assert manifest is not None
    assert render_datasheet(manifest, simulated.name) == datasheet_path(simulated).read_text(encoding="utf-8")


def test_a_stage_without_labels_says_so(tmp_path: Path) -> None:
    generate_synthetic_responses(84, tmp_path / "texts.csv")
    sheet = datasheet_path(tmp_path / "texts.csv").read_text(encoding="utf-8")
    assert "There are no labels in it yet." in sheet
    assert "not used yet" in sheet  # the language pipeline


def test_a_combined_set_names_its_parts_and_claims_nothing_of_them(simulated: Path, tmp_path: Path) -> None:
    rated = read_dataset(simulated).head(20)[list(COLUMNS)].copy()
    rated["response"] = [f"a text of its own, number {number}" for number in range(20)]
    rated["source"] = "human:library"
    pipeline = read_manifest(simulated)
    assert pipeline is not None
    real = tmp_path / "rated.csv"
    manifest = Manifest(
        command="import",
        stage="training",
        counts=Counts(planned=20, kept=20),
        versions=pipeline.versions,
        label_source="human",
        sha256="",
    )
    write_dataset(rated, real, manifest)
    combine_datasets(simulated, real, tmp_path / "all.csv")
    sheet = datasheet_path(tmp_path / "all.csv").read_text(encoding="utf-8")
    assert "| made.csv | 84 | simulated |" in sheet
    assert "| rated.csv | 20 | human |" in sheet
    assert "texts of children can, even without names" in sheet
    assert "No child wrote" not in sheet
    assert "Labels come from people; simulated raters" in sheet


def test_lost_rows_and_raters_are_told() -> None:
    manifest = Manifest(
        command="auto_label_skills",
        stage="training",
        counts=Counts(planned=10, kept=7, dropped={"not English": 2}, failed={"timeout": 1}),
        label_source="openai:gpt-4o-mini",
        ratings=[RaterRun(rater="openai:gpt-4o-mini#1", counts=Counts(planned=7, kept=7))],
        agreement={"empathy": {"alpha": (0.71, 0.6, 0.8), "r": (0.8, None, None), "qwk": (None, None, None)}},
        sha256="0" * 64,
    )
    sheet = render_datasheet(manifest, "x.csv")
    assert "left out, not English: 2" in sheet
    assert "failed, timeout: 1" in sheet
    assert "a language model, openai:gpt-4o-mini" in sheet
    assert "| empathy | 0.710 | 0.800 | – |" in sheet
