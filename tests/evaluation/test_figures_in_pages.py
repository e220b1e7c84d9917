"""Figures in documents: marked places are found and filled, tables say what was measured."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillscope.errors import FileError, InputError, SchemaError
from skillscope.evaluation.pages.blocks import block_names, fill_blocks, fill_page
from skillscope.evaluation.pages.measure import MEASUREMENTS, measure_pages
from skillscope.evaluation.pages.strange import strange_row, strange_simulated, strange_table
from skillscope.evaluation.pages.tables import (
    cost_sentence,
    coverage_tables,
    curve_table,
    gaming_tables,
    recovery_table,
)
from skillscope.evaluation.pages.workshop import Scale, Workshop, pooled_coverage
from skillscope.evaluation.rated import read_rated
from skillscope.evaluation.record import CoverageFigures, ProbeFigures
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.boosting import BoostingParams
from skillscope.modeling.curve import CurvePoint, LearningCurve
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.recovery import Recovery, RecoveryPoint
from skillscope.modeling.training import TrainingResult
from skillscope.settings import Settings
from skillscope.skills import SKILLS

PROJECT = Path(__file__).parents[2]
PAGE = """# Title

<!-- figures: first -->
old
<!-- /figures -->

Between.

<!-- figures: second -->
<!-- /figures -->
End.
"""


def test_only_the_named_block_is_replaced() -> None:
    filled = fill_blocks(PAGE, {"first": "| new |\n"})
    assert filled == PAGE.replace("\nold\n", "\n| new |\n")
    assert block_names(PAGE) == ["first", "second"]


def test_an_empty_block_is_filled() -> None:
    assert "<!-- figures: second -->\nx\n<!-- /figures -->\nEnd." in fill_blocks(PAGE, {"second": "x"})


@given(st.text(alphabet="ab |\n-.", max_size=40))
def test_filling_twice_is_filling_once(text: str) -> None:
    once = fill_blocks(PAGE, {"first": text})
    assert fill_blocks(once, {"first": text}) == once
    assert fill_blocks(once, {"first": "old"}) == PAGE


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<!-- figures: a -->\n", "a is never closed"),
        ("x\n<!-- /figures -->\n", "line 2"),
        ("<!-- figures: a -->\n<!-- figures: b -->\n<!-- /figures -->\n", "opens within another"),
    ],
)
def test_wrong_marks_are_refused(text: str, what: str) -> None:
    with pytest.raises(SchemaError, match=what):
        block_names(text)


def test_marks_inside_a_line_are_text() -> None:
    assert block_names("The mark `<!-- figures: a -->` opens a block.\n") == []


def test_a_page_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        fill_page(tmp_path / "none.md", {})


def _covered(evidence: str, nominal: float, band: str, values: list[float]) -> list[CoverageFigures]:
    return [
        CoverageFigures(
            skill=skill, evidence=evidence, nominal=nominal, band=band, rows=84, covered=value, width=0.2, held_out=None
        )
        for skill, value in zip(SKILLS, values, strict=True)
    ]


def test_coverage_is_the_mean_over_skills_with_its_span() -> None:
    figures = [
        *_covered("both", 0.8, "", [0.78, 0.80, 0.82, 0.84]),
        *_covered("both", 0.95, "", [0.95, 0.95, 0.95, 0.95]),
        *_covered("both", 0.8, "4-5", [0.70, 0.70, 0.75, 0.75]),
        *_covered("both", 0.95, "4-5", [0.95, 0.95, 0.96, 0.96]),
    ]
    text = coverage_tables(figures)
    assert "| text and play | all | 84 | 81.0% | 78.0% to 84.0% | 0.20 | 95.0% | 95.0% to 95.0% | 0.20 |" in text
    assert "| text and play | 4-5 | 84 | 72.5% |" in text
    assert "text alone" not in text
    assert "Within two points of what is promised: 3 of 4 means over skills." in text
    assert text.endswith("Furthest from it: 80% intervals from text and play, grades 4-5: 72.5%.")


def _probe(probe: str, evidence: str, rise: float, low: float) -> list[ProbeFigures]:
    return [
        ProbeFigures(
            probe=probe, skill=skill, evidence=evidence, rows=300, rise=rise + 0.01 * place, rise_of_low=low,
            extrapolating=1.0, beyond=0.5,
        )
        for place, skill in enumerate(SKILLS)
    ]  # fmt: skip


def test_rises_are_means_over_skills_and_their_mean_is_over_probes() -> None:
    before = [*_probe("gibberish", "both", 0.1, 0.0), *_probe("gibberish", "text", 0.2, 0.0)]
    before += [*_probe("stuffed", "both", 0.0, 0.0), *_probe("stuffed", "text", 0.3, 0.0)]
    after = [*_probe("gibberish", "both", -0.015, 0.0), *_probe("gibberish", "text", -0.1, 0.05)]
    after += [*_probe("stuffed", "both", 0.007, 0.0), *_probe("stuffed", "text", 0.1, 0.2)]
    text = gaming_tables(before, after)
    assert "| gibberish | +0.115 | 0.000 | +0.215 | -0.085 |" in text
    assert "| mean | +0.065 | +0.011 | +0.265 | +0.015 |" in text
    assert "| stuffed | +0.200 | 100% | 50% |" in text


def test_costs_name_both_sides() -> None:
    before, after = dict.fromkeys(SKILLS, 0.5), dict.fromkeys(SKILLS, 0.4)
    assert "`empathy` 0.500 to 0.400" in cost_sentence(before, after)


def _curve(*points: CurvePoint, ceiling: float = 0.95) -> LearningCurve:
    return LearningCurve(
        points=list(points), noise_ceiling=dict.fromkeys(SKILLS, ceiling), label_source="simulated", pool_rows=1,
        scenarios=2, folds=2, seed=0, sha256="",
    )  # fmt: skip


def _point(rows: int, r2: float, error: float = 0.05, augment_to: int | None = None) -> CurvePoint:
    return CurvePoint(
        label=f"{rows:,}" + (" + SMOTE" if augment_to else ""), rows=rows, augment_to=augment_to, draws=1,
        r2=dict.fromkeys(SKILLS, r2), r2_draws=dict.fromkeys(SKILLS, (r2, r2)), mae=dict.fromkeys(SKILLS, error),
    )  # fmt: skip


def test_the_curve_shows_what_it_is_measured_against() -> None:
    lines = curve_table(_curve(_point(1008, 0.9))).splitlines()
    assert lines[2:5] == [
        f"| {label} | {' | '.join([cell] * 4)} |"
        for label, cell in (("1,008", "0.900 (0.050)"), ("noise ceiling", "0.950"), ("95% of it", "0.902"))
    ]
    assert lines[-1].endswith("Missed: nothing.")


def test_what_falls_short_is_named() -> None:
    resilience = _point(1008, 0.869, augment_to=5000)
    resilience = resilience.model_copy(update={"r2": {**resilience.r2, "empathy": 0.9}})
    missed = _curve(_point(100, 0.61), _point(1008, 0.79), resilience, _point(5040, 0.89, error=0.061)).missed()
    assert missed[:4] == [f"{skill} of 1,008: R2 0.790 of 0.800 wanted" for skill in SKILLS]
    assert missed[4:7] == [f"{skill} of 1,008 + SMOTE: R2 0.869 of 0.880 wanted" for skill in SKILLS[1:]]
    assert missed[7:] == [f"{skill} of 5,040: error 0.061, 0.06 wanted" for skill in SKILLS]


def test_no_more_is_wanted_than_the_ceiling_leaves() -> None:
    assert _curve(_point(5040, 0.82), ceiling=0.86).missed() == []


def test_recovery_shows_rank_and_error() -> None:
    points = [RecoveryPoint(responses=3, sessions=1, spearman={"empathy": 0.9}, mae={"empathy": 0.05})]
    found = Recovery(points=points, students=20, seed=0, unseen_scenarios=True, model_version="x")
    assert recovery_table(found).splitlines()[-1] == "| 3 | 1 | 0.900 (0.050) |"


def test_far_rows_get_the_whole_scale(made: TrainingResult, rated_file: Path) -> None:
    rated = read_rated(rated_file)
    bundle = made.bundle
    usual = strange_simulated(bundle, rated.features)
    assert [row.rows for row in usual] == [168, 168, 168]
    far = rated.features.copy()
    far[:, FEATURE_NAMES.index("word_count")] = 1e6
    row = strange_row("far", bundle, far, np.linspace(0.0, 1.0, len(far)))
    assert (row.extrapolating, row.beyond, row.width, row.inside) == (1.0, 1.0, 1.0, 1.0)
    assert usual[0].beyond < 0.1
    assert strange_table([row]).endswith("| far | 168 | 100.0% | 100.0% | 1.00 | 100.0% |")


def test_a_figure_that_is_not_known_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- figures: luck -->\n<!-- /figures -->\n", encoding="utf-8")
    with pytest.raises(InputError, match="there is no figure luck"):
        measure_pages([page])
    page.write_text("nothing\n", encoding="utf-8")
    with pytest.raises(InputError, match="none of the pages"):
        measure_pages([page], only=["gaming"])


SMALL = Scale(run=168, large=252, pool=420, students=20, trials=1, sets=1)
QUICK = Recipe(
    params=BoostingParams(learning_rate=0.15, max_trees=30, patience=8, min_child_weight=2.0), adversarial=0.0
)


def test_no_model_has_seen_a_scenario_that_it_is_asked_about(tmp_path: Path, shop: Settings) -> None:
    """And each fresh student is asked about once."""
    workshop = Workshop(tmp_path, shop, tmp_path, SMALL, QUICK)
    figures, design = workshop.coverage_unseen(SMALL.run, sets=2)
    asked = 0
    for fold in range(5):
        training, fresh = (
            read_rated(tmp_path / f"other-scenarios-168-43-{fold}-{part}.parquet").frame
            for part in ("training", "fresh")
        )
        scenarios = [{source.partition(":")[2] for source in frame["source"]} for frame in (training, fresh)]
        assert not scenarios[0] & scenarios[1]
        assert set(fresh["skill"]) == set(SKILLS)
        asked += len(fresh)
    assert asked == SMALL.large
    assert f"another seed) of the other fifth: {asked} in all" in design
    assert "2 training sets (seeds 42 to 43)" in design
    assert {item.rows for item in figures if not item.band} == {2 * asked}


def test_coverage_is_pooled_by_rows() -> None:
    one = _covered("text", 0.8, "", [0.5] * 4)
    other = [item.model_copy(update={"rows": 28, "covered": 0.9, "width": 0.6}) for item in one]
    pooled = pooled_coverage([one, other])
    assert [item.rows for item in pooled] == [112] * 4
    assert pooled[0].covered == pytest.approx((84 * 0.5 + 28 * 0.9) / 112)
    assert pooled[0].width == pytest.approx((84 * 0.2 + 28 * 0.6) / 112)


def test_a_page_is_filled_where_it_asks(tmp_path: Path, shop: Settings) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- figures: held-out -->\n<!-- /figures -->\n<!-- figures: gaming -->\n<!-- /figures -->\n")
    filled = measure_pages([page], only=["held-out"], scale=SMALL, recipe=QUICK, settings=shop, real=tmp_path)
    text = page.read_text(encoding="utf-8")
    assert filled == {str(page): ["held-out"]}
    assert text.count("| `empathy` |") == 1
    assert text.endswith("<!-- figures: gaming -->\n<!-- /figures -->\n")


@pytest.mark.parametrize("name", ["README.md", "docs/evaluation.md", "docs/training.md"])
def test_every_marked_place_of_the_documents_is_known_and_filled(name: str) -> None:
    """Other pages have marked places that other commands fill."""
    text = (PROJECT / name).read_text(encoding="utf-8")
    names = block_names(text)
    assert names
    assert set(names) <= set(MEASUREMENTS)
    assert len(set(names)) == len(names)
    for block in names:
        assert f"<!-- figures: {block} -->\n<!-- /figures -->" not in text, f"{block} was never measured"
