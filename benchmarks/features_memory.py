"""Memory while texts stream through the features: `python benchmarks/features_memory.py --page docs/feature-speed.md`.

Texts are made as they are drawn, no two alike (so that no table of word types can stop growing for want of new ones),
and nothing is kept of their features. What the process holds is written down after each tenth.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from features_speed import MEMORY, NAMES

from skillscope.features import iter_linguistic

TENTHS = 10


def resident_megabytes() -> float:
    """Memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def numbered_texts(count: int) -> Iterator[str]:
    """`count` texts of five words, each with a word that no other has: what grows, grows with words and texts, and not
    with their length."""
    for number in range(count):
        yield f"{NAMES[number % len(NAMES)]}{number} helped me with math."


def stream(count: int) -> list[float]:
    """MB held after each tenth of `count` texts (a multiple of ten)."""
    held = []
    for number, _ in enumerate(iter_linguistic(numbered_texts(count)), start=1):
        if number % (count // TENTHS) == 0:
            held.append(resident_megabytes())
            print(f"{number} texts, {held[-1]:.0f} MB", flush=True)
    return held


def section(body: dict[str, Any]) -> str:
    """What the page says of a run."""
    tenths = ", ".join(f"{megabytes:.0f}" for megabytes in body["megabytes"])
    return (
        f"{MEMORY}\n\n"
        f"Written by `python benchmarks/features_memory.py` on {body['date']}. {body['texts']:,} texts of five\n"
        "words, each with a word that no other has, streamed through one process, which held after each tenth, in MB:\n"
        f"{tenths}.\n"
    )


def main() -> None:
    """Measure, or read what was measured; write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--output", type=Path, help="JSON file to write what was held to")
    parser.add_argument("--held", type=Path, help="a JSON file written earlier, in place of a new run")
    parser.add_argument("--page", type=Path, help="page whose section on memory to write")
    options = parser.parse_args()
    if options.held is not None:
        body = json.loads(options.held.read_text(encoding="utf-8"))
    else:
        count = options.texts // TENTHS * TENTHS
        body = {"date": datetime.now(UTC).date().isoformat(), "texts": count, "megabytes": stream(count)}
    if options.output is not None:
        options.output.write_text(json.dumps(body) + "\n", encoding="utf-8")
    if options.page is not None:
        before = options.page.read_text(encoding="utf-8").partition(MEMORY)[0].rstrip("\n")
        options.page.write_text(f"{before}\n\n{section(body)}", encoding="utf-8")


if __name__ == "__main__":
    main()
