"""The model card as a page of its own: the Markdown card in HTML that needs nothing from outside, and prints well."""

from typing import Final

from markdown_it import MarkdownIt

__all__ = ["card_page"]

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8886; --soft: #8881; --warn: #b45309; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 62rem; margin: 2.5rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.8rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
h1 + p { border-left: 4px solid var(--warn); background: var(--soft); padding: .8rem 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .7rem; text-align: left; vertical-align: top; }
th { border-bottom-width: 2px; } td:first-child code { white-space: nowrap; }
code { font-size: .92em; overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } h2 { break-after: avoid; }
  tr { break-inside: avoid; } }
"""


def card_page(card: str, *, title: str = "Model card: Skillscope") -> str:
    """The card as a whole HTML page. Markup inside the card's text is shown, not obeyed."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(card)
    body = body.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main>\n{body}</main></body></html>\n"
    )
