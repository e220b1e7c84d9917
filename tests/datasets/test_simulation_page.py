"""The page on simulated students: figures worked out by hand, and the directions that it claims."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from skillscope.datasets.norms import grade_row, measure_simulation, measure_variety
from skillscope.datasets.simulation_page import render_page, write_page
from skillscope.features import extract_linguistic
from skillscope.skills import GRADES


@pytest.fixture(scope="module")
def figures():
    return measure_simulation(1008, seed=3)


def test_a_row_counts_what_it_says():
    texts = [
        "Um, I was becuase there",
        "we sat on the grass and then we talked about the game and ate bread and went on home",
    ]
    row = grade_row("2", texts, extract_linguistic(texts))
    assert row.responses == 2
    assert row.words == (5 + 19) / 2
    assert row.filler == pytest.approx(100 / 24)
    assert row.misspelt == pytest.approx(100 / 24)
    assert row.restart == 0.0
    assert (row.lower_case, row.unmarked, row.run_on) == (0.5, 1.0, 0.0)


def test_variety_of_texts_known_by_hand():
    found = measure_variety(["the cat sat", "The cat sat", "a dog ran off"])
    assert found.exact == 1
    assert found.near == pytest.approx(1 / 3)
    assert found.distinct_2 == pytest.approx(5 / 7)


def test_language_grows_with_the_grade(figures):
    assert [row.label for row in figures.grades] == [str(grade) for grade in GRADES]
    for name in ("words", "sentence", "flesch_kincaid"):
        assert all(getattr(a, name) < getattr(b, name) for a, b in pairwise(figures.grades)), name
    first, last = figures.grades[0], figures.grades[-1]
    for name in ("filler", "restart", "misspelt", "lower_case", "unmarked", "run_on"):
        assert getattr(first, name) > getattr(last, name), name


def test_there_are_enough_scenarios_and_hardly_any_duplicates(figures):
    assert all(count >= 30 for count in figures.scenarios.values())
    assert figures.variety.exact == 0
    assert figures.variety.near < 0.01


def test_skills_hang_together_moderately(figures):
    apart = ~np.eye(4, dtype=bool)
    for table in (figures.trait_correlations, figures.score_correlations):
        assert (table[apart] > 0.15).all()
        assert (table[apart] < 0.6).all()


def test_the_page_shows_the_figures(figures, tmp_path):
    child = replace(figures.grades[0], label="9", responses=1234)
    write_page(tmp_path / "page.md", figures, [child])
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert page == render_page(figures, [child])
    assert "| 9 | 1,234 |" in page
    assert f"| exact duplicates (case and marks aside) | {figures.variety.exact} | 0 |" in page
    assert "real children" not in render_page(figures)


def test_real_children_grow_too(shared_data):
    from skillscope.evaluation.real.norms import children_by_age

    rows = children_by_age(shared_data / "real")
    assert all(row.responses >= 100 for row in rows)
    assert rows[-1].words > rows[0].words
    assert rows[-1].sentence > rows[0].sentence


def test_the_command_writes_the_page(tmp_path, monkeypatch, capsys):
    from skillscope.cli.simulation import command_report

    monkeypatch.chdir(tmp_path)
    command_report(output=tmp_path / "out.md", count=168, seed=1, children=False)
    assert (tmp_path / "out.md").read_text(encoding="utf-8").startswith("# Simulated students")
    assert "wrote" in capsys.readouterr().out
