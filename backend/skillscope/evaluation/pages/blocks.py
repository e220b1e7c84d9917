"""Marked places in Markdown that hold measured figures; what stands around them is written by people.

<!-- figures: learning-curve -->
... replaced whenever the figures are measured ...
<!-- /figures -->
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from skillscope.datasets.files import replacing, require_file
from skillscope.errors import FileError, SchemaError

__all__ = ["block_names", "fill_blocks", "fill_page", "read_page"]

_MARK: Final = re.compile(r"^<!-- (?:figures: (?P<name>[a-z0-9-]+)|(?P<end>/figures)) -->$", re.MULTILINE)


def _places(text: str) -> list[tuple[str, int, int]]:
    """Name, start and end of what stands between each pair of marks."""
    found: list[tuple[str, int, int]] = []
    open_at: tuple[str, int] | None = None
    for mark in _MARK.finditer(text):
        line = text.count("\n", 0, mark.start()) + 1
        if (mark["end"] is None) == (open_at is not None):
            what = "opens within another" if open_at is not None else "closes what was not opened"
            raise SchemaError(f"line {line}: a block of figures {what}", field="figures")
        if open_at is None:
            open_at = (mark["name"], mark.end())
        else:
            found.append((open_at[0], open_at[1], mark.start()))
            open_at = None
    if open_at is not None:
        raise SchemaError(f"the block of figures {open_at[0]} is never closed", field="figures")
    return found


def block_names(text: str) -> list[str]:
    """The blocks of a page, in their order.

    Raises:
        SchemaError: a block is not closed, or lies in another.
    """
    return [name for name, _, _ in _places(text)]


def fill_blocks(text: str, figures: Mapping[str, str]) -> str:
    """The page with these blocks replaced; blocks not named in `figures` stay as they are.

    Raises:
        SchemaError: a block is not closed, or lies in another.
    """
    parts, at = [], 0
    for name, start, end in _places(text):
        inside = f"\n{figures[name].strip()}\n" if name in figures else text[start:end]
        parts += [text[at:start], inside]
        at = end
    return "".join([*parts, text[at:]])


def read_page(path: Path) -> str:
    """The text of a page.

    Raises:
        FileError: it cannot be read.
    """
    require_file(path, what="a Markdown page")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8") from error


def fill_page(path: Path, figures: Mapping[str, str]) -> list[str]:
    """Replace these blocks of a file, whole or not at all; gives the names of those that it has.

    Raises:
        FileError, SchemaError: the file cannot be read or written, or its marks are wrong.
    """
    text = read_page(path)
    filled = fill_blocks(text, figures)
    if filled != text:
        with replacing(path) as temporary:
            temporary.write_text(filled, encoding="utf-8")
    return [name for name in block_names(text) if name in figures]
