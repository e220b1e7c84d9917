"""The card says first what the bundle is not, shows the run's figures, and stands as a page of its own."""

import re

import pytest

from skillscope.modeling.bundle import PAGE_NAME, Bundle, FamilyRecord
from skillscope.modeling.card import model_card
from skillscope.modeling.card_page import card_page


def _first(record, *sources: str) -> str:
    return model_card(record.model_copy(update={"label_sources": sources})).split("\n\n")[1]


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (("simulated",), "recover scores that a program gave to simulated students"),
        (("heuristic",), "no person gave any of them"),
        (("openai:gpt-4o-mini",), "come from openai:gpt-4o-mini, and no person gave any"),
        (("human",), "no decision about a child may rest on it alone"),
        (("human", "simulated"), "only part of them were given by people"),
    ],
)
def test_the_first_paragraph_fits_who_labelled(trained, sources, said):
    first = _first(trained.bundle.record, *sources)
    assert first.startswith("**What this is not.**")
    assert said in first


def test_it_shows_the_figures_of_the_run(trained):
    record = trained.bundle.record
    card = model_card(record)
    for skill, item in record.skills.items():
        row = next(line for line in card.splitlines() if line.startswith(f"| `{skill}` | {item.metrics['r2']:.3f} |"))
        assert f"{item.noise_ceiling:.3f}" in row
        assert f"{item.baselines['tfidf']['r2']:.3f}" in row
        for kind, by_band in item.measured_coverage_by_band.items():
            for band, shares in by_band.items():
                width = item.half_widths_by_band[kind][band]["0.8"]
                assert f"| {band} | {width:.3f} ({shares['0.8']:.1%})" in card


def test_families_are_named(trained):
    record = trained.bundle.record
    assert "Beside the 29" not in model_card(record)
    family = FamilyRecord(key="reference_overlap.v1", columns=("a", "b"))
    assert "`reference_overlap.v1` (2 columns)" in model_card(record.model_copy(update={"families": (family,)}))


def test_the_page_says_what_the_card_says_and_needs_nothing_from_outside(trained):
    page = (trained.bundle.path / PAGE_NAME).read_text(encoding="utf-8")
    assert page == card_page((trained.bundle.path / "MODEL_CARD.md").read_text(encoding="utf-8"))
    assert page.index("<strong>What this is not.</strong>") < page.index("<h2>")
    assert page.count("<table>") == page.count("</table></div>") >= 3
    assert not re.search(r"(?:src|href)=|https?://|<script", page)


def test_markup_in_a_card_is_shown_not_obeyed():
    assert "&lt;script&gt;" in card_page("# x\n\n<script>alert(1)</script>")


def test_a_bundle_without_the_page_still_loads(bundle_copy):
    record = bundle_copy / "bundle.json"
    (bundle_copy / PAGE_NAME).unlink()
    text = re.sub(rf',?\s*"{re.escape(PAGE_NAME)}": "[0-9a-f]+"', "", record.read_text(encoding="utf-8"))
    record.write_text(text.replace('"files": {,', '"files": {'), encoding="utf-8")
    assert Bundle.load(bundle_copy).models
