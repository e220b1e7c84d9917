"""Simulated and real rows in one training set."""

import numpy as np
import pandas as pd
import pytest

from skillscope.datasets.combine import combine_datasets
from skillscope.datasets.contract import COLUMNS, student_of
from skillscope.datasets.io import read_dataset, write_frame
from skillscope.datasets.manifest import Manifest, file_sha256, manifest_path, read_manifest
from skillscope.datasets.pipeline import generate_training_data
from skillscope.datasets.ratings import import_ratings
from skillscope.errors import BundleError, InputError, SchemaError
from skillscope.modeling.weights import DEFAULT_WEIGHTS, label_sources_of, parse_weights, source_weights


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    path = tmp_path_factory.mktemp("combine") / "made.csv"
    generate_training_data(84, path, exact=True)
    return path


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    rows = [
        {
            "student": f"child-{number % 7}",
            "scenario": f"q{number % 3}",
            "grade": 2 + number % 7,
            "response": f"I asked him why he was sad, that was day {number}",
            "empathy_score": number % 3,
        }
        for number in range(21)
    ]
    pd.DataFrame(rows).to_csv(folder / "ratings.csv", index=False)
    import_ratings(folder / "ratings.csv", folder / "real.csv", high=2)
    return folder / "real.csv"


def test_ratings_become_rows_with_unknown_play(real):
    frame = read_dataset(real)
    assert list(frame.columns) == list(COLUMNS)
    assert frame["source"][8] == "human:child-1/q2"
    assert student_of(frame["source"][8]) == "child-1"
    assert frame["empathy_score"][:4].tolist() == [0.0, 0.5, 1.0, 0.0]
    assert frame["resilience_score"].isna().all()
    assert frame["word_count"][0] == 11
    assert frame["retry_count"].isna().all()
    assert read_manifest(real).label_source == "human"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"grade": "9"}, "grade in row 2 must be 2 to 8"),
        ({"grade": ""}, "grade must be a whole number"),
        ({"empathy_score": "3"}, "empathy_score in row 2 must be 0 to 2"),
        ({"empathy_score": "much"}, "empathy_score in row 2"),
        ({"scenario": "a b"}, "scenario in row 2 must be a name"),
        ({"student": "a/b"}, "student in row 2 must be a name"),
    ],
)
def test_ratings_that_are_none_are_named_by_row(tmp_path, change, says):
    row = {"student": "a", "scenario": "q", "grade": "3", "response": "I secretly helped", "empathy_score": "1"}
    pd.DataFrame([row, row | change]).to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(SchemaError, match=says) as caught:
        import_ratings(tmp_path / "bad.csv", tmp_path / "out.csv", high=2)
    assert "secretly" not in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_rows_without_a_response_are_counted(tmp_path):
    row = {"student": "", "scenario": "q", "grade": "3", "response": "I helped", "resilience_score": ""}
    pd.DataFrame([row, row | {"response": " "}]).to_csv(tmp_path / "some.csv", index=False)
    result = import_ratings(tmp_path / "some.csv", tmp_path / "out.csv")
    assert result.manifest.counts.dropped == {"no response": 1}
    frame = read_dataset(tmp_path / "out.csv")
    assert frame["source"].tolist() == ["human:q"]
    assert np.isnan(frame["resilience_score"][0])


def test_all_rows_without_a_share(synthetic, real, tmp_path):
    result = combine_datasets(synthetic, real, tmp_path / "all.csv")
    whole = read_dataset(tmp_path / "all.csv")
    pd.testing.assert_frame_equal(whole[:84], read_dataset(synthetic))
    pd.testing.assert_frame_equal(whole[84:].reset_index(drop=True), read_dataset(real))
    assert [(part.file, part.rows, part.label_source) for part in result.manifest.parts] == [
        ("made.csv", 84, "simulated"),
        ("real.csv", 21, "human"),
    ]
    assert result.manifest.label_source == "human+simulated"
    assert result.manifest.sources == {path.name: file_sha256(path) for path in (synthetic, real)}
    again = Manifest.model_validate_json(manifest_path(tmp_path / "all.csv").read_text())
    assert again == result.manifest


@pytest.mark.parametrize(("share", "made", "rated"), [(0.2, 84, 21), (0.5, 21, 21), (0.1, 84, 9), (0.75, 7, 21)])
def test_the_share_leaves_out_rows_of_the_fuller_side(synthetic, real, tmp_path, share, made, rated):
    result = combine_datasets(synthetic, real, tmp_path / "mixed.parquet", real_share=share)
    assert [part.rows for part in result.manifest.parts] == [made, rated]
    assert result.manifest.counts.planned == 105
    assert sum(result.manifest.counts.dropped.values()) == 105 - made - rated
    frame = read_dataset(tmp_path / "mixed.parquet")
    assert frame["source"].str.startswith("human:").tolist() == [False] * made + [True] * rated
    assert set(frame["response"]) <= set(read_dataset(synthetic)["response"]) | set(read_dataset(real)["response"])


def test_the_same_seed_leaves_out_the_same_rows(synthetic, real, tmp_path):
    digests = [
        combine_datasets(synthetic, real, tmp_path / f"{number}.csv", real_share=0.5, seed=seed).manifest.sha256
        for number, seed in enumerate((1, 1, 2))
    ]
    assert digests[0] == digests[1] != digests[2]


def test_a_text_in_both_files_is_refused_by_row(synthetic, real, tmp_path):
    made, rated = read_dataset(synthetic), read_dataset(real)
    rated.loc[4, "response"] = "  ".join(made.loc[9, "response"].upper().split())
    write_frame(rated, tmp_path / "real.csv", COLUMNS)
    with pytest.raises(SchemaError, match=r"row 5 of \S*real\.csv and row 10 of \S*made\.csv") as caught:
        combine_datasets(synthetic, tmp_path / "real.csv", tmp_path / "out.csv")
    assert made.loc[9, "response"][:20] not in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_parts_that_do_not_fit_are_refused(synthetic, real, tmp_path):
    with pytest.raises(InputError, match="above 0 and below 1"):
        combine_datasets(synthetic, real, tmp_path / "out.csv", real_share=1.0)
    with pytest.raises(InputError, match="leaves 84 simulated and 0 real"):
        combine_datasets(synthetic, real, tmp_path / "out.csv", real_share=0.001)
    with pytest.raises(InputError, match="given as both parts"):
        combine_datasets(real, real, tmp_path / "out.csv")
    copy = tmp_path / "real.csv"
    copy.write_bytes(real.read_bytes())
    manifest = read_manifest(real)
    other = manifest.versions.model_copy(update={"language_pipeline": "en_old-0"})
    manifest_path(copy).write_text(manifest.model_copy(update={"versions": other}).model_dump_json())
    with pytest.raises(BundleError, match=r"language_pipeline: en_old-0, en_"):
        combine_datasets(synthetic, copy, tmp_path / "out.csv")
    copy.write_bytes(real.read_bytes() + b"\n")
    with pytest.raises(SchemaError, match="not the file that its manifest describes"):
        combine_datasets(synthetic, copy, tmp_path / "out.csv")


def test_labels_weigh_what_their_source_does(synthetic, real, tmp_path):
    manifest = combine_datasets(synthetic, real, tmp_path / "all.csv").manifest
    sources = label_sources_of(manifest, [""] * 105)
    assert sources == ["simulated"] * 84 + ["human"] * 21
    weights = source_weights(sources, DEFAULT_WEIGHTS)
    assert weights.mean() == pytest.approx(1.0)
    assert weights[-1] / weights[0] == pytest.approx(4.0)
    assert label_sources_of(None, ["human", "template"]) == ["human", "unknown"]
    panel = source_weights(["openai:a+gemini:b", "human"], {**DEFAULT_WEIGHTS, "openai": 0.2, "gemini": 0.6})
    assert panel[1] / panel[0] == pytest.approx(2.5)  # (0.2 + 0.6) / 2 = 0.4 of a person


def test_weights_are_read_from_the_command_line():
    assert parse_weights(["simulated=0.5"])["simulated"] == 0.5
    assert parse_weights([])["human"] == 1.0
    for entry in ("people=1", "human=0", "human=much", "human"):
        with pytest.raises(Exception, match=r"label source|label weight"):
            parse_weights([entry])
