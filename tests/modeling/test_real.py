import csv

import numpy as np
import pytest

from skillscope.errors import FileError, SchemaError
from skillscope.modeling.real import MIND_CA_COLUMNS, evaluate_mind_ca, read_mind_ca
from skillscope.settings import get_settings


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([MIND_CA_COLUMNS, *rows])
    return path


def test_rows_without_an_answer_are_left_out(tmp_path):
    rows = [(1, "she is sad", 2, 9, 0, "q1"), (2, " ", 0, 9, 1, "q1"), (2, "NA", 1, 9, 1, "q2")]
    frame = read_mind_ca(write(tmp_path / "a.csv", rows))
    assert frame["answer"].tolist() == ["she is sad", "NA"]
    assert frame["score"].tolist() == [2, 1]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([(1, "a", 3, 9, 0, "q")], "score in row 1 must be 0, 1 or 2"),
        ([(1, "a", 1, 9, 0, "q"), (1, "b", "", 9, 0, "q")], "score in row 2"),
        ([(1, "a", 1, 9, 0, "q"), (1, "b", 1, 9, 0, "q")], "fewer than 2 children"),
    ],
)
def test_bad_rows_are_named(tmp_path, rows, says):
    with pytest.raises(SchemaError, match=says):
        read_mind_ca(write(tmp_path / "a.csv", rows))


def test_bad_files(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        read_mind_ca(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_text("child_id,answer\n1,b\n")
    with pytest.raises(SchemaError, match="has no column score, age, gender, question"):
        read_mind_ca(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_bytes(b"child_id,answer\n1,\xe9\n")
    with pytest.raises(FileError, match="not UTF-8"):
        read_mind_ca(tmp_path / "b.csv")


def test_both_tables_on_some_real_children(trained, tmp_path):
    path = get_settings().shared_data / "real" / "mind-ca" / "dev.csv"
    if not path.exists():
        pytest.skip(f"{path} not found")
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if row[0] != "child_id" and int(row[0]) < 60]
    report = evaluate_mind_ca(write(tmp_path / "some.csv", rows), trained.bundle)
    text = report.markdown()
    assert f"{report.answers:,} answers by {report.children:,} children" in text
    assert "trained on simulated labels" in text
    assert [row.name for row in report.known] == [
        "mean",
        "number of words",
        "TF-IDF ridge",
        "XGBoost, 29 features",
    ]
    ours = report.known[-1]
    assert ours.r.low < ours.r.value < ours.r.high
    assert ours.r.value > 0.2
    assert ours.mae < report.known[0].mae
    assert np.isnan(report.known[0].r.value)
    assert text.count("\n| question |") == 4
