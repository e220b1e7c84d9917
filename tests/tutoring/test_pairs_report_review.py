import csv
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from skillscope.errors import FileError, SchemaError
from skillscope.synthesis import manifest_path, read_manifest
from skillscope.tutoring.pairs.measures import PairFigures, distinct, frames_of, near_duplicates, self_bleu
from skillscope.tutoring.pairs.report import report_pairs, targets
from skillscope.tutoring.pairs.review import read_review, write_review


def test_variety_by_hand() -> None:
    assert distinct([["a", "b", "a"], ["a", "b"]], 1) == 2 / 5
    assert distinct([["a", "b", "a"], ["a", "b"]], 2) == 2 / 3
    same = [["one", "two", "three", "four", "five"]] * 5
    assert self_bleu(same) == pytest.approx(1.0)
    different = [[f"{n}-{word}" for word in "abcdef"] for n in range(5)]
    assert self_bleu(different) == 0.0


def test_near_duplicates_are_counted() -> None:
    long = [f"{n} " + " ".join(f"w{n}-{k}" for k in range(60)) for n in range(8)]
    assert near_duplicates(long) == 0.0
    assert near_duplicates([*long, long[0] + " end", long[3]]) == pytest.approx(0.2)


@pytest.fixture(scope="module")
def reported(pairs_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[PairFigures, Path]:
    """The figures of the small set, and its page."""
    page = tmp_path_factory.mktemp("report") / "report.html"
    return report_pairs(pairs_file, page), page


def test_the_report_is_one_page_with_every_kind(reported: tuple[PairFigures, Path]) -> None:
    figures, path = reported
    page = path.read_text("utf-8")
    tags: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append(tag)
            links = [value or "" for name, value in attrs if name in ("src", "href")]
            assert all(link.startswith("#") for link in links)  # nothing is fetched from anywhere

    Reader().feed(page)
    assert tags.count("svg") == 3
    assert tags.count("blockquote") == 9
    met = [good for kind, row in figures.kinds.items() for *_, good in targets(kind, row)]
    assert f"{met.count(False)} of {len(met)} targets missed" in page
    for row in figures.kinds.values():
        assert 0 < row.frames_used <= row.frames_known


def test_every_frame_that_a_pair_names_is_a_known_one(pairs: list[dict[str, Any]]) -> None:
    for row in pairs:
        assert set(row["frames"]) <= frames_of(row["kind"])


def test_markup_in_a_pair_is_shown_and_not_obeyed(pairs: list[dict[str, Any]], tmp_path: Path) -> None:
    row = pairs[0] | {"output": "<script>alert(1)</script> " + pairs[0]["output"]}
    (tmp_path / "x.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    report_pairs(tmp_path / "x.jsonl", tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text("utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page


def test_the_report_says_what_a_kind_lacks(reported: tuple[PairFigures, Path]) -> None:
    figures, path = reported
    assert set(figures.kinds) == {"explanation", "feedback", "plan"}
    for kind, row in figures.kinds.items():
        met = {what: good for what, _, _, good in targets(kind, row)}
        assert met["pass verification"]
        assert met["exact duplicates"]
        assert met["near duplicates"]
        assert met["words"]
        assert met["rarest skill, of its even share"]
    assert json.loads(path.with_suffix(".json").read_text("utf-8"))["kinds"]["plan"]["pairs"] == 116


def test_verdicts_come_back(pairs_file: Path, tmp_path: Path) -> None:
    before, original = read_manifest(pairs_file), pairs_file
    pairs_file = Path(shutil.copy(original, tmp_path))
    (tmp_path / "one.csv").write_text("id,verdict\nfeedback-000000,good\n", encoding="utf-8")
    with pytest.raises(FileError, match="manifest"):
        read_review(pairs_file, tmp_path / "one.csv")
    shutil.copy(manifest_path(original), tmp_path)
    sheet = tmp_path / "review.csv"
    assert write_review(pairs_file, sheet, 10, seed=1) == 10
    with sheet.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row, verdict in zip(rows, ["good"] * 7 + ["minor", "Wrong ", ""], strict=True):
        row["verdict"] = verdict
    with sheet.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    summary = read_review(pairs_file, sheet)
    assert (summary.sampled, summary.judged) == (10, 9)
    assert summary.verdicts == {"good": 7, "minor": 1, "wrong": 1}
    assert summary.wrong == [rows[8]["id"]]
    kept = read_manifest(pairs_file)
    assert kept.review == summary.model_dump()
    assert kept.model_copy(update={"review": None}) == before
    assert "review" not in before.model_dump_json()
    pairs_file.write_text("", encoding="utf-8")
    with pytest.raises(SchemaError):
        read_review(pairs_file, sheet)


@pytest.mark.parametrize(("column", "value"), [("verdict", "fine"), ("id", "nobody")])
def test_a_broken_review_names_its_line(pairs_file: Path, tmp_path: Path, column: str, value: str) -> None:
    row = {"id": "feedback-000000", "verdict": "good", column: value}
    (tmp_path / "r.csv").write_text(f"id,verdict\n{row['id']},{row['verdict']}\n", encoding="utf-8")
    with pytest.raises(SchemaError, match="line 2"):
        read_review(pairs_file, tmp_path / "r.csv")
