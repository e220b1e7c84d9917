import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillscope.datasets.contract import COLUMNS, RESPONSE_COLUMNS
from skillscope.datasets.files import replacing_folder
from skillscope.datasets.io import FrameWriter, iter_frames, read_dataset, read_frame, write_dataset, write_frame
from skillscope.datasets.manifest import Counts, Manifest, file_sha256, manifest_path, read_manifest
from skillscope.errors import FileError, SchemaError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def made(**changes) -> Manifest:
    facts = {"command": "test", "stage": "training", "counts": Counts(planned=84, kept=84), "sha256": ""}
    return Manifest(**{**facts, **changes})


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_is_written_is_read_back_bit_for_bit(frame, tmp_path, ending):
    path = tmp_path / f"set.{ending}"
    manifest = write_dataset(frame, path, made())
    pd.testing.assert_frame_equal(read_dataset(path), frame, check_exact=True)
    assert manifest == read_manifest(path)
    assert manifest.sha256 == file_sha256(path)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40)
floats = st.floats(0.0, 1.0) | st.just(float("nan"))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(texts.filter(lambda text: text.strip() != ""), floats), min_size=1, max_size=8))
def test_any_text_and_any_number_survive_the_csv(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("any") / "set.csv"
    columns = (*RESPONSE_COLUMNS, "empathy_markers")
    frame = pd.DataFrame(
        {
            "response": pd.Series([text for text, _ in rows], dtype="str"),
            "skill": pd.Series([""] * len(rows), dtype="str"),
            "skill_level": pd.Series([""] * len(rows), dtype="str"),
            "grade": pd.Series([5] * len(rows), dtype="int64"),
            "source": pd.Series(["human:a"] * len(rows), dtype="str"),
            "empathy_markers": [number for _, number in rows],
        }
    )
    write_frame(frame, path, columns)
    pd.testing.assert_frame_equal(read_frame(path, columns), frame, check_exact=True)


@pytest.mark.parametrize("text", ["NA", "None", "nan", "null", "", "1e5", "TRUE"])
def test_words_that_look_like_nothing_stay_words(frame, tmp_path, text):
    frame.loc[0, "response"] = text or "x"
    write_frame(frame, tmp_path / "set.csv", COLUMNS)
    assert read_dataset(tmp_path / "set.csv")["response"][0] == (text or "x")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_parts_are_the_whole(frame, tmp_path, ending):
    path = tmp_path / f"set.{ending}"
    with FrameWriter(path, COLUMNS) as writer:
        for start in range(0, 84, 25):
            writer.write(frame.iloc[start : start + 25])
    parts = list(iter_frames(path, part_rows=10))
    assert [len(part) for part in parts] == [10] * 8 + [4]
    pd.testing.assert_frame_equal(pd.concat(parts), frame)


def test_a_byte_order_mark_is_no_part_of_the_first_column(frame, tmp_path):
    path = tmp_path / "set.csv"
    write_frame(frame, path, COLUMNS)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_dataset(path)) == 84


HEAD = ",".join(RESPONSE_COLUMNS)


@pytest.mark.parametrize(
    ("raw", "error", "says"),
    [
        (b"", FileError, "is empty"),
        (HEAD.encode(), SchemaError, "header but no rows"),
        (b"a,b\n1,2\n", SchemaError, "missing: response, skill, skill_level, grade, source; not known: a, b"),
        (f"{HEAD}\nhi,empathy,high,2,template:a\nd\xe9j\xe0,empathy,high,2,template:a\n".encode("latin-1"), FileError,
         r"not UTF-8 \(line 3\); save it as UTF-8"),
        (f"{HEAD}\nhi,empathy,high,two,template:a\n".encode(), SchemaError, "grade is not a whole number in row 1"),
        (f"{HEAD}\nhi,empathy,high,2.5,template:a\n".encode(), SchemaError, "grade is not a whole number in row 1"),
        (f"{HEAD}\nhi,empathy,high,{9**40},template:a\n".encode(), SchemaError, "grade is not a whole number in row 1"),
        (f"{HEAD}\nhi,empathy,high,,template:a\n".encode(), SchemaError, "grade is not a whole number in row 1"),
        (f"{HEAD}\nhi,empathy,high,99,template:a\n".encode(), SchemaError, r"grade must be .* 2 to 8: row 1"),
        (f"{HEAD}\nhi,empathy,high,2\n".encode(), SchemaError, "source must be <kind>"),
        (f"{HEAD}\nhi,empathy,high,2,template:a\nhi,there,empathy,high,2,template:a\n".encode(), SchemaError,
         "no well-formed CSV"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_with_the_reason(tmp_path, raw, error, says):
    path = tmp_path / "responses.csv"
    path.write_bytes(raw)
    with pytest.raises(error, match=says):
        read_frame(path, RESPONSE_COLUMNS)


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        read_dataset(tmp_path / "none.csv")
    with pytest.raises(FileError, match=r"end in \.csv or \.parquet"):
        read_dataset(tmp_path / "set.xlsx")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileError, match="is a folder"):
        read_dataset(tmp_path / "folder.csv")
    (tmp_path / "set.parquet").write_text("no parquet at all")
    with pytest.raises(FileError, match="cannot be read as parquet"):
        read_dataset(tmp_path / "set.parquet")


def test_a_number_cell_with_words_names_row_and_column(frame, tmp_path):
    path = tmp_path / "set.csv"
    broken = frame.astype({"focus_duration": object})
    broken.loc[4, "focus_duration"] = "long"
    broken.to_csv(path, index=False)
    with pytest.raises(SchemaError, match="focus_duration is not a number in row 5"):
        read_dataset(path)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_failure_leaves_the_old_file_and_nothing_else(frame, tmp_path, ending):
    path = tmp_path / f"set.{ending}"
    path.write_text("old")

    def fail_half_way():
        with FrameWriter(path, COLUMNS) as writer:
            writer.write(frame)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fail_half_way()
    assert path.read_text() == "old"
    assert names(tmp_path) == [path.name]


def test_rows_that_break_the_contract_are_not_written(frame, tmp_path):
    frame.loc[0, "grade"] = 1
    with pytest.raises(SchemaError, match="row 1"):
        write_dataset(frame, tmp_path / "set.csv", made())
    assert names(tmp_path) == []


def test_an_output_that_cannot_be_written_is_said(frame, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="choose an output in a folder that can be written"):
        write_frame(frame, tmp_path / "file" / "set.csv", COLUMNS)
    (tmp_path / "set.csv").mkdir()
    with pytest.raises(FileError, match="is a folder; name a file"):
        write_frame(frame, tmp_path / "set.csv", COLUMNS)


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    target = tmp_path / "bundle"
    with replacing_folder(target) as folder:
        (folder / "one").write_text("1")
    with replacing_folder(target) as folder:
        (folder / "two").write_text("2")
    assert names(target) == ["two"]

    def fail():
        with replacing_folder(target) as folder:
            (folder / "three").write_text("3")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        fail()
    assert names(target) == ["two"]
    assert names(tmp_path) == ["bundle"]


def test_rows_of_a_manifest_are_conserved():
    with pytest.raises(ValueError, match="10 rows were planned but 9 are accounted for"):
        Counts(planned=10, kept=7, dropped={"duplicate": 1}, failed={"no answer": 1})


def test_a_manifest_that_is_none_is_refused(frame, tmp_path):
    path = tmp_path / "set.csv"
    write_frame(frame, path, COLUMNS)
    assert read_manifest(path) is None
    manifest_path(path).write_text('{"format": "9"}')
    with pytest.raises(SchemaError, match="is no manifest of format 1"):
        read_manifest(path)
    manifest_path(path).write_bytes(b"\xff\xfe")
    with pytest.raises(FileError, match="cannot be read"):
        read_manifest(path)


def test_a_null_in_a_text_column_is_named(frame, tmp_path):
    frame["source"] = frame["source"].astype(object)
    frame.loc[3, "source"] = None
    frame.to_parquet(tmp_path / "set.parquet")
    with pytest.raises(SchemaError, match="row 4 has no source"):
        read_dataset(tmp_path / "set.parquet")


def test_infinity_in_a_file_is_refused(frame, tmp_path):
    frame.loc[1, "readability_score"] = np.inf
    write_frame(frame, tmp_path / "set.csv", COLUMNS)
    with pytest.raises(SchemaError, match="readability_score must be finite: row 2"):
        read_dataset(tmp_path / "set.csv")


@pytest.mark.parametrize("row", ["0.5,surplus", "words,surplus", "0.5" + ",0.5" * 30])
def test_a_first_row_longer_than_the_header_is_refused_not_cut(tmp_path, row):
    path = tmp_path / "set.csv"
    columns = (*RESPONSE_COLUMNS, "empathy_markers")
    path.write_text(f"{','.join(columns)}\nWe shared it.,empathy,high,4,template:x,{row}\n")
    with pytest.raises(SchemaError, match=r"row 1 has more cells than the header has columns"):
        read_frame(path, columns)
