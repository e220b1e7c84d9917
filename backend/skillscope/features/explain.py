"""What a text's features are made of: each word with tag, lemma and hits, each feature with formula and value."""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text
from spacy import displacy

from skillscope.features.annotate import Annotation, annotate
from skillscope.features.hits import Hit
from skillscope.features.linguistic import extract_linguistic
from skillscope.features.schema import LINGUISTIC, Feature

__all__ = ["Explanation", "explain", "render_html", "render_terminal"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One text, taken apart: its annotation and the 16 features with their values."""

    annotation: Annotation
    values: tuple[tuple[Feature, float], ...]

    def hits_at(self, index: int) -> list[Hit]:
        """The hits that hold token `index`."""
        return [hit for hit in self.annotation.hits if index in hit.tokens]


def explain(text: str) -> Explanation:
    """Take one text apart.

    Raises:
        TextError: it is too long.
    """
    (annotation,) = annotate([text])
    row = extract_linguistic([text])[0]
    return Explanation(annotation, tuple(zip(LINGUISTIC, row.tolist(), strict=True)))


def show_value(item: Feature, value: float) -> str:
    """A value as a reader wants it: counts whole, the rest to three decimals, undefined said so."""
    if np.isnan(value):
        return "undefined"
    return f"{value:.0f}" if item.unit == "count" else f"{value:.3f}"


def render_terminal(explanation: Explanation) -> Group:
    """Two rich tables: words with tag, lemma and hits (negated or supposed ones struck out), and the features."""
    words = Table("word", "tag", "lemma", "hangs on", "hits", title="words", title_justify="left")
    tokens = explanation.annotation.tokens
    for index, token in enumerate(tokens):
        if token.text.isspace():
            continue
        above = "root" if token.head == index else f"{tokens[token.head].text} ({token.relation})"
        hits = Text(", ").join(
            Text(f"{hit.lexicon}: {hit.entry.text}", style="" if hit.status == "counted" else "strike dim")
            for hit in explanation.hits_at(index)
        )
        if index in explanation.annotation.sentences and index:
            words.add_section()
        words.add_row(Text(token.text), token.tag, Text(token.lemma), Text(above), hits)
    features = Table("feature", "value", "unit", "formula", title="features", title_justify="left")
    for item, value in explanation.values:
        features.add_row(item.name, show_value(item, value), item.unit, item.formula)
    return Group(words, features)


def _cells(cells: list[str], kind: str = "td") -> str:
    return "<tr>" + "".join(f"<{kind}>{cell}</{kind}>" for cell in cells) + "</tr>"


def _word_rows(explanation: Explanation) -> Iterator[str]:
    for index, token in enumerate(explanation.annotation.tokens):
        if token.text.isspace():
            continue
        hits = ", ".join(
            f"<{mark}>{html.escape(hit.lexicon)}: {html.escape(hit.entry.text)}</{mark}>"
            for hit in explanation.hits_at(index)
            for mark in ("span" if hit.status == "counted" else "s",)
        )
        yield _cells([html.escape(token.text), token.tag, html.escape(token.lemma), hits])


def _trees(explanation: Explanation) -> Iterator[dict[str, Any]]:
    """displacy's input, one sentence each."""
    tokens = explanation.annotation.tokens
    bounds = [*explanation.annotation.sentences, len(tokens)]
    for begin, end in pairwise(bounds):
        words = [{"text": token.text, "tag": token.tag} for token in tokens[begin:end]]
        arcs = []
        for index, token in enumerate(tokens[begin:end], start=begin):
            if token.head != index and begin <= token.head < end:
                low, high = sorted((index - begin, token.head - begin))
                side = "left" if index < token.head else "right"
                arcs.append({"start": low, "end": high, "label": token.relation, "dir": side})
        yield {"words": words, "arcs": arcs}


def render_html(explanation: Explanation) -> str:
    """A whole page that needs nothing from outside: the same two tables, and the tree of each sentence."""
    drawn = displacy.render(
        list(_trees(explanation)), style="dep", manual=True, jupyter=False, page=False, options={"compact": True}
    )
    features = "".join(
        _cells([item.name, show_value(item, value), html.escape(item.unit), html.escape(item.formula)])
        for item, value in explanation.values
    )
    words = "".join(_word_rows(explanation))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Features of a text</title><style>'
        "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:70rem}"
        "table{border-collapse:collapse;margin:1rem 0}figure{overflow-x:auto;margin:1rem 0}"
        "td,th{border:1px solid #ccc;padding:.2rem .6rem;text-align:left}s{color:#888}"
        "</style></head><body><h1>Features of a text</h1>"
        f"<p>{html.escape(explanation.annotation.text)}</p>"
        "<p>Entries struck out were found and do not count: they are negated, or only supposed.</p>"
        f"<h2>Words</h2><table>{_cells(['word', 'tag', 'lemma', 'hits'], 'th')}{words}</table>"
        f"<h2>Features</h2><table>{_cells(['feature', 'value', 'unit', 'formula'], 'th')}{features}</table>"
        f"<h2>Trees</h2><figure>{drawn}</figure></body></html>\n"
    )


def print_explanation(explanation: Explanation, html_path: Path | None = None) -> None:
    """Print to the terminal and, where a path is given, write the page there."""
    Console().print(render_terminal(explanation))
    if html_path is not None:
        html_path.write_text(render_html(explanation), encoding="utf-8")
