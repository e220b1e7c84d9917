"""A text taken apart, in the terminal and as a page; the reference written from the schema; the commands."""

import html
import io
import math

import pytest
from rich.console import Console
from typer.testing import CliRunner

from skillscope.cli.features import app
from skillscope.features import FEATURES
from skillscope.features.describe import feature_reference
from skillscope.features.explain import explain, render_html, render_terminal

TEXT = "I didn't care. She never gave up <b>& we</b> figured it out!"


def shown(text: str) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(render_terminal(explain(text)))
    return console.export_text()


def test_the_terminal_shows_words_hits_and_every_feature():
    page = shown(TEXT)
    assert "give up" in page
    assert "figure * out" in page
    for item in FEATURES[:16]:
        assert item.name in page
    styled = Console(width=200, record=True, file=io.StringIO(), force_terminal=True)
    styled.print(render_terminal(explain(TEXT)))
    assert "\x1b[2;9mempathy: care" in styled.export_text(styles=True)  # struck out


def test_the_page_escapes_the_text_and_strikes_out_what_does_not_count():
    page = render_html(explain(TEXT))
    assert "<s>empathy: care</s>" in page
    assert "<span>perseverance: give up</span>" in page
    assert html.escape("<b>& we</b>") in page
    assert "<b>" not in page
    assert page.count("<svg") == len(explain(TEXT).annotation.sentences) >= 2
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_values_are_those_of_the_extractor_and_undefined_is_said():
    assert all(math.isnan(value) for item, value in explain("!!!").values if item.nullable)
    assert "undefined" in shown("!!!")
    values = {item.name: value for item, value in explain("I am sad.").values}
    assert values["word_count"] == 3
    assert values["empathy_markers"] == pytest.approx(1 / 3)


def test_the_reference_in_the_docs_is_the_schema(project):
    page = project.joinpath("docs/features.md").read_text(encoding="utf-8")
    assert page == feature_reference()
    for item in FEATURES:
        assert f"`{item.name}`" in page
        assert item.formula in page


def test_commands(tmp_path):
    runner = CliRunner()
    page = tmp_path / "page.html"
    result = runner.invoke(app, ["explain", TEXT, "--html", str(page)])
    assert result.exit_code == 0
    assert "readability_score" in result.output
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert runner.invoke(app, ["explain", "-"], input="She was sad.").exit_code == 0
    assert runner.invoke(app, ["explain", "x", "--html", str(tmp_path / "none" / "page.html")]).exception
    output = tmp_path / "features.md"
    assert runner.invoke(app, ["reference", "--output", str(output)]).exit_code == 0
    assert output.read_text(encoding="utf-8") == feature_reference()
